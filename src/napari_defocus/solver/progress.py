"""Share of a whole run that is done, from the shares of its stages."""

from collections.abc import Callable
from time import monotonic

from napari_defocus.optics.compiling import compiled_before
from napari_defocus.optics.tile_kernels import gradient_tile
from napari_defocus.solver.occlusion_kernels import search
from napari_defocus.solver.result import Progress
from napari_defocus.solver.settings import LEAST_EPOCHS, SolverSettings

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
        self._told = 0.0

    def begin(self, message: str, weight: float = 1.0, note: str = "") -> Callable[[float], None]:
        """Begin a pass; returns the callback that takes its share done.

        The `note` follows the message until the first call of that.
        """
        self._done += self._weight
        self._weight = weight
        done = self._done
        self._report(done, message + note, force=True)
        return lambda share: self._report(done + weight * share, message)

    def expect(self, weight: float) -> None:
        """Take in a pass of this weight that was not counted in the total."""
        self._total += weight

    def end(self) -> None:
        """Say that everything is done."""
        self._report(self._total, "done", force=True)

    def _report(self, done: float, message: str, *, force: bool = False) -> None:
        now = monotonic()
        if self._progress is not None and (force or now - self._last >= LEAST_INTERVAL):
            self._last = now
            self._told = max(self._told, min(done / self._total, 1.0))
            self._progress(self._told, message)


class RunProgress(PassProgress):
    """Turns the progress of stages into ``progress(fraction, message)`` of the run.

    The weights of the stages are rough: in evaluations of the gradient.
    """

    def __init__(
        self,
        progress: Progress | None,
        settings: SolverSettings,
        *,
        edges: bool = False,
        estimates: bool = False,
    ) -> None:
        self._settings = settings
        self._epochs = expected_epochs(settings)
        total = READING + BLUR * estimates + START + RESIDUAL + EDGES * edges
        total += sum(DEPTH + self.image_weight(epoch) for epoch in range(1, self._epochs + 1))
        total += EVENING * sum(getattr(settings, name) > 0 for name in EVENINGS)
        super().__init__(progress, total)
        self._compiles = not compiled_before(gradient_tile)

    def image_weight(self, epoch: int) -> float:
        """Weight of the AIF step of an epoch, from 1."""
        return self._settings.image_iterations(epoch) + 3

    def epoch(self, epoch: int) -> None:
        """Begin an epoch, from 1; it may be one more than was expected."""
        if epoch > self._epochs:
            self._epochs = epoch
            self.expect(DEPTH + self.image_weight(epoch))

    def stage(self, message: str, weight: float) -> Callable[[float], None]:
        """Begin a stage; returns the callback that takes its share done."""
        compiles = self._compiles or (weight == EDGES and not compiled_before(search))
        if weight == DEPTH:
            self._compiles = False  # all kernels but those of the edges are called by then
        return self.begin(message, weight, COMPILING if compiles else "")


def expected_epochs(settings: SolverSettings) -> int:
    """Return how many epochs a run will take: where it may stop early it mostly does as soon as it may."""
    return min(settings.epochs, LEAST_EPOCHS) if settings.least_gain > 0 else settings.epochs


READING, BLUR, START, RESIDUAL = 1.0, 8.0, 20.0, 3.0
"""Weights of reading, the estimate of the blur, the search for the sharpest planes, the first residual."""

EVENINGS = "bilateral", "sharpening", "denoising", "weighted_median", "regression"
"""Settings of the steps that even out depth or image, each with this weight where it is not 0."""

EVENING = 3.0
DEPTH = 5.0
EDGES = 50.0
REVISION = 40.0
