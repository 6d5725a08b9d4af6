"""Figures of a result, drawn without a display."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.pictures import as_picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_defocus.solver.result import DefocusResult

_MESH = 128  # vertices along the longer side of the surface; drawing more takes many seconds


def check_matplotlib() -> None:
    """Raise :class:`InputError` when matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise InputError(
            "Plots need matplotlib; install it with: pip install 'napari-defocus[plots]'"
        ) from None


def new_figure(width: float = 6.4, height: float = 4.8) -> "Figure":
    """Return an empty figure of this size, in; :class:`InputError` when matplotlib is not installed."""
    check_matplotlib()
    from matplotlib.figure import Figure

    # Not by pyplot, which would keep the figure and may open a window.
    return Figure(figsize=(width, height), layout="constrained")


def depth_label(unit: str, quantity: str = "depth") -> str:
    """Return the label of an axis along depths, or along another quantity of their unit."""
    return f"{quantity} ({'µm' if unit == 'um' else unit})"


def depth_limits(depth: NDArray[np.floating]) -> tuple[float, float]:
    """Return the range that leaves out half a percent at either end, so that stray pixels do not set it."""
    finite = depth[np.isfinite(depth)]
    if not finite.size:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return (low, high) if low < high else (low - 0.5, high + 0.5)


def plot_depth(result: "DefocusResult", *, colormap: str | None = None) -> "Figure":
    """Draw the depth map with a colour bar in its unit; grey for depth from focus, else viridis."""
    figure = new_figure()
    axes = figure.subplots()
    low, high = depth_limits(result.depth)
    name = colormap or ("gray" if result.method == "focus" else "viridis")
    image = axes.imshow(result.depth, cmap=name, vmin=low, vmax=high)
    figure.colorbar(image, ax=axes, label=depth_label(result.unit))
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")
    return figure


def plot_all_in_focus(result: "DefocusResult") -> "Figure":
    """Draw the all-in-focus image, brightened if it is dark."""
    figure = new_figure()
    axes = figure.subplots()
    axes.imshow(as_picture(result.all_in_focus), cmap="gray", vmin=0, vmax=1)
    axes.set_axis_off()
    return figure


def plot_losses(result: "DefocusResult") -> "Figure":
    """Draw the loss after each half-step, on a linear and on a logarithmic axis.

    Raises
    ------
    InputError
        If the result has no losses, as depth from focus.
    """
    if not result.losses:
        raise InputError("Depth from focus has no losses to plot; plot a depth-from-defocus result.")
    figure = new_figure(9.6, 4.0)
    for axes, scale in zip(figure.subplots(1, 2), ("linear", "log"), strict=True):
        axes.plot(np.arange(len(result.losses)), result.losses, marker=".")
        if scale == "linear" or min(result.losses) > 0:
            axes.set_yscale(scale)
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.set_xlabel("half-step")
        axes.set_ylabel(f"loss ({scale})")
        axes.grid(alpha=0.3)
    return figure


def plot_surface(result: "DefocusResult") -> "Figure":
    """Draw the depth map as a surface in 3-D, thinned to at most 128 vertices a side."""
    figure = new_figure()
    axes = figure.add_subplot(projection="3d")
    stride = max(1, -(-max(result.depth.shape) // _MESH))
    depth = result.depth[::stride, ::stride]
    low, high = depth_limits(depth)
    y, x = np.mgrid[: result.depth.shape[0] : stride, : result.depth.shape[1] : stride]
    axes.plot_surface(
        x, y, np.clip(depth, low, high), cmap="gray", vmin=low, vmax=high, rcount=_MESH, ccount=_MESH
    )
    axes.set_xlabel("x (px)")
    axes.set_ylabel("y (px)")
    axes.set_zlabel(depth_label(result.unit))
    axes.invert_yaxis()
    return figure


def save_result_plots(result: "DefocusResult", directory: Path) -> list[Path]:
    """Write all plots of a result as PNG and return their paths."""
    plots = {"plot_depth": plot_depth, "plot_all_in_focus": plot_all_in_focus, "plot_surface": plot_surface}
    if result.losses:
        plots["plot_losses"] = plot_losses
    paths = []
    for name, plot in plots.items():
        path = directory / f"{name}.png"
        plot(result).savefig(path, dpi=150)
        paths.append(path)
    return paths
