"""Work on an image tile by tile, on all cores."""

from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from typing import NamedTuple, TypeVar

from napari_defocus.optics.lookahead import default_threads, map_ahead

T = TypeVar("T")


class Tile(NamedTuple):
    """A rectangle of the image: first row and column, height and width, px."""

    y0: int
    x0: int
    height: int
    width: int

    @property
    def slices(self) -> tuple[slice, slice]:
        """The tile as an index of the image."""
        return slice(self.y0, self.y0 + self.height), slice(self.x0, self.x0 + self.width)


def split(shape: tuple[int, int], sides: tuple[int, int]) -> list[Tile]:
    """Split an image of `shape` into tiles of about `sides` (height, width) px, nearly all of one size."""
    rows, columns = (_cuts(length, side) for length, side in zip(shape, sides, strict=True))
    return [Tile(y0, x0, y1 - y0, x1 - x0) for y0, y1 in pairwise(rows) for x0, x1 in pairwise(columns)]


def _cuts(length: int, side: int) -> list[int]:
    parts = max(1, round(length / side))
    return [round(i * length / parts) for i in range(parts + 1)]


def map_tiles(
    function: Callable[[Tile], T],
    tiles: list[Tile],
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Iterator[tuple[Tile, T]]:
    """Call `function` on each tile in a pool of threads; yield tiles and results in the tiles' order.

    In order, so that sums over tiles come out the same in every run. Python threads suffice since the
    kernels release the GIL, and unlike a compiled parallel loop they may be used from several threads at
    once and stop between two tiles. `progress` gets the share of tiles done; if it raises, waiting tiles are
    dropped and the error goes on to the caller.
    """
    threads = min(threads or default_threads(), len(tiles))
    # closed at once when `progress` raises, which a traceback that holds the generator would put off
    with closing(map_ahead(function, tiles, threads=threads, ahead=3 * threads)) as results:
        for done, (tile, result) in enumerate(zip(tiles, results, strict=True), 1):
            yield tile, result
            if progress is not None:
                progress(done / len(tiles))
