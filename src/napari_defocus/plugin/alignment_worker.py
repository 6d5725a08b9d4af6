"""Aligns a focal stack in another thread."""

from dataclasses import replace
from typing import Any

import numpy as np

from napari_defocus.alignment import AlignmentResult, align_focal_stack
from napari_defocus.plugin.worker import SolverWorker
from napari_defocus.solver.partial_progress import part_of

__all__ = ["AlignmentWorker"]

HELD = 2**30
"""Bytes up to which a lazy stack is moved once and held, rather than a plane each time it is looked at."""


class AlignmentWorker(SolverWorker):
    """Alignment of the planes; there is no result before the end.

    Parameters
    ----------
    images : array, (planes, Y, X[, 3])
        The focal stack, NumPy or dask.
    **options
        Keyword arguments of :func:`napari_defocus.align_focal_stack`.
    """

    def __init__(self, images: Any, **options: Any) -> None:
        super().__init__()
        self._images, self._options = images, options
        self._result: AlignmentResult | None = None

    def work(self) -> None:
        """Align."""
        lazy = hasattr(self._images, "dask") and self._images.nbytes <= HELD
        share = 0.7 if lazy else 1.0
        progress = part_of(self._progress, 0, share)
        result = align_focal_stack(self._images, progress=progress, **self._options)
        if lazy and result.changed:
            held = np.empty(result.images.shape, result.images.dtype)
            for index in range(len(held)):
                self._progress(share + (1 - share) * index / len(held), "moving the planes")
                held[index] = result.images[index]
            result = replace(result, images=held)
        self._result = result

    def best(self) -> AlignmentResult | None:
        """Return the result, None before the end."""
        return self._result
