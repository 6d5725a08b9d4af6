"""Local regression of the depth: what is left of its noise goes, slopes and edges stay."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.bands import in_bands
from napari_defocus.solver.bilateral import BIWEIGHT, DEVIATION
from napari_defocus.solver.regression_kernels import regression_rows

Floats = NDArray[np.float32]

RADIUS = 8
"""Half the side of the window, px."""

STRIDE = 2
"""Of its rows and columns every so many count: the noise of the depth is alike over some pixels."""

PASSES = 3
"""How often each plane is fitted."""


def regression(
    values: Floats,
    spread: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Value at each pixel of a plane fitted around it to the values that are near that plane.

    Robust locally weighted regression (Cleveland 1979) with Tukey's biweight of a fixed width, which is 0
    beyond 2.6 times `spread`, so that other surfaces do not count. A bilateral filter takes slopes for noise,
    and bends them where they end; a plane does not.

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
    steps = np.arange(-RADIUS, RADIUS + 1)
    fall = np.exp(-0.5 * (steps / DEVIATION) ** 2).astype(np.float32)
    steepness = np.float32(1 / (BIWEIGHT * spread**2))
    width = values.shape[1]

    def rows(band: Tile) -> Floats:
        out = np.empty((band.height, width), np.float32)
        sums, plane = np.empty((9, width), np.float32), np.empty((3, width), np.float32)
        regression_rows(values, band.y0, fall, STRIDE, steepness, PASSES, sums, plane, out)
        return out

    return in_bands(rows, values.shape, threads, progress)
