"""Compiled kernels of the confidence, on one tile; all release the GIL.

Shapes and names are those of :mod:`depth_kernels`.
"""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE, TWO
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
def curve_shape(cost, place, separation, floor, curvature, rival):
    """Shape of each pixel's cost curve around its depth.

    Parameters
    ----------
    cost : (candidates, h, w)
        Windowed cost of each candidate.
    place : (h, w)
        Depth of each pixel, in steps of the candidates.
    separation : float
        Distance from the depth, in steps, beyond which another minimum is a rival.
    floor : float
        Cost that the least costs are not taken to be below.
    curvature, rival : (h, w)
        Get the second difference of the cost at the depth over the least cost, and the least cost near the
        depth over the least one elsewhere.
    """
    count, height, width = cost.shape
    for y in range(height):
        for x in range(width):
            at = place[y, x]
            near, far = np.float32(np.inf), np.float32(np.inf)
            for k in range(count):
                value = cost[k, y, x]
                if abs(np.float32(k) - at) <= separation:
                    near = min(near, value)
                else:
                    far = min(far, value)
            k = min(max(int(at + np.float32(0.5)), 1), count - 2)
            bend = cost[k - 1, y, x] - TWO * cost[k, y, x] + cost[k + 1, y, x]
            curvature[y, x] = max(bend, ZERO) / max(min(near, far), floor)
            rival[y, x] = max(near, floor) / max(far, floor) if far < np.inf else ONE
