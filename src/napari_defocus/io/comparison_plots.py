"""Figures of a comparison of depth maps, drawn without a display."""

from typing import TYPE_CHECKING

from napari_defocus.io.plots import depth_label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_defocus.comparison import DepthComparison


def plot_error(comparison: "DepthComparison") -> "Figure":
    """Draw the error map in diverging colours centred at 0; grey: not compared."""
    figure = new_figure()
    axes = figure.subplots()
    axes.set_facecolor("0.6")
    limit = comparison.limit
    image = axes.imshow(comparison.error, cmap="RdBu", vmin=-limit, vmax=limit)
    figure.colorbar(image, ax=axes, label=error_label(comparison), extend="both")
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")
    return figure


def plot_error_histogram(comparison: "DepthComparison") -> "Figure":
    """Draw the histogram of the errors, with their mean."""
    figure = new_figure()
    axes = figure.subplots()
    counts, edges = comparison.histogram()
    axes.stairs(counts, edges, fill=True, color="0.6")
    axes.axvline(0, color="black", linewidth=0.8)
    bias = comparison.metrics["bias"]
    axes.axvline(bias, color="tab:red", linestyle="--", label=f"mean {bias:.3g}")
    axes.set_yscale("log")
    axes.set_xlabel(f"{error_label(comparison)}, the ends hold all beyond")
    axes.set_ylabel("pixels")
    axes.legend()
    return figure


def error_label(comparison: "DepthComparison") -> str:
    """Name of the error and its unit."""
    name = "error of depth" if comparison.truth else "difference of depth"
    return depth_label(comparison.unit, name) if comparison.unit else name
