"""The classic method: its focus measures, timed against plain per-pixel loops, and how true they are.

    python -m benchmarks.classic

Loops over 30 x 512 x 512 pixels would take minutes: they are timed on a piece of the stack, and the seconds
scaled by the number of pixels. The same piece is compared value by value.
"""

from typing import Any

import numpy as np
from scipy import ndimage

from benchmarks import classic_oracle
from benchmarks.harness import Clock, Row, Run
from benchmarks.results import table
from napari_defocus import FocalStack, depth_from_focus, read_focal_stack
from napari_defocus.io.samples import load_truth, sample_names, sample_path
from napari_defocus.metrics import abs_rel, psnr, rmse
from napari_defocus.solver.focus_measure import FOCUS_MEASURES, FocusMeasure

NAME = "classic"
PLANES, SIDE, PIECE, EDGE = 30, 512, 16, 3
NOISE = 1 / 255
WINDOW = 3
WINDOWS = (3, 9, 15)
REPEATS = 3


def measure(run: Run) -> list[Row]:
    stack = synthetic_stack()
    rows = [speed(stack, measure) for measure in FOCUS_MEASURES]
    lines = [line for name in sample_names() for line in accuracy(name)]
    run.details[NAME] = lines
    return rows + [accuracy_row(name, lines) for name in sample_names()]


def synthetic_stack() -> np.ndarray:
    """A textured slope with noise, focused from its left to its right side; float32."""
    rng = np.random.default_rng(0)
    texture = rng.random((SIDE, SIDE), np.float32)
    blurred = np.stack([ndimage.gaussian_filter(texture, 0.3 + 0.25 * level) for level in range(PLANES + 1)])
    stack = rng.normal(0, NOISE, (PLANES, SIDE, SIDE)).astype(np.float32)
    for plane, image in enumerate(stack):
        level = np.abs(plane - np.linspace(0, PLANES - 1, SIDE))[None, None]
        lower = level.astype(np.intp)
        sharper, softer = (np.take_along_axis(blurred, index, 0)[0] for index in (lower, lower + 1))
        image += sharper + (level[0] - lower[0]) * (softer - sharper)
    return stack


def speed(stack: np.ndarray, measure: FocusMeasure) -> Row:
    def solved(images: np.ndarray) -> Any:
        return depth_from_focus(images, measure=measure, window=WINDOW, median=1, white=1.0)

    solved(stack[:, :64, :64])
    seconds = []
    for _ in range(REPEATS):
        with Clock() as clock:
            result = solved(stack)
        seconds.append(clock.cpu)
    piece = slice(SIDE // 2, SIDE // 2 + PIECE)
    with Clock() as clock:
        wanted = np.array(classic_oracle.depth_from_focus(stack[:, piece, piece], measure, WINDOW, 1))
    inner = slice(EDGE, PIECE - EDGE)  # beyond the edges of the piece the stack goes on
    off = np.abs(result.depth[piece, piece] - wanted[..., 0])[inner, inner].max()
    return Row(
        part=NAME,
        target=f"{measure}, {PLANES} x {SIDE} x {SIDE}, window {WINDOW}",
        unit="CPU s",
        ours=min(seconds),
        comparator=clock.cpu * (SIDE / PIECE) ** 2,
        at_most=1,
        note=f"comparator: plain Python loops on {PIECE} x {PIECE} px, scaled; greatest difference in "
        f"depth there {off:.1e} planes; best of {REPEATS}",
    )


def accuracy(name: str) -> list[dict[str, Any]]:
    """Errors of every measure and window on a sample, and how far its confidence holds."""
    stack = read_focal_stack(sample_path(name))
    depth, image = load_truth(name)
    return [
        accuracy_line(name, stack, depth, image, measure, window)
        for measure in FOCUS_MEASURES
        for window in WINDOWS
        if measure != "modified_laplacian" or window == WINDOWS[0]
    ]


def accuracy_line(
    name: str, stack: FocalStack, depth: np.ndarray, image: np.ndarray, measure: FocusMeasure, window: int
) -> dict[str, Any]:
    result = depth_from_focus(stack.images, stack.focus, unit=stack.unit, measure=measure, window=window)
    places = np.sort(np.asarray(stack.focus))
    planes = [np.interp(values, places, np.arange(len(places))) for values in (result.depth, depth)]
    right = np.abs(planes[0] - planes[1]) <= 1
    return {
        "sample": name,
        "unit": stack.unit,
        "measure": measure,
        "window": window,
        "rmse": rmse(result.depth, depth),
        "abs_rel": abs_rel(result.depth, depth),
        "psnr": psnr(result.all_in_focus, image),
        "right": float(right.mean()),
        "confidence": float(result.confidence.mean()),
    }


def accuracy_row(name: str, lines: list[dict[str, Any]]) -> Row:
    """The best of the other measures against the sum-modified Laplacian, each at its best window."""
    of_sample = sorted((line for line in lines if line["sample"] == name), key=lambda line: line["rmse"])
    first = next(line for line in of_sample if line["measure"] == FOCUS_MEASURES[0])
    other = next(line for line in of_sample if line["measure"] != FOCUS_MEASURES[0])
    return Row(
        part=NAME,
        target=f"{name}: depth error (RMSE) of {FOCUS_MEASURES[0]}, window {first['window']}",
        unit=first["unit"],
        ours=first["rmse"],
        comparator=other["rmse"],
        note=f"comparator: {other['measure']}, window {other['window']}, the best of the others",
    )


def main() -> None:
    run = Run()
    print(table(measure(run)), end="\n\n")
    print("| sample | measure | window | RMSE | AbsRel | AIF | right | mean confidence |")
    print("|---|---|---|---|---|---|---|---|")
    for line in run.details[NAME]:
        print(
            f"| {line['sample']} | {line['measure']} | {line['window']} | {line['rmse']:.3g} {line['unit']} "
            f"| {line['abs_rel']:.3f} | {line['psnr']:.1f} dB | {line['right']:.2f} "
            f"| {line['confidence']:.2f} |"
        )


if __name__ == "__main__":
    main()
