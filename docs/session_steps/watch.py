"""What nobody wants to see: lines in the console, errors, threads and runs that are left."""

import os
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from napari.utils.notifications import Notification, notification_manager
from superqt.utils import WorkerBase

OF_NAPARI = ("INFO: ", "WARNING: ", "ERROR: ")
"""napari copies its notifications to the console."""


class Watch:
    """Console and notifications of the session."""

    def __init__(self) -> None:
        self.told: list[Notification] = []
        self._read = 0
        self._console = tempfile.TemporaryFile("w+b")  # noqa: SIM115  # closed with the process
        notification_manager.notification_ready.connect(self.told.append)

    @contextmanager
    def console(self) -> Iterator[None]:
        """Keep what any code writes to the standard error, C libraries included."""
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(self._console.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)

    def forget(self) -> None:
        """Take what was written so far as given: messages of the display as the window opens."""
        self.lines()
        self.told.clear()

    def lines(self) -> list[str]:
        """Return the lines written to the console since the last call."""
        sys.stderr.flush()
        self._console.seek(self._read)
        written = self._console.read()
        self._read += len(written)
        lines = written.decode(errors="replace").splitlines()
        return [line for line in lines if line.strip() and not line.startswith(OF_NAPARI)]

    def expect(self, text: str) -> None:
        """Take an error that the user was told as what had to come."""
        (told,) = (told for told in self.told if text in told.message)
        self.told.remove(told)

    def check(self) -> None:
        """Fail if something was written, or told that is no mere information."""
        lines = self.lines()
        assert not lines, lines
        bad = [told.message for told in self.told if str(told.severity) != "info"]
        assert not bad, bad


def threads() -> list[str]:
    """Return the names of our threads that live."""
    return [thread.name for thread in threading.enumerate() if "defocus" in thread.name]


def workers() -> set[Any]:
    """Return the workers of the window that have not ended."""
    return set(WorkerBase._worker_set)
