"""Figures of a depth map beside the truth, drawn without a display."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.io.pictures import as_picture
from napari_defocus.io.plots import depth_label, depth_limits, new_figure
from napari_defocus.metrics import depth_metrics

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_defocus.solver.result import DefocusResult

WORST = 10
"""Pixels that are shown as the worst."""

APART = 16
"""Least distance of two of them, as a share of the longer image side."""


def plot_comparison(result: "DefocusResult", truth: ArrayLike) -> "Figure":
    """Draw the true depth, the depth found, their difference, and the histogram of that.

    Parameters
    ----------
    result : DefocusResult
        What a solver returned.
    truth : array_like (Y, X)
        True depth, in the unit of the result; not finite where it is unknown.
    """
    true_depth = np.asarray(truth, np.float64)
    error = result.depth - true_depth
    figure = new_figure(10.0, 7.2)
    (left, right), (below, histogram) = figure.subplots(2, 2)
    low, high = depth_limits(true_depth)
    for axes, depth, title in ((left, true_depth, "truth"), (right, result.depth, "found")):
        image = axes.imshow(depth, vmin=low, vmax=high)
        axes.set_title(title)
        figure.colorbar(image, ax=axes, label=depth_label(result.unit))
    known = np.abs(error[np.isfinite(error)])
    bound = float(np.percentile(known, 99)) if known.size else 1.0
    bound = bound or 1.0
    image = below.imshow(error, cmap="RdBu", vmin=-bound, vmax=bound)
    below.set_title("found less truth")
    figure.colorbar(image, ax=below, label=depth_label(result.unit, "error"))
    histogram.hist(np.clip(error[np.isfinite(error)], -bound, bound), bins=101)
    histogram.set_yscale("log")
    histogram.set_xlabel(depth_label(result.unit, "error") + ", the ends hold all beyond")
    histogram.set_ylabel("pixels")
    measured = depth_metrics(result.depth, true_depth)
    shown = [name for name in ("rmse", "abs_rel", "delta1", "delta2", "delta3") if name in measured]
    histogram.set_title(", ".join(f"{name} {measured[name]:.4g}" for name in shown), size=9)
    return figure


def worst_pixels(depth: ArrayLike, truth: ArrayLike, count: int = WORST) -> NDArray[np.intp]:
    """Return the pixels with the greatest errors, no two near each other.

    Parameters
    ----------
    depth, truth : array_like (Y, X)
        Depth found and true depth, in one unit.
    count : int
        How many to return, at most.

    Returns
    -------
    ndarray (n, 2)
        Row and column, the greatest error first.
    """
    error = np.abs(np.asarray(depth, np.float64) - np.asarray(truth, np.float64))
    error[~np.isfinite(error)] = 0
    reach = max(1, max(error.shape) // APART)
    found: list[tuple[int, int]] = []
    while len(found) < count and error.max() > 0:
        y, x = (int(index) for index in np.unravel_index(error.argmax(), error.shape))
        found.append((y, x))
        error[max(0, y - reach) : y + reach + 1, max(0, x - reach) : x + reach + 1] = 0
    return np.array(found, np.intp).reshape(-1, 2)


def plot_worst_pixels(result: "DefocusResult", truth: ArrayLike, count: int = WORST) -> "Figure":
    """Draw where the greatest errors are, and what was found there in place of what.

    Parameters
    ----------
    result : DefocusResult
        What a solver returned.
    truth : array_like (Y, X)
        True depth, in the unit of the result.
    count : int
        How many pixels to show, at most.
    """
    true_depth = np.asarray(truth, np.float64)
    pixels = worst_pixels(result.depth, true_depth, count)
    figure = new_figure(11.0, 4.8)
    picture, depths = figure.subplots(1, 2)
    picture.imshow(as_picture(result.all_in_focus), cmap="gray", vmin=0, vmax=1)
    picture.set_axis_off()
    rows = np.arange(len(pixels))
    found = [float(result.depth[y, x]) for y, x in pixels]
    true = [float(true_depth[y, x]) for y, x in pixels]
    for number, (y, x) in enumerate(pixels, 1):
        picture.plot(x, y, "o", markersize=12, markerfacecolor="none", markeredgecolor="red")
        picture.annotate(str(number), (x, y), (7, 7), textcoords="offset points", color="red")
    depths.hlines(rows, found, true, color="0.6")
    depths.plot(true, rows, "k|", markersize=12, label="truth")
    depths.plot(found, rows, "ro", label="found")
    depths.set_yticks(rows, [f"{number}: y {y}, x {x}" for number, (y, x) in enumerate(pixels, 1)])
    depths.invert_yaxis()
    depths.set_xlabel(depth_label(result.unit))
    depths.legend()
    return figure


def save_truth_plots(result: "DefocusResult", truth: ArrayLike, directory: Path) -> list[Path]:
    """Write the plots of a result beside its truth as PNG and return their paths."""
    paths = []
    for name, plot in (("plot_comparison", plot_comparison), ("plot_worst_pixels", plot_worst_pixels)):
        path = directory / f"{name}.png"
        plot(result, truth).savefig(path, dpi=150)
        paths.append(path)
    return paths
