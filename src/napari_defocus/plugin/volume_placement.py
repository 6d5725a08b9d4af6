"""Where a layer of planes, rows and columns made of a stack lies, and what its axes are called."""

from typing import Any

from napari.layers import Image

from napari_defocus.plugin.stack_source import placement

__all__ = ["volume_placement"]

LABELS = ("plane", "y", "x")


def volume_placement(layer: Image, plane_axis: int) -> dict[str, Any]:
    """Return keyword arguments that put a layer with the planes first where the stack lies.

    Axes that nobody has named get names, for napari would call the slider of the planes "-3". Not where the
    stack has its planes elsewhere: its slider in that place is one of rows or columns.

    Parameters
    ----------
    layer : napari.layers.Image
        The stack.
    plane_axis : int
        Its plane axis.
    """
    rows, columns = [axis for axis in range(layer.ndim) if axis != plane_axis][-2:]
    options = placement(layer, [plane_axis, rows, columns])
    if plane_axis == layer.ndim - 3:
        told = options["axis_labels"]
        options["axis_labels"] = tuple(map(_label, told, LABELS))
    return options


def _label(told: str, ours: str) -> str:
    return ours if not told or told.lstrip("-").isdigit() else told
