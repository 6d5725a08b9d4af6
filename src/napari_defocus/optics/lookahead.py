"""Work on tiles or planes a few ahead of where their results are used."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4
"""Planes in work or waiting to be used: bounds the memory."""

_most_threads: int | None = None


def limit_threads(threads: int | None) -> None:
    """Set how many threads a computation may use in this process; None: as many as there are cores."""
    global _most_threads
    _most_threads = threads


def default_threads() -> int:
    """Return the number of threads for work that is not told how many to take."""
    return _most_threads or os.cpu_count() or 1


def map_ahead(
    function: Callable[[A], B], items: Iterable[A], *, threads: int = AHEAD, ahead: int = AHEAD
) -> Generator[B, None, None]:
    """Yield ``function(item)`` in order, computed in other threads up to `ahead` items ahead.

    Unlike :meth:`ThreadPoolExecutor.map` it does not run through all items at once, and an iteration that is
    given up leaves only those few to finish.
    """
    threads = min(threads, _most_threads or threads)
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
