"""A part of a focal stack: a rectangle of it, or all of it in fewer pixels, with the place of its results."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
from napari.layers import Shapes
from napari.utils.transforms import Affine

from napari_defocus.errors import InputError
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.solver.observations import LEAST_SIDE

__all__ = ["PREVIEW_SAMPLES", "preview_factor", "preview_of", "rectangle_in", "region_of"]

PREVIEW_SAMPLES = 250_000
"""Pixels times planes of a preview: some 2 CPU seconds with the settings for real photographs."""

LEAST_PREVIEW_SIDE = 64
"""Shorter side of a preview, px: below it blur reaches across the image."""

Rectangle = tuple[slice, slice]
"""Rows and columns."""


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
            f"Nothing is drawn in layer {shapes.name!r} yet; draw a rectangle on the stack, or choose "
            "'whole image' as the region."
        )
    index = max(shapes.selected_data, default=len(shapes.data) - 1)
    corners = np.array([shapes.data_to_world(corner)[-2:] for corner in shapes.data[index]])
    pixels = _to_world(stack, whole=True).inverse(corners)
    low, high = np.floor(pixels.min(axis=0) + 0.5), np.ceil(pixels.max(axis=0) + 0.5)
    ends = np.array(stack.images.shape[1:3])
    first, last = (np.clip(end, 0, ends).astype(int) for end in (low, high))
    if (last - first < LEAST_SIDE).any():
        raise InputError(
            f"The rectangle in layer {shapes.name!r} covers {max(last[0] - first[0], 0)} x "
            f"{max(last[1] - first[1], 0)} px of {stack.name!r}; draw one of at least "
            f"{LEAST_SIDE} x {LEAST_SIDE} px on the stack."
        )
    return slice(int(first[0]), int(last[0])), slice(int(first[1]), int(last[1]))


def region_of(stack: FocalStackLayer, rectangle: Rectangle) -> FocalStackLayer:
    """Return the rectangle of a stack; results lie where it was cut out."""
    rows, columns = rectangle
    return replace(
        stack,
        images=stack.images[:, rows, columns],
        placement=_moved(stack, (rows.start, columns.start)),
        part="region",
    )


def preview_of(stack: FocalStackLayer, factor: int) -> FocalStackLayer:
    """Return a stack with `factor` x `factor` pixels joined into one; results are as large as the stack.

    Rows and columns that do not fill a pixel are cut off. Nothing is computed yet: the pixels are dask.
    """
    import dask.array as da

    rows, columns = (length - length % factor for length in stack.images.shape[1:3])
    images = stack.images
    if isinstance(images, np.ndarray):
        images = da.from_array(images, chunks=(1, *images.shape[1:]), name=False)
    means = da.coarsen(np.mean, images[:, :rows, :columns], {1: factor, 2: factor})
    if np.issubdtype(images.dtype, np.integer):
        means = da.rint(means)
    shift = (factor - 1) / 2  # the middle of the first large pixel
    placement = _moved(stack, (shift, shift))
    placement["scale"] = tuple(factor * np.asarray(placement["scale"]))
    return replace(
        stack,
        images=means.astype(images.dtype),
        placement=placement,
        part=f"{stack.part} preview".lstrip(),
        binning=stack.binning * factor,
    )


def preview_factor(shape: tuple[int, ...]) -> int:
    """Pixels a side that become one in the preview of a stack of `shape`, (planes, Y, X[, 3])."""
    planes, rows, columns = shape[:3]
    wanted = max(2, math.ceil(math.sqrt(planes * rows * columns / PREVIEW_SAMPLES)))
    return max(1, min(wanted, min(rows, columns) // LEAST_PREVIEW_SIDE))


def _moved(stack: FocalStackLayer, pixels: tuple[float, float]) -> dict[str, Any]:
    """Placement of a layer that begins so many pixels farther down and to the right."""
    return stack.placement | {"translate": tuple(_to_world(stack, whole=False)(pixels))}


def _to_world(stack: FocalStackLayer, *, whole: bool) -> Affine:
    """From pixels of a (Y, X) layer in the stack's place to the world, or to what its affine maps there."""
    placed = Affine(
        **{key: stack.placement[key] for key in ("scale", "translate", "rotate", "shear")}, ndim=2
    )
    if not whole:
        return placed
    outer = Affine(affine_matrix=np.asarray(stack.placement["affine"]), ndim=2)
    both = outer.compose(placed)
    assert isinstance(both, Affine)
    return both
