"""What the filters of a depth map share: windows that fall off, and rows by the band."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.tiles import Tile, map_tiles, split

Floats = NDArray[np.float32]

ROWS = 16
"""About how many rows are filtered at once."""


def fall_off(radius: int, deviation: float) -> Floats:
    """Weights of the rows or columns of a window: a Gaussian of `deviation` px, (2 radius + 1,)."""
    steps = np.arange(-radius, radius + 1)
    return np.exp(-0.5 * (steps / deviation) ** 2).astype(np.float32)


def bands_of(shape: tuple[int, ...]) -> list[Tile]:
    """An image of `shape` in bands of about `ROWS` rows."""
    height, width = shape
    return split((height, width), (ROWS, width))


def in_bands(
    rows: Callable[[Tile], Floats],
    shape: tuple[int, ...],
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """The filtered map (Y, X) of `shape`, from what `rows` makes of each band of rows."""
    new = np.empty(shape, np.float32)
    for band, found in map_tiles(rows, bands_of(shape), threads, progress):
        new[band.slices] = found
    return new
