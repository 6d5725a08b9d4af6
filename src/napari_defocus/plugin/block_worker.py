"""Runs a solver block by block in another thread."""

from collections.abc import Iterator
from typing import Any

from napari_defocus import solver
from napari_defocus.optics import Optics
from napari_defocus.plugin.depth_worker import DepthWorker
from napari_defocus.plugin.preparation import FIRST_USE, Preparation
from napari_defocus.solver.result import DefocusResult, Progress
from napari_defocus.solver.settings import SolverSettings

__all__ = ["BlockWorker"]


class BlockWorker(DepthWorker):
    """Depth from defocus with memory for a block instead of the image; the result comes at the end.

    Parameters
    ----------
    images : array, (planes, Y, X[, 3])
        The focal stack, NumPy or dask.
    optics : Optics
        Its optics.
    settings : SolverSettings
        Settings of the solver.
    block : int
        Side of the blocks, px.
    preparation : Preparation, optional
        What compiles for the solver, which waits for it.
    """

    def __init__(
        self,
        images: Any,
        optics: Optics,
        settings: SolverSettings,
        block: int,
        preparation: Preparation | None = None,
    ) -> None:
        super().__init__()
        self._preparation = preparation
        self._images, self._optics, self._settings, self._block = images, optics, settings, block
        self._result: DefocusResult | None = None

    def work(self) -> None:
        """Run the alternating minimization in blocks."""
        (result,) = self.states(self._progress)
        self._result = self.cut(result)

    def states(self, progress: Progress) -> Iterator[DefocusResult]:
        """Yield the result."""
        if self._preparation is not None:
            self._preparation.wait_for(None, lambda: progress(0.0, FIRST_USE))
        yield solver.solve(self._images, self._optics, self._settings, block=self._block, progress=progress)

    def best(self) -> DefocusResult | None:
        """Return the result, None before the end."""
        return self._result
