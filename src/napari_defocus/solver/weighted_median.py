"""Weighted median of the depth: puts its edges onto edges of the all-in-focus image."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile, map_tiles
from napari_defocus.solver.weighted_median_kernels import weighted_median_rows

Floats = NDArray[np.float32]

RADIUS = 9
"""Half the side of the window, px."""

DEVIATION = 6.0
"""Standard deviation of the Gaussian by which pixels count less with their distance, px."""

LEVELS = 64
"""Levels of depth that are told apart, over its range."""

TOLERANCE = 3
"""Levels that differ by no more are one surface: what is within it stays as it is."""

MAJORITY = 1.25
"""How many times as much the pixels at the new depth have to weigh as those at the pixel's own."""

ROWS = 16
"""Rows that are filtered at once."""


def weighted_median(
    coordinates: Floats,
    image: Floats,
    span: tuple[float, float],
    alike: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Blur coordinates after a vote of the pixels around that look alike.

    A pixel in a plain patch beside a bar shows nothing of its own depth, and what the planes show of it is
    the bar's blur: it gets the bar's depth. Pixels further off that look the same know better. The weighted
    median of Ma et al., "Constant time weighted median filtering for stereo matching and beyond" (ICCV
    2013), here only where it is another surface than the pixel's own and weighs clearly more.

    Parameters
    ----------
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    span : tuple of float
        Blur coordinates of the ends of the depth range, in any order.
    alike : float
        Standard deviation of the differences of intensity between pixels that look alike, in units of white.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    low, high = min(span), max(span)
    step = (high - low) / (LEVELS - 1)
    levels = np.clip(np.rint((coordinates - low) / step), 0, LEVELS - 1).astype(np.int32)
    side = 2 * RADIUS + 1
    wanted = maximum_filter(levels, side) - minimum_filter(levels, side) > TOLERANCE
    distances = np.arange(-RADIUS, RADIUS + 1)
    fall = np.exp(-0.5 * (distances / DEVIATION) ** 2).astype(np.float32)
    sharpness = np.float32(1 / (2 * len(image) * alike**2))

    def rows(tile: Tile) -> NDArray[np.int32]:
        out = np.empty((tile.height, levels.shape[1]), np.int32)
        votes = np.empty(LEVELS, np.float32)
        weighted_median_rows(
            levels, image, wanted, tile.y0, fall, sharpness, np.float32(MAJORITY), TOLERANCE, votes, out
        )
        return out

    new = coordinates.copy()
    bands = [Tile(y, 0, min(ROWS, len(levels) - y), levels.shape[1]) for y in range(0, len(levels), ROWS)]
    for band, found in map_tiles(rows, bands, threads, progress):
        changed = found != levels[band.slices]
        new[band.slices][changed] = (low + step * found[changed]).astype(np.float32)
    return new


def span_of(optics: Optics, depth_range: tuple[float, float]) -> tuple[float, float]:
    """Blur coordinates of the ends of a depth range."""
    first, last = optics.to_blur_coordinate(np.array(depth_range))
    return float(first), float(last)
