"""The peak of each pixel's focus curve, found while the planes go by one at a time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

TINY = np.float32(1e-6)
"""Least focus measure next to a peak, as a share of the peak: keeps logarithms finite."""


class PeakFinder:
    """Remembers the greatest focus measure of each pixel and those of the planes before and after it.

    Attributes
    ----------
    peak : ndarray, (Y, X), float32
        Greatest focus measure.
    index : ndarray, (Y, X), int32
        The first plane that has it.
    last : ndarray, (Y, X), int32
        The last of the planes that have it one after the other, from `index` on.
    before, after : ndarray, (Y, X), float32
        Focus measures of the planes before and after `index`; 0 where there is none.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self.peak = np.full(shape, -1, np.float32)
        self.index = np.zeros(shape, np.int32)
        self.last = np.zeros(shape, np.int32)
        self.before = np.zeros(shape, np.float32)
        self.after = np.zeros(shape, np.float32)
        self._previous: Floats | None = None
        self._count = 0

    def add(self, measure: Floats) -> None:
        """Take the focus measure of the next plane, (Y, X)."""
        follows = self.index == self._count - 1
        np.copyto(self.after, measure, where=follows)
        self.last += (measure == self.peak) & (self.last == self._count - 1)
        higher = measure > self.peak
        if self._previous is not None:
            np.copyto(self.before, self._previous, where=higher)
        np.copyto(self.peak, measure, where=higher)
        np.copyto(self.index, self._count, where=higher)
        np.copyto(self.last, self._count, where=higher)
        self._previous = measure
        self._count += 1

    def curve(self) -> "PeakCurve":
        """Fit a Gaussian through the logarithms of the three values around each peak.

        Neighbouring planes with the same greatest value share the peak: it lies in their middle. Of equal
        peaks that lie apart the first is taken. A peak that reaches the first or last plane is no known one.
        """
        at_end = (self.index == 0) | (self.last == self._count - 1)
        flat = self.peak <= 0
        peak = np.where(flat, np.float32(1), self.peak)
        least = TINY * peak
        rise = np.log(peak / np.maximum(self.before, least))
        fall = np.log(peak / np.maximum(self.after, least))
        curvature = rise + fall
        known = ~(flat | at_end) & (curvature > 1e-6)
        curvature = np.where(known, curvature, np.float32(1))
        shift = np.where(known, (rise - fall) / (2 * curvature), 0).astype(np.float32)
        height = np.where(flat, 0, peak * np.exp(0.5 * curvature * shift**2)).astype(np.float32)
        tied = self.last > self.index
        shift = np.where(tied & known, np.float32(0.5) * (self.last - self.index), shift)
        return PeakCurve(
            (self.index + shift).astype(np.float32), (1 / curvature).astype(np.float32), height, known
        )


@dataclass(frozen=True, eq=False)
class PeakCurve:
    """Gaussian focus curve of each pixel.

    Attributes
    ----------
    position : ndarray, (Y, X), float32
        Fractional plane index of the peak.
    variance : ndarray, (Y, X), float32
        Variance of the Gaussian, planes squared.
    height : ndarray, (Y, X), float32
        Its peak value.
    known : ndarray, (Y, X), bool
        False where the peak reaches the first or last plane, or there is none.
    """

    position: Floats
    variance: Floats
    height: Floats
    known: NDArray[np.bool_]

    def at(self, index: int) -> Floats:
        """Value of the fitted curve in a plane."""
        return np.asarray(
            self.height * np.exp(-0.5 * (self.position - index) ** 2 / self.variance), np.float32
        )
