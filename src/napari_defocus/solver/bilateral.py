"""Bilateral filter of the depth: evens out small differences and keeps edges."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.bands import fall_off, in_bands
from napari_defocus.solver.bilateral_kernels import bilateral_rows

Floats = NDArray[np.float32]

RADIUS = 9
"""Half the side of the window, px."""

DEVIATION = 6.0
"""Standard deviation of the Gaussian by which pixels count less with their distance, px."""

BIWEIGHT = 7.0
"""Squared half-width of Tukey's biweight over its variance."""


def bilateral(
    values: Floats,
    spread: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Mean of the values around each pixel that differ from its own by little.

    Tomasi & Manduchi 1998, with Tukey's biweight for the differences, which is 0 beyond 2.6 times `spread`.

    Parameters
    ----------
    values : ndarray, (Y, X), float32
        What to filter.
    spread : float
        Standard deviation of the differences that count, in the unit of the values.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    fall = fall_off(RADIUS, DEVIATION)
    steepness = np.float32(1 / (BIWEIGHT * spread**2))
    width = values.shape[1]

    def rows(tile: Tile) -> Floats:
        out = np.empty((tile.height, width), np.float32)
        total, mass = np.empty((2, width), np.float32)
        bilateral_rows(values, tile.y0, fall, steepness, total, mass, out)
        return out

    return in_bands(rows, values.shape, threads, progress)
