"""Compiled kernel of the edge-aware filling; releases the GIL."""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO


@compiled
def fill_alike(depth, valid, image, rows, columns, radius, sharpness, out):
    """Mean of the valid depths around each listed pixel, weighted by how alike the image is.

    Parameters
    ----------
    depth, valid : (Y, X)
        Depth map, and whether a pixel may be taken from.
    image : (channels, Y, X)
        All-in-focus image.
    rows, columns : (n,)
        The pixels to fill.
    radius : int
        Half the side of the window, px.
    sharpness : float
        Weight ``1 / (1 + sharpness * d2) ** 2`` of a pixel whose colour is at a squared distance `d2`; it
        falls off with the squared distance in pixels alike, to a quarter at `radius`.
    out : (n,)
        Gets the depths; NaN where no pixel around is valid.
    """
    height, width = depth.shape
    steepness = ONE / np.float32(radius * radius)
    for i in range(len(rows)):
        y, x = rows[i], columns[i]
        total, mass = ZERO, ZERO
        for v in range(max(y - radius, 0), min(y + radius + 1, height)):
            for u in range(max(x - radius, 0), min(x + radius + 1, width)):
                apart = ZERO
                for c in range(len(image)):
                    difference = image[c, v, u] - image[c, y, x]
                    apart += difference * difference
                square = np.float32((v - y) * (v - y) + (u - x) * (u - x))
                falling = (ONE + sharpness * apart) * (ONE + steepness * square)
                weight = (ONE if valid[v, u] else ZERO) / (falling * falling)
                total += weight * depth[v, u]
                mass += weight
        out[i] = total / mass if mass > ZERO else np.float32(np.nan)
