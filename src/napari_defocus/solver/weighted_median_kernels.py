"""Compiled kernel of the weighted median; releases the GIL."""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO

HALF = np.float32(0.5)


@compiled
def weighted_median_rows(levels, image, wanted, first, fall, sharpness, majority, tolerance, votes, out):
    """Weighted median of the levels around the wanted pixels of some rows; the window is cut at the frame.

    Parameters
    ----------
    levels : (Y, X), int32
        What the median is taken of, from 0.
    image : (channels, Y, X)
        All-in-focus image.
    wanted : (Y, X), bool
        Pixels for which it is taken; elsewhere the level stays.
    first : int
        Row of `levels` that is the first of `out`.
    fall : (2 radius + 1,)
        Weight of a row or column of the window.
    sharpness : float
        A pixel weighs ``exp(-sharpness * d2)`` with the squared difference `d2` of its colour.
    majority : float
        How many times as much the levels near the median have to weigh as those near the pixel's own.
    tolerance : int
        Levels that differ by no more are near.
    votes : (levels,)
        Scratch.
    out : (y, X), int32
        Gets the levels.
    """
    height, width = levels.shape
    radius = len(fall) // 2
    for i in range(len(out)):
        y = first + i
        for x in range(width):
            own = levels[y, x]
            out[i, x] = own
            if not wanted[y, x]:
                continue
            votes[:] = ZERO
            total = ZERO
            for v in range(max(y - radius, 0), min(y + radius + 1, height)):
                for u in range(max(x - radius, 0), min(x + radius + 1, width)):
                    apart = ZERO
                    for c in range(len(image)):
                        difference = image[c, v, u] - image[c, y, x]
                        apart += difference * difference
                    weight = fall[v - y + radius] * fall[u - x + radius] * np.exp(-sharpness * apart)
                    votes[levels[v, u]] += weight
                    total += weight
            median, below = 0, votes[0]
            while below < HALF * total and median < len(votes) - 1:
                median += 1
                below += votes[median]
            if abs(median - own) > tolerance:
                new, old = ZERO, ZERO
                for level in range(len(votes)):
                    if abs(level - median) <= tolerance:
                        new += votes[level]
                    if abs(level - own) <= tolerance:
                        old += votes[level]
                if new > majority * old:
                    out[i, x] = median
