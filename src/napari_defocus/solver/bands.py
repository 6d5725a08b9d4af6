"""Filters of a depth map, some rows at a time."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.tiles import Tile, map_tiles, split

Floats = NDArray[np.float32]

ROWS = 16
"""About how many rows are filtered at once."""


def in_bands(
    rows: Callable[[Tile], Floats],
    shape: tuple[int, ...],
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """The filtered map (Y, X) of `shape`, from what `rows` makes of each band of rows."""
    height, width = shape
    new = np.empty((height, width), np.float32)
    for band, found in map_tiles(rows, split((height, width), (ROWS, width)), threads, progress):
        new[band.slices] = found
    return new
