"""Accuracy on the bundled samples, which a renderer made by tracing rays through a round aperture.

    python -m benchmarks.samples

Lines: the classic measure at several windows, the published settings (no priors), ours. The microscope's
depth is also given in units of its depth of field.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks.harness import Clock, Row, Run
from napari_defocus import (
    DefocusResult,
    Microscope,
    Optics,
    SolverSettings,
    depth_from_focus,
    read_focal_stack,
    solve,
)
from napari_defocus.io.samples import load_truth, sample_names, sample_path
from napari_defocus.metrics import abs_rel, psnr, rmse

NAME = "samples"
PUBLISHED, OURS = "published settings", "default settings"
CLASSIC = "depth from focus, window {}"


def measure(run: Run) -> list[Row]:
    rows = []
    for name in sample_names():
        lines = run.details.setdefault(NAME, {})[name] = compared(name)
        rows += rows_of(name, lines)
    return rows


def rows_of(name: str, lines: dict[str, dict[str, Any]]) -> list[Row]:
    """Default settings against the published ones."""
    ours, published = lines[OURS], lines[PUBLISHED]
    classic = [line for label, line in lines.items() if label not in (OURS, PUBLISHED)]
    best = min(classic, key=lambda line: line["rmse"])
    unit = ours["unit"]
    comparator = f"comparator: {PUBLISHED} in our engine; depth from focus at its best window:"
    return [
        Row(
            part=NAME,
            target=f"{name}: depth error (RMSE)",
            unit=unit,
            ours=ours["rmse"],
            comparator=published["rmse"],
            note=f"{comparator} {best['rmse']:.3g} {unit}",
        ),
        Row(
            part=NAME,
            target=f"{name}: all-in-focus image (PSNR)",
            unit="dB",
            ours=ours["psnr"],
            comparator=published["psnr"],
            better="higher",
            note=f"{comparator} {best['psnr']:.1f} dB",
        ),
        Row(
            part=NAME,
            target=f"{name}: time",
            unit="CPU s",
            ours=ours["cpu"],
            comparator=published["cpu"],
            note=f"{comparator} {best['cpu']:.1f} s",
        ),
    ]


def compared(name: str) -> dict[str, dict[str, Any]]:
    """Errors and CPU seconds of each run on a sample, by its label."""
    stack = read_focal_stack(sample_path(name))
    assert stack.optics is not None  # each sample has its optics beside it
    depth, all_in_focus = load_truth(name)
    images = stack.images.compute()
    lines: dict[str, dict[str, Any]] = {}
    for label, run in runs(images, stack.optics).items():
        with Clock() as clock:
            result = run()
        lines[label] = {
            "unit": stack.optics.depth_unit,
            "rmse": rmse(result.depth, depth),
            "abs_rel": abs_rel(result.depth, depth),
            "median": float(np.median(np.abs(result.depth - depth) / depth)),
            "psnr": psnr(result.all_in_focus, all_in_focus),
            "cpu": clock.cpu,
        }
        if isinstance(stack.optics, Microscope):
            lines[label]["depths_of_field"] = lines[label]["rmse"] / stack.optics.depth_of_field
    return lines


def runs(images: np.ndarray, optics: Optics) -> dict[str, Callable[[], DefocusResult]]:
    """What is compared, by name."""

    def focus(window: int) -> DefocusResult:
        return depth_from_focus(images, optics.focus_positions_array, window=window)

    published = SolverSettings.make3d(depth_range=optics.default_depth_range())
    return {
        **{CLASSIC.format(window): partial(focus, window) for window in (3, 9, 15)},
        PUBLISHED: partial(solve, images, optics, published),
        OURS: partial(solve, images, optics),
    }


def main() -> None:
    for name in sample_names():
        lines = compared(name)
        heading = f"RMSE ({lines[OURS]['unit']})"
        print(
            f"\n{name:28}{'AbsRel':>8} {'median':>8} {heading:>10} {'in DOF':>7} {'AIF dB':>7} {'CPU s':>6}"
        )
        for label, line in lines.items():
            field = f"{line['depths_of_field']:7.2f}" if "depths_of_field" in line else f"{'':7}"
            print(
                f"{label:28}{line['abs_rel']:8.4f} {line['median']:8.4f} {line['rmse']:10.4f} {field} "
                f"{line['psnr']:7.2f} {line['cpu']:6.1f}"
            )


if __name__ == "__main__":
    main()
