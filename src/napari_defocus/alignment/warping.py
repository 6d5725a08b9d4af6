"""Moves planes into the frame of the reference."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import affine_transform, correlate1d

from napari_defocus.alignment.motion import Motion
from napari_defocus.optics.lookahead import map_ahead

Crop = tuple[tuple[int, int], tuple[int, int]]
"""First row and the one after the last, first column and the one after the last."""

STILL = Motion()


TAPS: Final = 8
"""Pixels on either side from which a value half way between two pixels is taken."""

HALF_BAND = (np.sinc(np.arange(1 - 2 * TAPS, 2 * TAPS) / 2) * np.kaiser(4 * TAPS - 1, 4.5))[::2]

BETWEEN: Final = np.append(0, HALF_BAND / HALF_BAND.sum())
"""Filter for that value: right within 1 % for detail down to a period of 2.5 px, 5 % down to 2.4 px."""

ORDER: Final = 5
"""Order of the splines on the grid twice as fine, on which they take nothing away."""

MARGIN: Final = TAPS + 12
"""Pixels around a band that are seen from within it; splines of that order look no farther."""

BAND: Final = 256
"""Rows that are moved at once: the finer grid of a whole plane would take much memory."""


def move(plane: NDArray[Any], motion: Motion) -> NDArray[Any]:
    """Return a plane (Y, X[, 3]) as it would be seen in the frame of the reference, in its own type.

    Interpolated so that detail down to the finest stays, and noise with it: else planes that are moved look
    less sharp than those that are not, and the depth is drawn to these. Beyond its border the plane is
    continued by its mirror image. Values stay within those of their channel, so that a saturated light gets
    no ring.
    """
    if motion == STILL:
        return plane
    channels = np.atleast_3d(plane)
    moved = np.empty(channels.shape, np.float32 if plane.dtype.itemsize <= 2 else np.float64)
    for channel in range(channels.shape[2]):
        source = channels[..., channel].astype(moved.dtype)
        for top in range(0, len(source), BAND):
            band = moved[top : top + BAND, :, channel]
            _fill_band(source, motion, top, band)
        np.clip(moved[..., channel], source.min(), source.max(), out=moved[..., channel])
    if plane.dtype.kind in "iu":
        np.rint(moved, out=moved)
    return moved.reshape(plane.shape).astype(plane.dtype, copy=False)


def _fill_band(source: NDArray[Any], motion: Motion, top: int, band: NDArray[Any]) -> None:
    """Fill a band of the moved plane, whose first row is `top`, from a channel (Y, X) of the plane."""
    matrix, offset = motion.affine((source.shape[0], source.shape[1]))
    offset = offset + matrix[:, 0] * top
    corners = np.array([(y, x) for y in (0, len(band) - 1) for x in (0, band.shape[1] - 1)])
    seen = corners @ matrix.T + offset
    first = np.floor(seen.min(axis=0)).astype(int) - MARGIN
    end = np.ceil(seen.max(axis=0)).astype(int) + MARGIN + 1
    rows, columns = (_mirrored(*ends) for ends in zip(first, end, source.shape, strict=True))
    fine = _twice_as_fine(_twice_as_fine(source[np.ix_(rows, columns)], 0), 1)
    affine_transform(
        fine,
        2 * matrix,
        2 * (offset - first),
        output_shape=band.shape,
        output=band,
        order=ORDER,
        mode="nearest",
    )


def _mirrored(first: int, end: int, length: int) -> NDArray[np.intp]:
    """Indices from `first` to `end`, those beyond an axis of `length` as its mirror images."""
    folded = np.arange(first, end) % (2 * length)
    return np.minimum(folded, 2 * length - 1 - folded)


def _twice_as_fine(values: NDArray[Any], axis: int) -> NDArray[Any]:
    """Values (Y, X) and, after each along an axis, that half a pixel on."""
    both = np.stack([values, correlate1d(values, BETWEEN, axis, mode="nearest")], axis + 1)
    return both.reshape([length * (1 + (index == axis)) for index, length in enumerate(values.shape)])


def move_all(images: Any, motions: Sequence[Motion], report: Callable[[float], None]) -> Any:
    """Return a stack (planes, Y, X[, 3]) with each plane moved; dask stays dask and lazy, a plane a chunk."""
    if not hasattr(images, "dask"):
        moved = np.empty(images.shape, images.dtype)

        def move_plane(index: int) -> NDArray[Any]:
            return move(np.asarray(images[index]), motions[index])

        for index, plane in enumerate(map_ahead(move_plane, range(len(motions)), threads=2)):
            moved[index] = plane
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
