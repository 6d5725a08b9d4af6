"""Runs a solver in another thread, with progress, results on the way, and a Cancel that loses nothing."""

import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from threading import Event, Lock, Thread
from typing import Any

from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from superqt.utils import WorkerBase
from superqt.utils._qthreading import WorkerBaseSignals

from napari_defocus import solver
from napari_defocus.alignment.result import AlignmentResult
from napari_defocus.errors import CancelledError
from napari_defocus.optics import Optics
from napari_defocus.plugin.painting_tools import load_for_labels
from napari_defocus.plugin.preparation import FIRST_USE, Preparation
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings

__all__ = ["UNFINISHED", "DefocusWorker", "DepthWorker", "FocusWorker", "SolverWorker"]

Outcome = DefocusResult | AlignmentResult
"""What a run may end with."""

LEAST_INTERVAL = 0.2
"""Seconds between two updates of the window: drawing an image takes up to a tenth of one."""

LONGEST_PAUSE = 3.0
"""Seconds that the solver waits at most for the window to show a result."""


UNFINISHED = (
    "Cancelled while the solver was being prepared: depth and image are kept, confidence and outliers "
    "were not computed."
)
"""Note of a result that is only depth and image."""


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
    """

    progressed = Signal(float, str)
    improved = Signal(object)
    cancelled = Signal(object)


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
        self._last_progress = -LEAST_INTERVAL
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
        thread = Thread(target=self._solve, name="napari-defocus")
        thread.start()
        self._ended.wait()
        self._report()
        self._running = False
        self.finished.emit()
        thread.join()  # else the signals, which belong to the window's thread, might be deleted in that one
        with suppress(RuntimeError):  # the program ended meanwhile, and took the signals with it
            self._finished.emit(self)

    @abstractmethod
    def work(self) -> None:
        """Run the solver; called in its thread."""

    @abstractmethod
    def best(self) -> Outcome | None:
        """Return the best result so far, None before the first."""

    def _report(self) -> None:
        error = self._error
        result: Outcome | None = None
        if error is None and not self._unwanted:
            try:
                result = self.best()
            except Exception as failure:
                error = failure
        if error is not None:
            self.errored.emit(error)
        else:
            (self.cancelled if self.abort_requested else self.returned).emit(result)

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
        if now - self._last_progress >= LEAST_INTERVAL:
            self._last_progress = now
            self.progressed.emit(fraction, message)


class DepthWorker(SolverWorker):
    """A run that gives the depth of one stack."""

    @abstractmethod
    def states(self, progress: Progress) -> Iterator[SolverState | DefocusResult]:
        """Yield what there is of the result as it comes, in whatever thread asks for it."""


class DefocusWorker(DepthWorker):
    """Depth from defocus.

    Parameters
    ----------
    images : array, (planes, Y, X[, 3])
        The focal stack, NumPy or dask.
    optics : Optics
        Its optics.
    settings : SolverSettings
        Settings of the solver.
    preparation : Preparation, optional
        What compiles for the solver, which then goes one step behind it.
    """

    def __init__(
        self,
        images: Any,
        optics: Optics,
        settings: SolverSettings,
        preparation: Preparation | None = None,
    ) -> None:
        super().__init__()
        self._images, self._optics, self._settings = images, optics, settings
        self._preparation = preparation
        self._lock = Lock()
        self._state: SolverState | None = None
        self._result: DefocusResult | None = None

    def work(self) -> None:
        """Run the alternating minimization."""
        shown = -LEAST_INTERVAL
        for state in self.states(self._progress):
            if self._take(state, show=time.monotonic() - shown >= LEAST_INTERVAL):
                # without the solver beside it the window draws several times faster
                self._shown.wait(LONGEST_PAUSE)
                shown = time.monotonic()

    def states(self, progress: Progress) -> Iterator[SolverState]:
        done, steps = 0.0, set[str]()

        def report(share: float, message: str) -> None:
            nonlocal done
            done = share
            progress(share, message)

        def wait() -> None:
            if self._preparation is not None:
                self._preparation.wait_for(len(steps) + 1, lambda: progress(done, FIRST_USE))

        wait()
        for state in solver.alternating_minimization(
            self._images, self._optics, self._settings, progress=report
        ):
            yield state
            steps.add(state.step)
            wait()

    def best(self) -> DefocusResult | None:
        """Return the result of the last state; on a request to stop, without waiting for the compiler."""
        with self._lock:
            if self._result is None and self._state is not None:
                self._result = self._unfinished(self._state) or solver.finish(self._state)
            return self._result

    def _unfinished(self, state: SolverState) -> DefocusResult | None:
        """What there is of a cancelled run whose last kernels, of some seconds, are not compiled yet."""
        if not self.abort_requested or self._preparation is None or not self._preparation.compiling:
            return None
        result = solver.so_far(state)
        return replace(result, notes=(*result.notes, UNFINISHED))

    def _take(self, state: SolverState, *, show: bool) -> bool:
        """Keep a state, and give its result to the window if that is due and it has shown the one before."""
        with self._lock:  # a request to stop waits for the result of this state
            if self.abort_requested:
                raise CancelledError
            self._state, self._result = state, None
            if not (show and self._shown.is_set()):
                return False
            self._shown.clear()
            self.improved.emit(solver.so_far(state))
            return not self.abort_requested


class FocusWorker(DepthWorker):
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
        self._result: DefocusResult | None = None

    def work(self) -> None:
        """Run the focus measure."""
        (self._result,) = self.states(self._progress)

    def states(self, progress: Progress) -> Iterator[DefocusResult]:
        yield solver.depth_from_focus(self._images, progress=progress, **self._options)

    def best(self) -> DefocusResult | None:
        """Return the result, None before the end."""
        return self._result
