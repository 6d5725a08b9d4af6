"""The one map of rows and columns that the viewer shows of a layer with results of many stacks."""

from typing import Any

from napari.layers import Image, Labels, Layer

from napari_defocus.plugin.stack_source import METADATA_KEY, placement

__all__ = ["map_axes", "shown_map", "shown_steps"]


def map_axes(layer: Layer) -> tuple[int, int]:
    """Return the axes of rows and columns of a result layer; the last two where it does not tell."""
    entry = layer.metadata.get(METADATA_KEY)
    axes = entry.get("spatial_axes") if isinstance(entry, dict) else None
    if axes is None:
        return layer.ndim - 2, layer.ndim - 1
    rows, columns = axes
    return rows, columns


def shown_steps(layer: Layer, point: Any) -> dict[int, int]:
    """Return which step of each other axis of a layer lies at a place in the viewer, the nearest one.

    Parameters
    ----------
    layer : Layer
        A layer with NumPy or dask data.
    point : sequence of float
        In the viewer's coordinates, such as ``viewer.dims.point``, or with the layer's axes only.
    """
    place = layer.world_to_data(point)
    return {
        axis: min(max(round(float(place[axis])), 0), layer.data.shape[axis] - 1)
        for axis in range(layer.ndim)
        if axis not in map_axes(layer)
    }


def shown_map(layer: Layer, point: Any) -> Layer:
    """Return the layer itself where it is a map of rows and columns, else a new layer of the map at a place.

    Parameters
    ----------
    layer : Layer
        Image or labels layer of a run on one stack or many.
    point : sequence of float
        Where the viewer's sliders stand: ``viewer.dims.point``.

    Returns
    -------
    Layer
        Of the same kind, with its name and metadata, in the same place; for use outside of the viewer.
    """
    if layer.ndim == 2:
        return layer
    axes = map_axes(layer)
    steps = shown_steps(layer, point)
    data = layer.data[tuple(steps.get(axis, slice(None)) for axis in range(layer.ndim))]
    options = {"name": layer.name, "metadata": layer.metadata, **placement(layer, list(axes))}
    if isinstance(layer, Labels):
        return Labels(data, **options)
    return Image(
        data, rgb=layer.rgb, contrast_limits=layer.contrast_limits, colormap=layer.colormap, **options
    )
