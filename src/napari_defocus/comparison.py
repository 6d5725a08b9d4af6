"""Two depth maps side by side: a result and the truth, or two results."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.metrics import depth_metrics
from napari_defocus.optics.units import NAMES

__all__ = ["DepthComparison", "compare_depths"]

BINS = 101
"""Bins of a histogram: odd, so that one of them is centred at 0."""

SHOWN = 99.0
"""Percentage of the pixels that the limits of an error map hold: a few wild ones must not set its colours."""


@dataclass(frozen=True, eq=False)
class DepthComparison:
    """What :func:`compare_depths` found.

    Attributes
    ----------
    error : ndarray, (Y, X), float32
        Depth minus reference, in `unit`; NaN where either is unknown or the mask does not hold.
    metrics : dict of str to float
        ``rmse``, ``bias`` (mean error), ``mae`` (mean absolute error), ``median_abs`` and ``p95_abs`` (median
        and 95th percentile of the absolute error), in `unit`; where the reference is above 0 also
        ``abs_rel``, ``delta1`` to ``delta3``; ``pixels``, how many were compared.
    unit : str or None
        Unit of the depth; None where neither map tells.
    truth : bool
        Whether the reference is the truth, not another result.
    """

    error: NDArray[np.float32]
    metrics: dict[str, float]
    unit: str | None
    truth: bool

    @cached_property
    def limit(self) -> float:
        """Absolute error that 99 % of the pixels do not exceed: for colours from minus to plus this."""
        found = np.abs(self.error[np.isfinite(self.error)])
        limit = float(np.percentile(found, SHOWN)) if found.size else 0.0
        return limit or float(found.max(initial=0.0)) or 1.0

    def histogram(self, bins: int = BINS) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Counts (bins,) and edges (bins + 1,) of the errors from minus to plus :attr:`limit`.

        The few errors beyond are counted in the first and the last bin.
        """
        found = self.error[np.isfinite(self.error)]
        counts, edges = np.histogram(np.clip(found, -self.limit, self.limit), bins, (-self.limit, self.limit))
        return counts, edges


def compare_depths(
    depth: ArrayLike,
    reference: ArrayLike,
    *,
    unit: str | None = None,
    reference_unit: str | None = None,
    truth: bool = False,
    mask: ArrayLike | None = None,
) -> DepthComparison:
    """Compare a depth map with the truth or with another result.

    Parameters
    ----------
    depth, reference : array_like, (Y, X)
        Depth, in one unit.
    unit, reference_unit : str, optional
        Their units; None: not known, taken for that of the other.
    truth : bool
        The reference is the truth: a depth that is not finite where the truth is known then spoils the errors
        and counts as a miss, as in :mod:`napari_defocus.metrics`. Two results are compared where both are
        finite.
    mask : array_like, (Y, X) of bool, optional
        Pixels that count.

    Raises
    ------
    InputError
        If units or shapes differ, or no pixel can be compared.
    """
    ours, theirs = np.asarray(depth, np.float64), np.asarray(reference, np.float64)
    for values in (ours, theirs):
        if values.ndim != 2:
            raise InputError(f"A depth map has two axes (Y, X), but this one has shape {values.shape}.")
    if ours.shape != theirs.shape:
        raise InputError(
            f"The depth maps differ in shape, {_size(ours.shape)} and {_size(theirs.shape)} px; "
            "crop or scale one so that they show the same pixels."
        )
    if unit and reference_unit and NAMES.get(unit, unit) != NAMES.get(reference_unit, reference_unit):
        raise InputError(
            f"The depth maps differ in unit, {unit} and {reference_unit}; convert one of them first."
        )
    counts = np.isfinite(theirs) if truth else np.isfinite(ours) & np.isfinite(theirs)
    if mask is not None:
        if np.shape(mask) != ours.shape:
            raise InputError(
                f"The mask has shape {np.shape(mask)} but the depth maps {ours.shape}; make them alike."
            )
        counts &= np.asarray(mask, bool)
    if not counts.any():
        raise InputError("No pixel is known in both depth maps; choose maps that overlap.")
    return DepthComparison(
        error=np.where(counts, ours - theirs, np.nan).astype(np.float32),
        metrics=_metrics(ours, theirs, counts),
        unit=unit or reference_unit,
        truth=truth,
    )


def _metrics(
    depth: NDArray[np.float64], reference: NDArray[np.float64], counts: NDArray[np.bool_]
) -> dict[str, float]:
    errors = depth[counts] - reference[counts]
    metrics = dict(depth_metrics(depth, reference, mask=counts))
    pixels = metrics.pop("pixels")
    metrics |= {
        "bias": float(errors.mean()),
        "mae": float(np.abs(errors).mean()),
        "median_abs": float(np.median(np.abs(errors))),
        "p95_abs": float(np.percentile(np.abs(errors), 95)),
    }
    return metrics | {"pixels": pixels}


def _size(shape: tuple[int, ...]) -> str:
    return f"{shape[1]} x {shape[0]}"
