"""Compiled kernel of the confidence; it releases the GIL."""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO


@compiled
def count_nearer(depth, first, radius, apart, either_side, count):
    """Share of the pixels around each pixel of some rows that are nearer by more than `apart`.

    Parameters
    ----------
    depth : (Y, X)
        The greater the nearer, in the unit of `apart`.
    first : int
        Row of `depth` that is the first of `count`.
    radius : int
        Half the side of the window, which is cut at the frame.
    either_side : bool
        Whether half of all that are nearer or farther is told instead.
    count : (y, X)
        Gets the shares.
    """
    height, width = depth.shape
    farther = np.float32(0.5) if either_side else ZERO
    nearer = ONE - farther
    for i in range(len(count)):
        y, shares = first + i, count[i]
        shares[:] = ZERO
        top, bottom = max(y - radius, 0), min(y + radius + 1, height)
        for v in range(top, bottom):
            for across in range(-radius, radius + 1):
                low, high = max(0, -across), min(width, width - across)
                here, there, sums = (
                    depth[y, low:high],
                    depth[v, low + across : high + across],
                    shares[low:high],
                )
                for x in range(high - low):
                    away = there[x] - here[x]
                    sums[x] += nearer if away > apart else (farther if away < -apart else ZERO)
        for x in range(width):
            columns = min(x + radius + 1, width) - max(x - radius, 0)
            shares[x] /= np.float32((bottom - top) * columns)
