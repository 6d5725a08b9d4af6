"""Compiled kernel of the bilateral filter; releases the GIL."""

from napari_defocus.optics.basis_kernels import ONE
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO


@compiled
def bilateral_rows(values, first, fall, steepness, total, mass, out):
    """Bilateral filter of some rows; the window is cut at the frame.

    Parameters
    ----------
    values : (Y, X)
        What to filter.
    first : int
        Row of `values` that is the first of `out`.
    fall : (2 radius + 1,)
        Weight of a row or column of the window.
    steepness : float
        Weight ``max(0, 1 - steepness * d2) ** 2`` of a squared difference `d2`.
    total, mass : (X,)
        Scratch.
    out : (y, X)
        Gets the filtered rows.
    """
    height, width = values.shape
    radius = len(fall) // 2
    for i in range(len(out)):
        y = first + i
        total[:] = ZERO
        mass[:] = ZERO
        for v in range(max(y - radius, 0), min(y + radius + 1, height)):
            for across in range(-radius, radius + 1):
                near = fall[v - y + radius] * fall[across + radius]
                for x in range(max(-across, 0), min(width - across, width)):
                    apart = values[v, x + across] - values[y, x]
                    alike = max(ONE - steepness * apart * apart, ZERO)
                    weight = near * alike * alike
                    total[x] += weight * apart
                    mass[x] += weight
        for x in range(width):
            out[i, x] = values[y, x] + total[x] / mass[x]
