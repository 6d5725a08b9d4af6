"""Work on tiles or planes a few ahead of where their results are used."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4
"""Planes in work or waiting to be used: bounds the memory."""


def map_ahead(
    function: Callable[[A], B], items: Iterable[A], *, threads: int = AHEAD, ahead: int = AHEAD
) -> Generator[B, None, None]:
    """Yield ``function(item)`` in order, computed in other threads up to `ahead` items ahead.

    Unlike :meth:`ThreadPoolExecutor.map` it does not run through all items at once, and an iteration that is
    given up leaves only those few to finish.
    """
    with ThreadPoolExecutor(threads, thread_name_prefix="napari-defocus") as pool:
        waiting = iter(items)
        running: deque[Future[B]] = deque(pool.submit(function, item) for item in islice(waiting, ahead))
        try:
            while running:
                result = running.popleft().result()
                running.extend(pool.submit(function, item) for item in islice(waiting, 1))
                yield result
        finally:
            for future in running:
                future.cancel()
