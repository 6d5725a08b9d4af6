"""Compiled kernels of the primal-dual smoothing, (Y, X) float32 arrays; they release the GIL."""

import numpy as np

from napari_defocus.optics.compiling import compiled_exactly


@compiled_exactly
def ascend(ahead, edges, ratio, huber, step, dual_y, dual_x):
    """One ascent of the dual of Huber total variation, projected onto its ball (``ratio * edges``)."""
    height, width = ahead.shape
    for y in range(height):
        row = ahead[y]
        below = ahead[min(y + 1, height - 1)]
        for x in range(width):
            bound = ratio * edges[y, x]
            shrink = 1 / (1 + step * huber / bound)
            right = row[x + 1] if x + 1 < width else row[x]
            vertical = (dual_y[y, x] + step * (below[x] - row[x])) * shrink
            horizontal = (dual_x[y, x] + step * (right - row[x])) * shrink
            size = max(np.sqrt(vertical * vertical + horizontal * horizontal) / bound, np.float32(1.0))
            dual_y[y, x] = vertical / size
            dual_x[y, x] = horizontal / size


@compiled_exactly
def descend(depth, dual_y, dual_x, step, momentum, smooth, ahead):
    """One descent towards `depth` along the dual's divergence, and the extrapolation `ahead`."""
    height, width = depth.shape
    for y in range(height):
        for x in range(width):
            divergence = np.float32(0.0)
            if y + 1 < height:
                divergence += dual_y[y, x]
            if y > 0:
                divergence -= dual_y[y - 1, x]
            if x + 1 < width:
                divergence += dual_x[y, x]
            if x > 0:
                divergence -= dual_x[y, x - 1]
            value = (smooth[y, x] + step * (divergence + depth[y, x])) / (1 + step)
            ahead[y, x] = value + momentum * (value - smooth[y, x])
            smooth[y, x] = value
