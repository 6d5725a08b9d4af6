"""Python's garbage collector during a run.

A full collection goes through all objects of the process, in napari half a million, and stops every thread
meanwhile: 0.15 s and more. What the solver loads as it begins brings one about.
"""

import gc
from collections.abc import Callable
from functools import partial
from itertools import count
from threading import Lock

__all__ = ["collect_all_again", "hold_full_collections"]

NEVER = 2**30
"""So many collections of younger objects to one of all."""

_lock = Lock()
_numbers = count()
_holds: set[int] = set()
_before: tuple[int, int, int] | None = None


def hold_full_collections() -> Callable[[], None]:
    """Collect only young garbage until what this returns is called; that may be called twice.

    Several holds may overlap.
    """
    global _before  # there is one collector in a process
    with _lock:
        hold = next(_numbers)
        if not _holds:
            _before = gc.get_threshold()
            gc.set_threshold(*_before[:2], NEVER)
        _holds.add(hold)
    return partial(_end, hold)


def _end(hold: int) -> None:
    with _lock:
        _holds.discard(hold)
        last = not _holds
    if last:
        collect_all_again()


def collect_all_again() -> None:
    """End that early: something large was deleted, and its memory is to become free."""
    global _before
    with _lock:
        if _before is not None:
            gc.set_threshold(*_before)
            _before = None
