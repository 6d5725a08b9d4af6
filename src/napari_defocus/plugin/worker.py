"""Runs a solver in another thread, with progress, results on the way, and a Cancel that loses nothing."""

import time
from abc import abstractmethod
from typing import Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from superqt.utils import WorkerBase
from superqt.utils._qthreading import WorkerBaseSignals

from napari_defocus import solver
from napari_defocus.errors import CancelledError
from napari_defocus.optics import Optics
from napari_defocus.solver.result import DefocusResult, SolverState
from napari_defocus.solver.settings import SolverSettings

__all__ = ["DefocusWorker", "FocusWorker", "SolverWorker"]

LEAST_INTERVAL = 0.2
"""Seconds between two updates of the window: drawing an image takes up to a tenth of one."""


class SolverSignals(WorkerBaseSignals):
    """Signals of a run, emitted in the computing thread and received in the window's.

    Attributes
    ----------
    progressed : Signal(float, str)
        Share of the run that is done, and what is being done.
    improved : Signal(SolverState)
        Depth and AIF so far.
    cancelled : Signal(DefocusResult or None)
        The run ended on request; the best result so far, None before the first.
    """

    progressed = Signal(float, str)
    improved = Signal(object)
    cancelled = Signal(object)


class SolverWorker(WorkerBase["DefocusResult | None"]):
    """A run that ends in exactly one of ``returned``, ``cancelled`` and ``errored``, then ``finished``.

    Unlike a generator worker it also reports a RuntimeError.
    """

    signals: SolverSignals

    def __init__(self) -> None:
        super().__init__(SignalsClass=SolverSignals)
        self._last_progress = -LEAST_INTERVAL
        self._unwanted = False

    def discard(self) -> None:
        """Stop as soon as possible; nobody waits for the result."""
        self._unwanted = True
        self.quit()

    def run(self) -> None:
        """Compute and report; called by the thread pool.

        The base class also redirects warnings for the time of the run. That changes the whole process, and
        two runs at once would leave it changed.
        """
        self._running = True
        self.started.emit()
        try:
            result = self.work()
        except CancelledError:
            self.cancelled.emit(None)
        except Exception as error:  # whatever it is, the user has to be told
            self.errored.emit(error)
        else:
            (self.cancelled if self.abort_requested else self.returned).emit(result)
        self._running = False
        self.finished.emit()
        self._finished.emit(self)

    @abstractmethod
    def work(self) -> DefocusResult | None:
        """Compute the result; on a request to stop, the best one so far."""

    def _progress(self, fraction: float, message: str) -> None:
        if self.abort_requested:
            raise CancelledError
        now = time.monotonic()
        if now - self._last_progress >= LEAST_INTERVAL:
            self._last_progress = now
            self.progressed.emit(fraction, message)


class DefocusWorker(SolverWorker):
    """Depth from defocus.

    Parameters
    ----------
    images : array, (planes, Y, X[, 3])
        The focal stack, NumPy or dask.
    optics : Optics
        Its optics.
    settings : SolverSettings
        Settings of the solver.
    """

    def __init__(self, images: Any, optics: Optics, settings: SolverSettings) -> None:
        super().__init__()
        self._images, self._optics, self._settings = images, optics, settings

    def work(self) -> DefocusResult | None:
        """Run the alternating minimization."""
        last: SolverState | None = None
        shown = -LEAST_INTERVAL
        states = solver.alternating_minimization(
            self._images, self._optics, self._settings, progress=self._progress
        )
        try:
            for last in states:
                if self.abort_requested:
                    break
                if time.monotonic() - shown >= LEAST_INTERVAL:
                    shown = time.monotonic()
                    self.improved.emit(last)
        except CancelledError:
            pass
        return None if last is None or self._unwanted else solver.finish(last)


class FocusWorker(SolverWorker):
    """Depth from focus.

    Parameters
    ----------
    images : array, (planes, Y, X[, 3])
        The focal stack, NumPy or dask.
    **options
        Keyword arguments of :func:`napari_defocus.depth_from_focus`.
    """

    def __init__(self, images: Any, **options: Any) -> None:
        super().__init__()
        self._images, self._options = images, options

    def work(self) -> DefocusResult:
        """Run the focus measure."""
        return solver.depth_from_focus(self._images, progress=self._progress, **self._options)
