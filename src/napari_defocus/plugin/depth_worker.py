"""Runs that give the depth of one stack, by defocus or by focus, with results on the way."""

import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import replace
from threading import Lock
from typing import Any

from napari_defocus import solver
from napari_defocus.errors import CancelledError
from napari_defocus.io.stack_part import Rectangle, result_inside
from napari_defocus.optics import Optics
from napari_defocus.plugin.preparation import FIRST_USE, Preparation
from napari_defocus.plugin.worker import LEAST_INTERVAL, LONGEST_PAUSE, SolverWorker
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings

__all__ = ["CANCELLED", "STOPPED", "UNFINISHED", "DefocusWorker", "DepthWorker", "FocusWorker", "stopped"]

UNFINISHED = (
    "Cancelled while the solver was being prepared: depth and image are kept, confidence and outliers "
    "were not computed."
)
"""Note of a result that is only depth and image."""

CANCELLED = "Cancelled before the end: a whole run with these settings gives other numbers."
"""Note of the best result so far."""

STOPPED = (
    "An error stopped the run: depth and image are from before; confidence and outliers were not computed."
)
"""The same of a run that did not end."""


class DepthWorker(SolverWorker):
    """A run that gives the depth of one stack.

    Attributes
    ----------
    inside : (slice, slice) or None
        Rows and columns of the images that the results it reports are of. None: all.
    """

    inside: Rectangle | None = None

    @abstractmethod
    def states(self, progress: Progress) -> Iterator[SolverState | DefocusResult]:
        """Yield what there is of the result as it comes, of all rows and columns, in the caller's thread."""

    def cut(self, result: DefocusResult) -> DefocusResult:
        """Return what a result tells of the rows and columns inside."""
        return result if self.inside is None else result_inside(result, self.inside)


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
                self._result = self.cut(self._unfinished(self._state) or self._whole_or_noted(self._state))
            return self._result

    def rest(self) -> DefocusResult | None:
        """Return depth and image of the last state."""
        with self._lock:
            return None if self._state is None else self.cut(stopped(self._state))

    def _whole_or_noted(self, state: SolverState) -> DefocusResult:
        result = solver.finish(state)
        return noted(result, CANCELLED) if self.abort_requested else result

    def _unfinished(self, state: SolverState) -> DefocusResult | None:
        """What there is of a cancelled run whose last kernels, of some seconds, are not compiled yet."""
        if not self.abort_requested or self._preparation is None or not self._preparation.compiling:
            return None
        return noted(solver.so_far(state), UNFINISHED)

    def _take(self, state: SolverState, *, show: bool) -> bool:
        """Keep a state, and give its result to the window if that is due and it has shown the one before."""
        with self._lock:  # a request to stop waits for the result of this state
            if self.abort_requested:
                raise CancelledError
            self._state, self._result = state, None
            if not (show and self._shown.is_set()):
                return False
            self._shown.clear()
            self.improved.emit(self.cut(solver.so_far(state)))
            return not self.abort_requested


def stopped(state: SolverState) -> DefocusResult:
    """Return what there is of a run whose last state this is, with a note."""
    return noted(solver.so_far(state), STOPPED)


def noted(result: DefocusResult, note: str) -> DefocusResult:
    """Return a result with one more note."""
    return replace(result, notes=(*result.notes, note))


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
