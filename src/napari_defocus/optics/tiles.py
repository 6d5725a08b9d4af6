"""Work on an image tile by tile, on all cores."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import pairwise
from typing import NamedTuple, TypeVar

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


def split(shape: tuple[int, int], side: int) -> list[Tile]:
    """Split an image of `shape` into tiles of about `side` px, all of nearly the same size."""
    rows, columns = (_cuts(length, side) for length in shape)
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
    """Call `function` on each tile in a pool of threads; yield tiles and results as they are done.

    Python threads suffice since the kernels release the GIL, and unlike a compiled parallel loop they may be
    used from several threads at once and stop between two tiles. `progress` gets the share of tiles done; if
    it raises, waiting tiles are dropped and the error goes on to the caller.
    """
    threads = threads or os.cpu_count() or 1
    if threads == 1 or len(tiles) == 1:
        for done, tile in enumerate(tiles, 1):
            yield tile, function(tile)
            if progress is not None:
                progress(done / len(tiles))
        return
    queue = iter(tiles)
    done = 0
    with ThreadPoolExecutor(threads, thread_name_prefix="napari-defocus") as pool:
        running: dict[Future[T], Tile] = {}
        try:
            for tile in queue:
                running[pool.submit(function, tile)] = tile
                if len(running) < 2 * threads:  # few in flight, so that stopping is quick
                    continue
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
                    done += 1
                if progress is not None:
                    progress(done / len(tiles))
            while running:
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
                    done += 1
                if progress is not None:
                    progress(done / len(tiles))
        finally:
            for future in running:
                future.cancel()
