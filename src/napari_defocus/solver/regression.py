"""Local regression of the depth: what is left of its noise goes, slopes and edges stay."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.bands import fall_off, in_bands
from napari_defocus.solver.bilateral import BIWEIGHT, DEVIATION
from napari_defocus.solver.regression_kernels import regression_rows

Floats = NDArray[np.float32]

RADIUS = 8
"""Half the side of the window, px."""

STRIDE = 2
"""Of its rows and columns every so many count: the noise of the depth is alike over some pixels."""

PASSES = 3
"""How often each plane is fitted."""

SCATTER = 2.0
"""Width of the biweight in later passes, in standard deviations of the values around the plane."""

NARROWEST = 1 / 6
"""Least width of it, as a share of the first."""

QUIET = 0.1
"""Standard deviation around the plane, as a share of the width, at which a value goes half way to it: what
scatters less is bent and not noisy."""


def regression(
    values: Floats,
    spread: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Value at each pixel of a plane fitted around it to the values that are near that plane.

    Robust locally weighted regression (Cleveland 1979) with Tukey's biweight, which is 0 beyond 2.6 times
    `spread`, or less where the values scatter less, so that other surfaces do not count. A bilateral filter
    takes slopes for noise, and bends them where they end; a plane does not. Where the values hardly scatter
    they stay as they are.

    Parameters
    ----------
    values : ndarray, (Y, X), float32
        What to fit.
    spread : float
        Standard deviation of the distances from the plane that count, in the unit of the values.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    fall = fall_off(RADIUS, DEVIATION)
    steepness = np.float32(1 / (BIWEIGHT * spread**2))
    steepest, scatter = steepness * np.float32(NARROWEST**-2), np.float32(1 / (BIWEIGHT * SCATTER**2))
    quiet = np.float32((QUIET * spread) ** 2)
    width = values.shape[1]

    def rows(band: Tile) -> Floats:
        out = np.empty((band.height, width), np.float32)
        sums, plane = np.empty((10, width), np.float32), np.empty((5, width), np.float32)
        regression_rows(
            values, band.y0, fall, STRIDE, steepness, steepest, scatter, quiet, PASSES, sums, plane, out
        )
        return out

    return in_bands(rows, values.shape, threads, progress)
