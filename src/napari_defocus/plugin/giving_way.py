"""A thread that gives way to the window when both want a processor.

Drawing and answering take milliseconds, but they wait for every solver thread that is as important. Only
Linux has what helps: a priority of each thread, handed down to the threads that it starts, by which its share
becomes smaller. Elsewhere priorities are strict: on a busy machine a thread that holds Python's lock and
never gets its turn would hold up the window for good.

A lowered thread cannot be raised again, so it must not be one of a pool that others use. Libraries start the
threads that they share when they first need them: those of zarr are started beforehand if it is loaded. What
else is first started in a thread that gives way, does so too for as long as the program lives: it is no
slower where a processor is free, but on a busy machine other plugins that use it wait longer.
"""

import os
import sys
import threading
from contextlib import suppress

__all__ = ["NICER", "GivingWay"]

NICER = 5
"""By how much these threads are nicer than what started them: a third of its share.

No more, or on a busy machine other programs would leave them next to nothing, with Python's lock in hand.
"""


class GivingWay(threading.Thread):
    """A thread that is nicer than the one that starts it, with all that it starts itself."""

    def start(self) -> None:
        """Start it, after what is shared with others."""
        _start_threads_of_zarr()
        super().start()

    def run(self) -> None:
        """Lower the priority and do the work."""
        if sys.platform == "linux":
            thread = threading.get_native_id()
            with suppress(OSError):  # where that is forbidden the window has to wait
                os.setpriority(os.PRIO_PROCESS, thread, os.getpriority(os.PRIO_PROCESS, thread) + NICER)
        super().run()


def _start_threads_of_zarr() -> None:
    """Have zarr start the thread that all its arrays are read in, and that starts its others.

    It does so at the first access to any store. Where it is not loaded no open layer is likely to need it,
    and to load it takes a third of a second.
    """
    zarr = sys.modules.get("zarr")
    if zarr is not None:
        with suppress(Exception):  # whoever needs it will be told
            zarr.group()  # in memory
