"""Compiles what the next run needs, in a process of its own, while the user looks at the stack."""

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Condition
from typing import Any

import psutil
from qtpy.QtCore import QObject, QProcess, Signal  # type: ignore[attr-defined]

from napari_defocus.plugin.tiny_run import prepared

__all__ = ["FIRST_USE", "Preparation"]

FIRST_USE = "preparing the solver (first use on this computer)"

MODULE = "napari_defocus.plugin.tiny_run"

NICER = 2
"""By how much the process is nicer than the window, which goes first. No more: somebody waits for it."""

LOOKS = 0.1
"""Seconds between two looks whether a run that waits is still wanted."""

DEATH = 2000
"""Milliseconds that a killed process is waited for."""


class Preparation(QObject):
    """At most one process that compiles. Its failure is not told: a run then compiles for itself.

    Parameters
    ----------
    parent : QObject
        The process ends with it.

    Attributes
    ----------
    ENABLED : bool
        Whether anything is compiled ahead; not in a frozen program, which cannot run a module.
    changed : Signal(bool)
        Whether something is being compiled.
    """

    ENABLED = not getattr(sys, "frozen", False)
    changed = Signal(bool)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._file: Path | None = None
        self._done: set[Path] = set()
        self._told = Condition()
        self._steps: int | None = None
        self._process = process = QProcess(self)
        process.setStandardErrorFile(QProcess.nullDevice())
        process.started.connect(self._on_started)
        process.readyReadStandardOutput.connect(self._on_output)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        parent.destroyed.connect(partial(_end_silently, process))

    @property
    def busy(self) -> bool:
        """Whether something is being compiled."""
        return self._file is not None

    @property
    def compiling(self) -> bool:
        """The same, for other threads."""
        with self._told:
            return self._steps is not None

    def want(self, kind: dict[str, Any]) -> None:
        """Have compiled what a run of a kind needs, unless it is in the cache; in place of another kind.

        Parameters
        ----------
        kind : dict
            From :func:`~napari_defocus.plugin.tiny_run.kind_of_run`.
        """
        if not self.ENABLED:
            return
        file = prepared(kind)
        if file in self._done or file == self._file:
            return
        self.stop()
        if file.exists():
            self._done.add(file)
            return
        self._file = file
        with self._told:
            self._steps = 0
        self._process.start(sys.executable, ["-P", "-m", MODULE])
        self._process.write(json.dumps(kind).encode() + b"\n")
        self.changed.emit(True)

    def wait_for(self, steps: int | None, look: Callable[[], None]) -> None:
        """Wait, in the thread of a run, until so many kinds of steps are compiled; None: all of them.

        `look` is called several times a second and may raise to give up.
        """
        with self._told:
            while self._steps is not None and (steps is None or self._steps < steps):
                look()
                self._told.wait(LOOKS)

    def stop(self) -> None:
        """End the process, if there is one."""
        if self.busy:
            _end_silently(self._process)
            self._process.blockSignals(False)
            self._end()

    def _on_started(self) -> None:
        with suppress(psutil.Error):  # it has ended already, or the priority is not ours to set
            process = psutil.Process(self._process.processId())
            process.nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS", process.nice() + NICER))

    def _on_output(self) -> None:
        lines = self._process.readAllStandardOutput().count(b"\n")
        with self._told:
            if self._steps is not None:
                self._steps += lines
            self._told.notify_all()

    def _on_finished(self) -> None:
        if self._file is not None:
            self._done.add(self._file)  # also where it failed: it would fail again
        self._end()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._on_finished()

    def _end(self) -> None:
        self._file = None
        with self._told:
            self._steps = None
            self._told.notify_all()
        self.changed.emit(False)


def _end_silently(process: QProcess) -> None:
    """Kill a process and tell nobody; Qt complains of processes that outlive their object."""
    process.blockSignals(True)
    process.kill()
    process.waitForFinished(DEATH)
