"""A part of a focal stack: a rectangle of it, or all of it in fewer pixels, with the place of its results."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from napari.layers import Shapes
from napari.utils.transforms import Affine
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import Rectangle, StackPart, cut, joined, with_rim
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.solver.observations import LEAST_SIDE

__all__ = [
    "PREVIEW_SAMPLES",
    "frame_of",
    "moved",
    "preview_factor",
    "preview_of",
    "rectangle_in",
    "region_of",
]

PREVIEW_SAMPLES = 250_000
"""Pixels times planes of a preview: some 2 CPU seconds with the settings for real photographs."""

LEAST_PREVIEW_SIDE = 64
"""Shorter side of a preview, px: below it blur reaches across the image."""


def rectangle_in(shapes: Shapes, stack: FocalStackLayer) -> Rectangle:
    """Return the rows and columns of a stack that a drawn shape covers.

    Parameters
    ----------
    shapes : napari.layers.Shapes
        Layer with the rectangle: the selected one, else the last; of another shape its bounding box.
    stack : FocalStackLayer
        The stack that it was drawn on.

    Raises
    ------
    InputError
        If nothing was drawn, or less than the solver needs of it is on the stack.
    """
    if not shapes.data:
        raise InputError(
            f"Draw a rectangle on the stack, or choose 'whole image' as the region: layer {shapes.name!r} is "
            "empty."
        )
    index = max(shapes.selected_data, default=len(shapes.data) - 1)
    options, spatial = frame_of(stack)
    to_world = _to_world(options, whole=True)
    corners = [np.atleast_1d(shapes.data_to_world(corner)) for corner in shapes.data[index]]
    places = np.array([_last(corner, len(options["scale"])) for corner in corners])
    pixels = np.asarray(to_world.inverse(places))[:, spatial]
    low, high = np.floor(pixels.min(axis=0) + 0.5), np.ceil(pixels.max(axis=0) + 0.5)
    ends = np.array(stack.images.shape[1:3])
    first, last = (np.clip(end, 0, ends).astype(int) for end in (low, high))
    if (last - first < LEAST_SIDE).any():
        raise InputError(
            f"Draw a larger rectangle on the stack: that in layer {shapes.name!r} covers "
            f"{max(last[0] - first[0], 0)} x {max(last[1] - first[1], 0)} px of {stack.name!r}, and "
            f"{LEAST_SIDE} x {LEAST_SIDE} px are the least."
        )
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


def region_of(stack: FocalStackLayer, rectangle: Rectangle) -> FocalStackLayer:
    """Return the rectangle of a stack with a rim; results lie where the rectangle was cut out."""
    wider, inside = with_rim(rectangle, stack.images.shape[1:3])
    part = _changed(
        stack,
        partial(cut, region=wider),
        "region",
        first=(rectangle[0].start, rectangle[1].start),
        factor=1,
        shape=tuple(side.stop - side.start for side in rectangle),
    )
    origin = part.origin | StackPart(rectangle).to_dict()
    return _with_results_of(replace(part, origin=origin), inside)


def preview_of(stack: FocalStackLayer, factor: int | None = None) -> FocalStackLayer:
    """Return a stack with `factor` x `factor` pixels joined into one; results are as large as the stack.

    Rows and columns that do not fill a pixel are cut off, as is the rim of a region. Nothing is computed yet:
    the pixels are dask.
    """
    stack = _without_rim(stack)
    factor = preview_factor(stack.images.shape) if factor is None else factor
    middle = (factor - 1) / 2  # of the first large pixel
    shape = tuple(length // factor for length in stack.images.shape[1:3])
    part = _changed(
        stack,
        partial(joined, factor=factor),
        f"{stack.part} preview".lstrip(),
        first=(middle, middle),
        factor=factor,
        shape=shape,
    )
    binning = stack.binning * factor
    return replace(part, binning=binning, origin={**part.origin, "binning": binning})


def preview_factor(shape: tuple[int, ...]) -> int:
    """Pixels a side that become one in the preview of a stack of `shape`, (planes, Y, X[, 3])."""
    planes, rows, columns = shape[:3]
    wanted = max(2, math.ceil(math.sqrt(planes * rows * columns / PREVIEW_SAMPLES)))
    return max(1, min(wanted, min(rows, columns) // LEAST_PREVIEW_SIDE))


def frame_of(stack: FocalStackLayer) -> tuple[dict[str, Any], list[int]]:
    """Return how a layer lies that is drawn on a stack, and which of its axes are rows and columns.

    It has these two axes alone where they are the last ones of the stack's layer: napari lays a layer of
    fewer axes over the last ones.

    Returns
    -------
    options : dict
        Keyword arguments of the layer.
    spatial : list of int
        Axes of rows and columns.
    """
    if stack.series is None:
        return stack.placement, [0, 1]
    placement = stack.series.placement
    spatial = list(placement.spatial_places)
    last = len(placement.axes) - 1
    return (stack.placement, [0, 1]) if spatial == [last - 1, last] else (placement.options, spatial)


def _changed(
    stack: FocalStackLayer,
    change: Callable[[Any], Any],
    part: str,
    *,
    first: tuple[float, float],
    factor: int,
    shape: tuple[int, ...],
) -> FocalStackLayer:
    """Return a stack of changed images with results of `shape`, the first pixel of which is at `first`."""
    series = stack.series
    if series is not None:
        placement = series.placement
        spatial = list(placement.spatial_places)
        lengths = list(placement.shape)
        for axis, length in zip(spatial, shape, strict=True):
            lengths[axis] = length
        options = moved(placement.options, spatial, first, factor)
        series = replace(
            series,
            placement=replace(placement, shape=tuple(lengths), options=options),
            changes=(*series.changes, change),
        )
    return replace(
        stack,
        images=change(stack.images),
        placement=moved(stack.placement, [0, 1], first, factor),
        part=part,
        series=series,
    )


def _without_rim(stack: FocalStackLayer) -> FocalStackLayer:
    """Return a stack of the rows and columns alone that get results."""
    if stack.inside is None:
        return stack
    without = partial(cut, region=stack.inside)
    shape = without(stack.images).shape[1:3]
    return _with_results_of(_changed(stack, without, stack.part, first=(0, 0), factor=1, shape=shape), None)


def _with_results_of(stack: FocalStackLayer, inside: Rectangle | None) -> FocalStackLayer:
    """Return a stack, or a series, of whose rows and columns these get results."""
    series = None if stack.series is None else replace(stack.series, inside=inside)
    return replace(stack, inside=inside, series=series)


def moved(
    options: dict[str, Any], axes: list[int], first: tuple[float, ...], factor: int = 1
) -> dict[str, Any]:
    """Return the placement of a layer that begins at another pixel along some axes, with larger pixels."""
    start, scale = np.zeros(len(options["scale"])), np.array(options["scale"], float)
    start[axes] = first
    scale[axes] *= factor
    return options | {
        "translate": tuple(_to_world(options, whole=False)(start)),
        "scale": tuple(scale),
    }


def _to_world(options: dict[str, Any], *, whole: bool) -> Affine:
    """From pixels of a layer with such a placement to the world, or to what its affine maps there."""
    axes = len(options["scale"])
    placed = Affine(**{key: options[key] for key in ("scale", "translate", "rotate", "shear")}, ndim=axes)
    if not whole:
        return placed
    outer = Affine(affine_matrix=np.asarray(options["affine"]), ndim=axes)
    both = outer.compose(placed)
    assert isinstance(both, Affine)
    return both


def _last(place: NDArray[np.float64], axes: int) -> NDArray[np.float64]:
    """The last coordinates of a place; those that it lacks are 0."""
    return np.pad(place, (max(axes - len(place), 0), 0))[-axes:]
