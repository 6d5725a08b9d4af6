"""Python's garbage collector during a run.

A full collection goes through all objects of the process, in napari half a million, and stops every thread
meanwhile: 0.15 s and more. What the solver loads as it begins brings one about.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

__all__ = ["collect_all_again", "without_full_collections"]

NEVER = 2**30
"""So many collections of younger objects to one of all."""

_lock = Lock()
_runs = 0
_before: tuple[int, int, int] | None = None


@contextmanager
def without_full_collections() -> Iterator[None]:
    """Collect only young garbage until the block ends; several blocks may overlap."""
    global _runs, _before  # there is one collector in a process
    with _lock:
        _runs += 1
        if _runs == 1:
            _before = gc.get_threshold()
            gc.set_threshold(*_before[:2], NEVER)
    try:
        yield
    finally:
        with _lock:
            _runs -= 1
            last = _runs == 0
        if last:
            collect_all_again()


def collect_all_again() -> None:
    """End that early: something large was deleted, and its memory is to become free."""
    global _before
    with _lock:
        if _before is not None:
            gc.set_threshold(*_before)
            _before = None
