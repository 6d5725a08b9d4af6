"""Work on an image tile by tile, on all cores."""

import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice, pairwise
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
    """Call `function` on each tile in a pool of threads; yield tiles and results in the tiles' order.

    In order, so that sums over tiles come out the same in every run. Python threads suffice since the
    kernels release the GIL, and unlike a compiled parallel loop they may be used from several threads at
    once and stop between two tiles. `progress` gets the share of tiles done; if it raises, waiting tiles are
    dropped and the error goes on to the caller.
    """
    threads = min(threads or os.cpu_count() or 1, len(tiles))
    with ThreadPoolExecutor(threads, thread_name_prefix="napari-defocus") as pool:
        ahead: deque[tuple[Tile, Future[T]]] = deque()
        waiting = iter(tiles)
        try:
            for done in range(len(tiles)):
                for tile in islice(waiting, 3 * threads - len(ahead)):  # few in flight, to stop quickly
                    ahead.append((tile, pool.submit(function, tile)))
                tile, future = ahead.popleft()
                yield tile, future.result()
                if progress is not None:
                    progress((done + 1) / len(tiles))
        finally:
            for _, future in ahead:
                future.cancel()
