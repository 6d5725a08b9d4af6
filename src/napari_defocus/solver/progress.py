"""Share of a whole run that is done, from the shares of its stages."""

from collections.abc import Callable
from time import monotonic

from napari_defocus.optics.compiling import compiled_before
from napari_defocus.optics.tile_kernels import gradient_tile
from napari_defocus.solver.occlusion_kernels import search
from napari_defocus.solver.result import Progress
from napari_defocus.solver.settings import SolverSettings

LEAST_INTERVAL = 0.05
"""Seconds between two calls of the user's callback."""

COMPILING = " (compiling, once after an install: some ten seconds)"


class PassProgress:
    """Progress of passes over an image, each with a weight of its own."""

    def __init__(self, progress: Progress | None, total: float) -> None:
        self._progress = progress
        self._total = total
        self._done = 0.0
        self._weight = 0.0
        self._last = 0.0

    def begin(self, message: str, weight: float = 1.0, note: str = "") -> Callable[[float], None]:
        """Begin a pass; returns the callback that takes its share done.

        The `note` follows the message until the first call of that.
        """
        self._done += self._weight
        self._weight = weight
        done = self._done
        self._report(done, message + note, force=True)
        return lambda share: self._report(done + weight * share, message)

    def end(self) -> None:
        """Say that everything is done."""
        self._report(self._total, "done", force=True)

    def _report(self, done: float, message: str, *, force: bool = False) -> None:
        now = monotonic()
        if self._progress is not None and (force or now - self._last >= LEAST_INTERVAL):
            self._last = now
            self._progress(min(done / self._total, 1.0), message)


class RunProgress(PassProgress):
    """Turns the progress of stages into ``progress(fraction, message)`` of the run.

    The weights of the stages are rough: reading, initialization and each depth step count as a few gradient
    evaluations, an AIF step as its iterations, and the depth edges at the end, where `edges`, as two epochs.
    """

    def __init__(self, progress: Progress | None, settings: SolverSettings, *, edges: bool = False) -> None:
        growth = settings.fista_growth
        self._aif = [settings.fista_iterations * growth**epoch + 3 for epoch in range(settings.epochs)]
        super().__init__(progress, sum(self._aif) + _DEPTH * settings.epochs + _START + _EDGES * edges)
        self._compiles = not compiled_before(gradient_tile)

    def stage(self, message: str) -> Callable[[float], None]:
        """Begin a stage; returns the callback that takes its share done."""
        if message.endswith("depth"):
            weight = _DEPTH
        elif message.endswith("all-in-focus"):
            weight = self._aif.pop(0)
            self._compiles = False  # every kernel was called by now
        elif message == "depth edges":
            weight = _EDGES
            self._compiles = not compiled_before(search)
        else:
            weight = _START / 4  # reading, sharpest planes, blur per plane, first residual
        return self.begin(message, weight, COMPILING if self._compiles else "")


_START = 12.0
_DEPTH = 6.0
_EDGES = 30.0
