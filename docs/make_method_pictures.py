"""Make the pictures of docs/method.md from the bundled samples.

python docs/make_method_pictures.py [--folder FOLDER]
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from napari_defocus import (
    DefocusResult,
    FocalStack,
    SolverState,
    alternating_minimization,
    depth_from_focus,
    read_focal_stack,
)
from napari_defocus.io.samples import load_truth, sample_path
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver import finish

IMAGES = Path(__file__).parent / "images"
DEPTHS: dict[str, Any] = {"cmap": "viridis", "vmin": 0.7, "vmax": 2.6}
DOTS = 110  # an inch

STONE = slice(145, 210), slice(85, 150)  # rows, columns: the stone ball on the table
EDGES = slice(85, 235), slice(0, 150)  # of the microscope sample: the plateau and its groove
PIXEL = 170, 110  # on the stone ball


class Run:
    """A sample, all states of a run on it, and its result."""

    def __init__(self, sample: str) -> None:
        self.stack: FocalStack = read_focal_stack(sample_path(sample))
        self.truth, self.image = load_truth(sample)
        self.states: list[SolverState] = list(alternating_minimization(self.stack.images, self.stack.optics))
        self.result: DefocusResult = finish(self.states[-1])

    def after(self, step: str) -> SolverState:
        """The last state after a kind of half-step."""
        return [state for state in self.states if state.step == step][-1]


def row(figure: Figure, panels: list[tuple[str, Any, dict[str, Any]]]) -> NDArray[Any]:
    """Put pictures side by side, each with a title; return the axes."""
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (title, picture, options) in zip(axes, panels, strict=True):
        axis.imshow(picture, interpolation="nearest", **options)
        axis.set_title(title, fontsize=9)
        axis.set(xticks=[], yticks=[])
    return axes


def colour_bar(figure: Figure, axes: NDArray[Any], label: str) -> None:
    """One colour bar at the right of some pictures, for the last of them."""
    figure.colorbar(axes[-1].images[0], ax=list(axes), label=label, shrink=0.85, pad=0.01)


def stack(run: Run) -> Figure:
    """Four of the planes."""
    figure = Figure(figsize=(11, 2.4), layout="constrained")
    shown = (0, 3, 5, 7)
    row(
        figure,
        [(f"focused at {run.stack.focus[k]:.2f} m", np.asarray(run.stack.images[k]), {}) for k in shown],
    )
    return figure


def blur(run: Run) -> Figure:
    """Blur of each plane against depth, and what a pixel makes of each candidate depth."""
    optics = run.stack.optics
    depths = 1 / np.linspace(1 / 0.62, 1 / 3.5, 300)
    figure = Figure(figsize=(11, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    for focus, sigma in zip(run.stack.focus, optics.blur_sigma(depths), strict=True):
        left.plot(depths, sigma, label=f"{focus:.2f} m")
    left.set(xlabel="depth (m)", ylabel="blur (px, standard deviation)", title="blur of each plane")
    left.set_ylim(0, 9)
    left.legend(title="focused at", fontsize=8, title_fontsize=8, ncols=4, loc="upper center")
    y, x = PIXEL
    right.plot(depths, candidate_costs(run, depths))
    right.axvline(run.truth[y, x], color="tab:red", ls="--", label=f"true depth, {run.truth[y, x]:.2f} m")
    right.set(
        xlabel="candidate depth (m)", ylabel="mean squared misfit", title=f"one pixel ({y}, {x}), all planes"
    )
    right.set_yscale("log")
    right.legend()
    return figure


def candidate_costs(run: Run, depths: NDArray[np.float64]) -> list[float]:
    """Misfit of the planes around the pixel if it lay at each depth, with the sharp image as found."""
    optics = run.stack.optics
    y, x = PIXEL
    around = slice(y - 40, y + 41), slice(x - 40, x + 41)
    image = np.ascontiguousarray(np.moveaxis(run.result.all_in_focus[around], -1, 0))
    planes = np.asarray(run.stack.images[(slice(None), *around)], np.float32) / 255
    basis = BlurBasis.for_optics(optics, (float(depths.min()), float(depths.max())), kernel="disc")
    operator = BlurOperator(optics, basis, boundary="reflect")
    costs = []
    for depth in depths:
        blurred = operator.forward(image, operator.coordinates(np.full(image.shape[1:], depth)))
        misfit = np.moveaxis(blurred, 1, -1) - planes
        costs.append(float(np.mean(misfit[:, 38:43, 38:43] ** 2)))
    return costs


def start(run: Run) -> Figure:
    """First depth: each pixel by itself, and with its neighbours."""
    alone = depth_from_focus(run.stack.images, run.stack.focus, unit="m", median=1)
    first = run.after("initialization")
    figure = Figure(figsize=(11, 2.7), layout="constrained")
    axes = row(
        figure,
        [
            ("sharpest plane, each pixel by itself", alone.depth, DEPTHS),
            ("start of the solver: graph cut", first.depth, DEPTHS),
            ("truth", run.truth, DEPTHS),
        ],
    )
    colour_bar(figure, axes, "depth (m)")
    return figure


def alternating(run: Run) -> Figure:
    """A detail of depth and sharp image as the rounds go on, and the loss."""
    first, last = run.after("initialization"), run.after("aif")
    early = next(state for state in run.states if state.step == "aif")
    figure = Figure(figsize=(11, 5.2), layout="constrained")
    pictures, curve = figure.subfigures(1, 2, width_ratios=(3, 1.25))
    upper, lower = pictures.subfigures(2, 1)
    found = (("start", first), ("after round 1", early), (f"after round {last.epoch}", last))
    row(
        upper,
        [*((name, state.all_in_focus[STONE], {}) for name, state in found), ("truth", run.image[STONE], {})],
    )
    near = DEPTHS | {"vmin": 0.85, "vmax": 1.15}
    axes = row(
        lower,
        [*((name, state.depth[STONE], near) for name, state in found), ("truth", run.truth[STONE], near)],
    )
    colour_bar(lower, axes, "depth (m)")
    axis = curve.subplots()
    axis.plot(np.arange(len(last.losses)) / 2, last.losses, "o-")
    axis.set(xlabel="round", ylabel="loss", title="the loss never rises", yscale="log")
    return figure


def edges(run: Run) -> Figure:
    """Depth edges of the microscope sample before and after the occlusion step."""
    found = (("after the last round", run.after("aif")), ("edges put right", run.after("occlusion")))
    heights = {"cmap": "viridis", "vmin": 8, "vmax": 38}
    figure = Figure(figsize=(11, 3.4), layout="constrained")
    axes = row(
        figure,
        [
            *((name, state.depth[EDGES], heights) for name, state in found),
            ("truth", run.truth[EDGES], heights),
        ],
    )
    colour_bar(figure, axes, "height (um)")
    return figure


def confidence(run: Run) -> Figure:
    """The result, how far it says it can be trusted, and where it is wrong."""
    optics, result = run.stack.optics, run.result
    steps = np.abs(optics.to_blur_coordinate(result.depth) - optics.to_blur_coordinate(run.truth))
    wrong = steps * optics.blur_scale * np.abs(optics.slopes).max() > 0.5
    figure = Figure(figsize=(11, 2.3), layout="constrained")
    axes = row(
        figure,
        [
            ("depth", result.depth, DEPTHS),
            ("outliers, filled in", result.outliers, {"cmap": "gray_r"}),
            (f"off by over half a px of blur ({wrong.mean():.1%})", wrong, {"cmap": "gray_r"}),
            (
                f"confidence (mean {result.confidence.mean():.2f})",
                result.confidence,
                {"cmap": "magma", "vmin": 0, "vmax": 1},
            ),
        ],
    )
    colour_bar(figure, axes, "confidence")
    return figure


PICTURES = {
    "photograph": (stack, blur, start, alternating, confidence),
    "microscope": (edges,),
}
"""What is drawn of each sample."""

LARGE = 200_000
"""Bytes beyond which a picture gets a palette."""


def save(figure: Figure, path: Path) -> None:
    """Save as a PNG that is not large."""
    figure.savefig(path, dpi=DOTS, facecolor="white")
    with Image.open(path) as image:
        picture = image.convert("RGB")
    picture.save(path, optimize=True)
    if path.stat().st_size > LARGE:
        picture.quantize(256, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)
    print(path, path.stat().st_size // 1024, "kB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, default=IMAGES)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for sample, pictures in PICTURES.items():
        run = Run(sample)
        for picture in pictures:
            save(picture(run), folder / f"method_{picture.__name__}.png")


if __name__ == "__main__":
    main()
