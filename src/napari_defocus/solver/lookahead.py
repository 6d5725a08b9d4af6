"""Work on planes a few ahead of where their results are used."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

A = TypeVar("A")
B = TypeVar("B")

AHEAD = 4
"""Planes in work or waiting to be used: bounds the memory."""


def map_ahead(function: Callable[[A], B], items: Iterable[A]) -> Iterator[B]:
    """Yield ``function(item)`` in order, computed in other threads a few items ahead.

    Unlike :meth:`ThreadPoolExecutor.map` it does not run through all items at once, and an iteration that is
    given up leaves only those few to finish.
    """
    with ThreadPoolExecutor(AHEAD, thread_name_prefix="napari-defocus") as pool:
        waiting = iter(items)
        ahead: deque[Future[B]] = deque(pool.submit(function, item) for item in islice(waiting, AHEAD))
        try:
            while ahead:
                result = ahead.popleft().result()
                ahead.extend(pool.submit(function, item) for item in islice(waiting, 1))
                yield result
        finally:
            for future in ahead:
                future.cancel()
