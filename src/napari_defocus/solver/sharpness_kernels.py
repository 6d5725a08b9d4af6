"""Compiled kernels of the sharpness measure, on whole planes; they release the GIL."""

import numpy as np

from napari_defocus.optics.basis_kernels import TWO
from napari_defocus.optics.blur_kernels import blur_column, blur_row
from napari_defocus.optics.compiling import compiled


@compiled
def sobel_magnitude(padded, out):
    """Magnitude of the Sobel gradient of a plane that is `padded` by one pixel on every side."""
    height, width = out.shape
    for y in range(height):
        above, here, below, target = padded[y], padded[y + 1], padded[y + 2], out[y]
        above1, above2 = above[1 : width + 1], above[2 : width + 2]
        here2 = here[2 : width + 2]
        below1, below2 = below[1 : width + 1], below[2 : width + 2]
        for x in range(width):
            down = below[x] + TWO * below1[x] + below2[x] - above[x] - TWO * above1[x] - above2[x]
            across = above2[x] + TWO * here2[x] + below2[x] - above[x] - TWO * here[x] - below[x]
            target[x] = np.sqrt(down * down + across * across)


@compiled
def smooth_plane(padded, kernel, radius, column, out):
    """Correlate a plane, `padded` by `radius`, with a symmetric kernel given by its right half, separably.

    `column` (width + 2 radius) is scratch.
    """
    for y in range(out.shape[0]):
        blur_column(padded, y + radius, 0, kernel, radius, column)
        blur_row(column, kernel, radius, out[y])
