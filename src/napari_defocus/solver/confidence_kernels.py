"""Compiled kernels of the confidence, on one tile; all release the GIL.

Shapes and names are those of :mod:`depth_kernels`.
"""

import numpy as np

from napari_defocus.optics.basis_kernels import TWO
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO, evaluate_row, read_row, sweep_row


@compiled
def curve_tile(banks, stack, scale, y0, x0, values, below, weights, roots, scratch, steps, seen, cost):
    """Costs of a tile's candidates, into `cost` (h, candidates, w): a row of pixels in one piece."""
    order = banks.shape[1]
    for y in range(len(cost)):
        read_row(stack, scale, y0 + y, x0, seen)
        evaluate_row(banks, y, values, scratch[:order], steps)
        sweep_row(steps, seen, below, weights, roots, cost[y])


@compiled
def curve_shape(cost, place, floor, curvature):
    """Second difference of each pixel's cost curve at its depth, over the least cost.

    Parameters
    ----------
    cost : (candidates, h, w)
        Windowed cost of each candidate.
    place : (h, w)
        Depth of each pixel, in steps of the candidates.
    floor : float
        Cost that the least one is not taken to be below.
    curvature : (h, w)
        Is written.
    """
    count, height, width = cost.shape
    for y in range(height):
        for x in range(width):
            least = cost[0, y, x]
            for k in range(1, count):
                least = min(least, cost[k, y, x])
            k = min(max(int(place[y, x] + np.float32(0.5)), 1), count - 2)
            bend = cost[k - 1, y, x] - TWO * cost[k, y, x] + cost[k + 1, y, x]
            curvature[y, x] = max(bend, ZERO) / max(least, floor)
