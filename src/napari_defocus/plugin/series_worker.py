"""Runs a solver on many stacks, one after the other, as one run."""

import time
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus import solver
from napari_defocus.errors import CancelledError, InputError, SolverError, one_sentence
from napari_defocus.plugin.depth_worker import DepthWorker, stopped
from napari_defocus.plugin.series_result import SeriesArrays, SeriesResult
from napari_defocus.plugin.stack_series import StackSeries
from napari_defocus.plugin.worker import LEAST_INTERVAL, LONGEST_PAUSE, SolverWorker
from napari_defocus.solver.other_images import image_at_depth
from napari_defocus.solver.result import DefocusResult, SolverState

__all__ = ["SeriesWorker"]

CHANNEL_SHARE = 0.1
"""Work for the image of one more channel in units of the run that gives the depth, about."""


class SeriesWorker(SolverWorker):
    """Depth of every stack of a series; the depth is then applied to its other channels.

    A stack that cannot be solved is left out and told of; only where none can be the run ends in an error.

    Parameters
    ----------
    series : StackSeries
        The stacks.
    runs : sequence of DepthWorker
        What to do with each; they are not started, only asked for their states.
    white : float, optional
        Intensity that counts as 1 in the channels. None: the type's or the data's maximum.
    """

    def __init__(self, series: StackSeries, runs: Sequence[DepthWorker], white: float | None = None) -> None:
        super().__init__()
        self._series, self._runs, self._white = series, runs, white
        self._arrays = SeriesArrays(series)
        self._lock = Lock()
        self._state: tuple[tuple[int, ...], SolverState | DefocusResult] | None = None

    def work(self) -> None:
        """Run the stacks in their order."""
        failure: Exception | None = None
        for number, (index, run) in enumerate(zip(self._series.indices, self._runs, strict=True)):
            try:
                self._run_one(number, index, run)
            except (InputError, SolverError) as error:
                failure = error
                with self._lock:
                    self._state = None
                    self._arrays.fail(index, one_sentence(error))
        if failure is not None and self._arrays.result() is None:
            raise failure

    def best(self) -> SeriesResult | None:
        """Return what is done, with the best result so far of the stack under way."""
        with self._lock:
            if self._state is not None:
                index, state = self._state
                self._arrays.put(index, _finished(state))
                self._state = None
            return self._arrays.result()

    def rest(self) -> SeriesResult | None:
        """Return what is done, with depth and image so far of the stack under way."""
        with self._lock:
            if self._state is not None:
                index, state = self._state
                self._arrays.put(index, state if isinstance(state, DefocusResult) else stopped(state))
            return self._arrays.result()

    def _run_one(self, number: int, index: tuple[int, ...], run: DepthWorker) -> None:
        shown = -LEAST_INTERVAL
        share = 1 / (1 + CHANNEL_SHARE * len(self._series.further))
        state: SolverState | DefocusResult | None = None
        for state in run.states(partial(self._tell, number, 0.0, share)):
            if self._take(index, state, show=time.monotonic() - shown >= LEAST_INTERVAL):
                self._shown.wait(LONGEST_PAUSE)
                shown = time.monotonic()
        assert state is not None  # there is always the initialization
        result = _finished(state)
        images = self._channel_images(index, result, partial(self._tell, number, share, 1 - share))
        self._keep(index, result, images)

    def _channel_images(
        self, index: tuple[int, ...], result: DefocusResult, progress: Callable[[float, str], None]
    ) -> dict[str, NDArray[np.float32]]:
        """Apply the depth to the other channels."""
        images = {}
        further = self._series.further
        for done, name in enumerate(further):

            def report(share: float, done: int = done, name: str = name) -> None:
                progress((done + share) / len(further), f"all-in-focus of {name}")

            stack = self._series.further_images(index, name)
            white = self._white if stack.dtype == self._series.data.dtype else None
            images[name] = image_at_depth(stack, result, white=white, progress=report)
        return images

    def _take(self, index: tuple[int, ...], state: SolverState | DefocusResult, *, show: bool) -> bool:
        """Keep a state, and let the window show it if that is due and it has shown the one before."""
        with self._lock:  # a request to stop waits for the result of this state
            if self.abort_requested:
                raise CancelledError
            self._state = index, state
            if not (show and self._shown.is_set()) or isinstance(state, DefocusResult):
                return False
            self._arrays.put(index, solver.so_far(state))
            return self._emit()

    def _keep(self, index: tuple[int, ...], result: DefocusResult, images: dict[str, Any]) -> None:
        """Take the result of a stack and let the window show it."""
        with self._lock:
            if self.abort_requested:
                raise CancelledError
            self._arrays.put(index, result, images)
            self._state = None
            shown = self._emit()
        if shown:
            self._shown.wait(LONGEST_PAUSE)

    def _emit(self) -> bool:
        self._shown.clear()
        self.improved.emit(self._arrays.result())
        return not self.abort_requested

    def _tell(self, number: int, start: float, share: float, fraction: float, message: str) -> None:
        """Report the progress of a part of one stack's run as that of the whole."""
        stacks = len(self._series)
        name = self._series.name(next(self._series.indices))
        if stacks > 1:
            message = f"stack {number + 1} of {stacks}: {message}"
        elif name:
            message = f"only {name}: {message}"
        self._progress((number + start + share * fraction) / stacks, message)


def _finished(state: SolverState | DefocusResult) -> DefocusResult:
    return state if isinstance(state, DefocusResult) else solver.finish(state)
