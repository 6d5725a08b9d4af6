"""Runs a solver in another thread, with progress, results on the way, and a Cancel that loses nothing."""

import time
from abc import abstractmethod
from contextlib import suppress
from threading import Event
from typing import Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from superqt.utils import WorkerBase
from superqt.utils._qthreading import WorkerBaseSignals

from napari_defocus.alignment.result import AlignmentResult
from napari_defocus.errors import CancelledError
from napari_defocus.plugin.giving_way import GivingWay
from napari_defocus.plugin.painting_tools import load_for_labels
from napari_defocus.solver.result import DefocusResult

__all__ = ["LEAST_INTERVAL", "LONGEST_PAUSE", "Outcome", "SolverSignals", "SolverWorker"]

Outcome = DefocusResult | AlignmentResult
"""What a run may end with."""

LEAST_INTERVAL = 0.2
"""Seconds between two updates of the window: drawing an image takes up to a tenth of one."""

LEAST_BETWEEN_MESSAGES = 0.5
"""Seconds between two messages of progress: for each the whole window is drawn anew."""

LONGEST_PAUSE = 3.0
"""Seconds that the solver waits at most for the window to show a result."""


class SolverSignals(WorkerBaseSignals):
    """Signals of a run, emitted in other threads and received in the window's.

    Attributes
    ----------
    progressed : Signal(float, str)
        Share of the run that is done, and what is being done.
    improved : Signal(DefocusResult)
        The result so far. The solver waits until :meth:`SolverWorker.resume` is called.
    cancelled : Signal(DefocusResult or None)
        The run ended on request; the best result so far, None before the first.
    kept : Signal(DefocusResult)
        What there is of a run that an error has stopped; before ``errored``.
    """

    progressed = Signal(float, str)
    improved = Signal(object)
    cancelled = Signal(object)
    kept = Signal(object)


class SolverWorker(WorkerBase["Outcome | None"]):
    """A run that ends in exactly one of ``returned``, ``cancelled`` and ``errored``, then ``finished``.

    Unlike a generator worker it also reports a RuntimeError. The solver has a thread of its own: a request to
    stop is answered at once with the best result so far, and the solver ends when it next reports progress.

    Attributes
    ----------
    SIGNALS : type
        Class of the signals.
    ANSWERS_AT_ONCE : bool
        Whether a request to stop is answered before the solver has ended.
    """

    SIGNALS: type[SolverSignals] = SolverSignals
    ANSWERS_AT_ONCE = True
    signals: SolverSignals

    def __init__(self) -> None:
        super().__init__(SignalsClass=self.SIGNALS)
        self._last_progress = -LEAST_BETWEEN_MESSAGES
        self._unwanted = False
        self._error: Exception | None = None
        self._ended = Event()
        self._shown = Event()
        self._shown.set()
        self._going = Event()
        self._going.set()

    @property
    def paused(self) -> bool:
        """Whether the solver waits, or will when it next reports progress."""
        return not self._going.is_set()

    def pause(self) -> None:
        """Let the solver wait from its next report of progress on."""
        if not self.abort_requested:
            self._going.clear()

    def unpause(self) -> None:
        """Let it go on."""
        self._going.set()

    def discard(self) -> None:
        """Stop as soon as possible; nobody waits for the result."""
        self._unwanted = True
        self.quit()

    def quit(self) -> None:
        """Ask for the end of the run; it is answered with ``cancelled``."""
        super().quit()
        if self.ANSWERS_AT_ONCE:
            self._ended.set()
        self._shown.set()
        self._going.set()

    def resume(self) -> None:
        """Let the solver go on: the window has shown what it was given."""
        self._shown.set()

    def run(self) -> None:
        """Start the solver, wait for its end or a request to stop, and report; called by the thread pool.

        The base class also redirects warnings for the time of the run. That changes the whole process, and
        two runs at once would leave it changed.
        """
        self._running = True
        self.started.emit()
        thread = GivingWay(target=self._solve, name="napari-defocus")
        thread.start()
        self._ended.wait()
        report = GivingWay(target=self._report, name="napari-defocus")  # it may have much to compute as well
        report.start()
        report.join()
        self._running = False
        self._send(self.finished)
        thread.join()  # else the signals, which belong to the window's thread, might be deleted in that one
        self._send(self._finished, self)

    @abstractmethod
    def work(self) -> None:
        """Run the solver; called in its thread."""

    @abstractmethod
    def best(self) -> Outcome | None:
        """Return the best result so far, None before the first."""

    def rest(self) -> Outcome | None:
        """Return what there is of a run that an error has stopped, None before the first result."""
        return None

    def _report(self) -> None:
        error = self._error
        result: Outcome | None = None
        if error is None and not self._unwanted:
            try:
                result = self.best()
            except Exception as failure:
                error = failure
        if error is not None:
            self._keep_rest()
            self._send(self.errored, error)
        else:
            self._send(self.cancelled if self.abort_requested else self.returned, result)

    @staticmethod
    def _send(signal: Any, *values: Any) -> None:
        with suppress(RuntimeError):  # the program ended meanwhile, and took the signals with it
            signal.emit(*values)

    def _keep_rest(self) -> None:
        with suppress(Exception):  # there may be no memory for it; the error itself is what is told
            rest = None if self._unwanted else self.rest()
            if rest is not None:
                self.kept.emit(rest)

    def _solve(self) -> None:
        try:
            load_for_labels()  # better here than a third of a second in the window's thread
            self.work()
        except CancelledError:
            pass  # the request has been answered
        except Exception as error:  # whatever it is, the user has to be told
            self._error = error
        finally:
            self._ended.set()

    def _progress(self, fraction: float, message: str) -> None:
        self._going.wait()
        if self.abort_requested:
            raise CancelledError
        now = time.monotonic()
        if now - self._last_progress >= LEAST_BETWEEN_MESSAGES:
            self._last_progress = now
            self.progressed.emit(fraction, message)
