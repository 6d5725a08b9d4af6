"""How much memory a run takes, before it is begun."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import DTypeLike

from napari_defocus.solver.blocks import LEAST_SIDE, SIDE
from napari_defocus.solver.observations import check_stack, stored_type

UNKNOWNS = 50
"""Bytes a pixel for depth and its companions, whatever the number of planes and channels."""

CHANNEL = 25
"""Bytes a pixel for each further channel of image and mosaic."""

PLANE = 18
"""Bytes a pixel and plane for the costs of the planes while the start is found, beside the stack itself."""

FIXED = 100 * 2**20
"""Bytes whatever the size: buffers of the tiles."""

HALO = 128
"""Halo on each side of a block, px: what wide blurs and smoothing take."""


def memory_of_run(shape: Sequence[int], dtype: DTypeLike) -> int:
    """Memory that :func:`solve` takes beside what is there already, bytes.

    A fit to peaks of the process at 1 to 2.3 megapixels, 6 to 30 planes, grey and RGB, 8 to 32 bits; off by
    some 20 %.

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
    stack = planes * channels * stored_type(dtype).itemsize
    return FIXED + pixels * (UNKNOWNS + (channels - 1) * CHANNEL + planes * PLANE + stack)


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
