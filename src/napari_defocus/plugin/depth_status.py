"""Depth and plane under the cursor, in napari's status bar."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer

from napari_defocus.errors import InputError
from napari_defocus.optics import optics_from_dict
from napari_defocus.plugin.clicks import pixel_at
from napari_defocus.plugin.depth_layers import entry_of, unit_of
from napari_defocus.plugin.lengths import PLANES, depth_in_words
from napari_defocus.plugin.shown_map import map_axes, shown_steps

__all__ = ["described", "plane_of", "show_depth_in_status"]


def show_depth_in_status(viewer: ViewerModel) -> None:
    """Let the status bar tell depth, unit and plane under the cursor while a depth layer is the active one.

    It may be called again for a viewer that does so already.
    """
    viewer.events.status.connect(_add_depth, position="last")  # after napari has shown its own


def described(layer: Layer, pixel: tuple[int, int], point: Any = None) -> str:
    """Return what is told of a pixel of a depth layer, such as ``"depth 1.532 m, plane 4.6"``.

    Parameters
    ----------
    layer : Layer
        The depth layer.
    pixel : (int, int)
        Row and column.
    point : sequence of float, optional
        Where the viewer's sliders stand, for a layer of several maps.
    """
    steps = {} if layer.ndim == 2 else shown_steps(layer, point)
    place = dict(zip(map_axes(layer), pixel, strict=True)) | steps
    depth = float(np.asarray(layer.data[tuple(place[axis] for axis in range(layer.ndim))]))
    if not np.isfinite(depth):
        return "no depth"
    told = depth_in_words(unit_of(layer), depth)
    if unit_of(layer) == PLANES:
        return f"depth: {told}"
    plane = plane_of(depth, entry_of(layer))
    return f"depth {told}" if plane is None else f"depth {told}, plane {plane:.1f}"


def plane_of(depth: float, entry: dict[str, Any]) -> float | None:
    """Return the plane, counted from 0, that is focused at a depth; between two planes a fraction.

    Parameters
    ----------
    depth : float
        Depth, in the unit of the layer.
    entry : dict
        What we keep in the metadata of a depth layer.

    Returns
    -------
    float or None
        None where the planes' positions are not known, or the depth is no longer that of the planes.
    """
    if entry.get("levelled"):
        return None
    parameters = entry.get("parameters", {})
    try:
        if parameters.get("optics"):
            optics = optics_from_dict(parameters["optics"])
            positions = optics.focus_positions_array
            blur = optics.to_blur_coordinate(np.append(positions, depth))  # between planes blur is even
        elif parameters.get("positions"):
            blur = np.append(np.asarray(parameters["positions"], np.float64), depth)
        else:
            return depth if entry.get("unit") == PLANES else None
    except (InputError, TypeError, ValueError):  # metadata of another version, or edited by hand
        return None
    planes, here = blur[:-1], blur[-1]
    steps = np.diff(planes)
    if (steps > 0).all() or (steps < 0).all():
        order = np.argsort(planes)
        return float(np.interp(here, planes[order], order))
    return float(np.argmin(np.abs(planes - here)))


def _add_depth(event: Any) -> None:
    """Put depth and plane into a status that napari has made for a depth layer."""
    viewer, status = event.source, event.value
    layer = viewer.layers.selection.active
    if not isinstance(status, dict) or layer is None or entry_of(layer).get("kind") != "depth":
        return
    if viewer.dims.ndisplay != 2 or status.get("depth") or layer.multiscale:
        return
    pixel = pixel_at(layer, viewer.cursor.position)
    if pixel is not None:
        told = described(layer, pixel, viewer.dims.point)
        where = f"{status.get('coords', '')}: {told}"
        viewer.status = {**status, "coordinates": where, "value": told, "depth": told}
