"""Moves planes into the frame of the reference."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform

from napari_defocus.alignment.motion import Motion

Crop = tuple[tuple[int, int], tuple[int, int]]
"""First row and the one after the last, first column and the one after the last."""

STILL = Motion()


ORDER: Final = 5
"""Order of the interpolating splines: lower ones blur what they move, and so move the peak of sharpness."""


def move(plane: NDArray[Any], motion: Motion) -> NDArray[Any]:
    """Return a plane (Y, X[, 3]) as it would be seen in the frame of the reference, in its own type.

    Splines of order 5, since lower ones take away detail; beyond its border the plane is continued by its
    mirror image. Values stay within those of their channel, so that a saturated light gets no ring.
    """
    if motion == STILL:
        return plane
    matrix, offset = motion.affine((plane.shape[0], plane.shape[1]))
    channels = np.atleast_3d(plane)
    moved = np.empty(channels.shape)
    for channel in range(channels.shape[2]):
        source = channels[..., channel].astype(np.float64)
        values = affine_transform(source, matrix, offset, order=ORDER, mode="reflect")
        np.clip(values, source.min(), source.max(), out=moved[..., channel])
    if plane.dtype.kind in "iu":
        np.rint(moved, out=moved)
    return moved.reshape(plane.shape).astype(plane.dtype, copy=False)


def move_all(images: Any, motions: Sequence[Motion], report: Callable[[float], None]) -> Any:
    """Return a stack (planes, Y, X[, 3]) with each plane moved; dask stays dask and lazy, a plane a chunk."""
    if not hasattr(images, "dask"):
        moved = np.empty(images.shape, images.dtype)
        for index, motion in enumerate(motions):
            moved[index] = move(np.asarray(images[index]), motion)
            report((index + 1) / len(motions))
        return moved

    def move_block(block: NDArray[Any], block_info: Any = None) -> NDArray[Any]:
        index = block_info[0]["chunk-location"][0]
        return move(block[0], motions[index])[None]

    return images.rechunk((1, *images.shape[1:])).map_blocks(
        move_block, dtype=images.dtype, meta=np.empty((0,) * images.ndim, images.dtype)
    )


def common_frame(motions: Sequence[Motion], shape: tuple[int, int]) -> Crop:
    """Return the rows and columns that every plane really shows, none of its mirror image."""
    ranges = [(0.0, float(length - 1)) for length in shape]
    centre = (np.array(shape) - 1) / 2
    for motion in motions:
        matrix, offset = motion.inverse().affine(shape)
        corners = np.array([(y, x) for y in (0, shape[0] - 1) for x in (0, shape[1] - 1)])
        seen = corners @ matrix.T + offset
        for axis, (low, high) in enumerate(ranges):
            before = seen[corners[:, axis] < centre[axis], axis].max()
            after = seen[corners[:, axis] > centre[axis], axis].min()
            ranges[axis] = max(low, before), min(high, after)
    (top, bottom), (left, right) = (
        (int(np.ceil(low - 1e-6)), int(np.floor(high + 1e-6)) + 1) for low, high in ranges
    )
    return (top, bottom), (left, right)
