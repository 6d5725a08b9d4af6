"""How much memory a run takes, before it is begun."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from napari_defocus.solver.blocks import LEAST_SIDE, SIDE
from napari_defocus.solver.observations import check_stack, stored_type

UNKNOWNS = 264
"""Bytes a pixel for depth and image and their companions, while a run is tried both ways."""

CHANNEL = 54
"""Bytes a pixel for each further channel of the image."""

PLANE = 1.35
"""Bytes a pixel and plane, beside the stack itself."""

PLANE_CHANNEL = 1.55
"""Bytes a pixel, plane and channel, beside the stack itself."""

FIXED = 20 * 2**20
"""Bytes whatever the size."""

TILES = 2 * 2**20
"""Bytes a plane and channel whatever the size: buffers of the tiles."""

HALO = 128
"""Halo on each side of a block, px: what wide blurs and smoothing take."""


def memory_of_run(shape: Sequence[int], dtype: DTypeLike) -> int:
    """Memory that :func:`solve` takes beside what is there already, bytes.

    A fit to peaks of the process at 1.2 to 3.9 megapixels, 8 to 30 planes, grey and RGB, 8 to 32 bits; there
    it is up to 27 % above them. Where no part of the start is in doubt a run takes less, at 30 planes half.

    Parameters
    ----------
    shape : sequence of int
        Shape of the stack, (planes, Y, X) or (planes, Y, X, 3).
    dtype : dtype
        Its type.

    Raises
    ------
    InputError
        If it is no focal stack.
    """
    channels = 3 if check_stack(tuple(shape), dtype) else 1
    planes, pixels = shape[0], int(shape[1]) * int(shape[2])
    kept = stored_type(dtype)
    stack = kept.itemsize * (2 if kept.kind == "f" else 1)  # floats are copied once
    each = UNKNOWNS + (channels - 1) * CHANNEL + planes * (PLANE + channels * (PLANE_CHANNEL + stack))
    return FIXED + planes * channels * TILES + round(pixels * each)


def memory_in_blocks(shape: Sequence[int], dtype: DTypeLike, side: int) -> int:
    """Memory that :func:`solve` takes with blocks of `side` px, bytes; the results are held whole."""
    channels = 3 if check_stack(tuple(shape), dtype) else 1
    planes, rows, columns = (int(length) for length in shape[:3])
    window = (planes, *(min(length, side + 2 * HALO) for length in (rows, columns)))
    held = np.float32().itemsize * (5 + 3 * channels)  # states of two epochs, labels, results
    return memory_of_run((*window, *shape[3:]), dtype) + rows * columns * held


def block_that_fits(shape: Sequence[int], dtype: DTypeLike, available: int) -> int | None:
    """Largest side of blocks, px, with which a run fits into `available` bytes.

    Returns
    -------
    int or None
        1024 halved as often as it takes; None when not even blocks of 128 px fit.
    """
    side = SIDE
    while side >= max(LEAST_SIDE, 128):
        if memory_in_blocks(shape, dtype, side) <= available:
            return side
        side //= 2
    return None
