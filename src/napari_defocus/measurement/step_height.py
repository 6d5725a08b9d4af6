"""Height of a step between two regions, with its uncertainty."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import fft

from napari_defocus.measurement.values import checked_map, counted

__all__ = ["Level", "StepHeight", "region_level", "step_height"]

TO_DEVIATION = 1.4826
"""Standard deviation of normal noise over its median absolute deviation."""

MEDIAN_SPREAD = float(np.sqrt(np.pi / 2))
"""Standard error of the median over that of the mean, for normal noise and many values."""


@dataclass(frozen=True)
class Level:
    """Height of a region.

    Attributes
    ----------
    median : float
        Median of its pixels, in the unit of the map.
    scatter : float
        Robust standard deviation of its pixels.
    pixels : int
        How many have a height.
    independent : float
        How many independent pixels they are worth: neighbours in a depth map are alike.
    uncertainty : float
        Standard uncertainty of the median.
    """

    median: float
    scatter: float
    pixels: int
    independent: float
    uncertainty: float


@dataclass(frozen=True)
class StepHeight:
    """Difference of the medians of two regions.

    Attributes
    ----------
    height : float
        The second minus the first, in the unit of the map.
    uncertainty : float
        Its standard uncertainty (k = 1) from the scatter within the regions. What is wrong alike in a whole
        region (calibration, tilt between the regions) is not in it.
    first, second : Level
        The two regions.
    """

    height: float
    uncertainty: float
    first: Level
    second: Level


def step_height(height: ArrayLike, first: ArrayLike, second: ArrayLike) -> StepHeight:
    """Return the height of the second region above the first.

    Parameters
    ----------
    height : array_like, (Y, X)
        Heights or depths; pixels that are not finite do not count.
    first, second : array_like of bool, (Y, X)
        The regions.

    Raises
    ------
    InputError
        If one of the regions has fewer than four pixels with a height, or the shapes differ.
    """
    low, high = region_level(height, first), region_level(height, second)
    return StepHeight(
        height=high.median - low.median,
        uncertainty=float(np.hypot(low.uncertainty, high.uncertainty)),
        first=low,
        second=high,
    )


def region_level(height: ArrayLike, region: ArrayLike) -> Level:
    """Return the height of a region and how well it is known.

    The variance of the median of `n` pixels is ``scatter ** 2 / n`` times the sum of ``arcsin(rho)`` over the
    lags, `rho` being the autocorrelation of the region: the large-sample variance of a median, with the
    arcsine law of the signs of normal noise (Gastwirth & Rubin, "The behavior of robust estimators on
    dependent data", 1975). For independent pixels that is the usual ``pi / 2 * scatter ** 2 / n``. The
    scatter is told from the median absolute deviation. The lags go to where `rho` falls to 0 along rows and
    columns.

    Parameters
    ----------
    height : array_like, (Y, X)
        Heights or depths; pixels that are not finite do not count.
    region : array_like of bool, (Y, X)
        The region.

    Raises
    ------
    InputError
        If fewer than four of its pixels have a height, or the shapes differ.
    """
    values = checked_map(height)
    counts = counted(values, region, 4, "A step height")
    heights = values[counts]
    median = float(np.median(heights))
    scatter = TO_DEVIATION * float(np.median(np.abs(heights - median)))
    box = _box(counts)
    independent = heights.size / _alike(np.where(counts, values - heights.mean(), 0.0)[box], counts[box])
    return Level(
        median=median,
        scatter=scatter,
        pixels=int(heights.size),
        independent=independent,
        uncertainty=MEDIAN_SPREAD * scatter / float(np.sqrt(independent)),
    )


def _box(mask: NDArray[np.bool_]) -> tuple[slice, slice]:
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def _alike(residual: NDArray[np.float64], counts: NDArray[np.bool_]) -> float:
    """How many pixels are worth one independent pixel: ``2 / pi`` times the sum of the arcsines, 1 to all."""
    variance = float(np.mean(residual[counts] ** 2))
    if variance == 0:
        return 1.0
    pairs = np.rint(_autocorrelation(counts.astype(np.float64)))
    rho = _autocorrelation(residual) / np.maximum(pairs, 1) / variance
    down, across = (_first_fall(line) for line in (rho[:, 0], rho[0]))
    lags = np.arange(1 - down, down)[:, None], np.arange(1 - across, across)  # negative ones from the end
    total = float(np.arcsin(np.clip(rho[lags], -1, 1)).sum())
    return min(max(2 / np.pi * total, 1.0), float(np.count_nonzero(counts)))


def _first_fall(line: NDArray[np.float64]) -> int:
    """Number of lags, from 0 on, before the autocorrelation falls to 0 or below."""
    line = line[: (len(line) + 1) // 2]
    return int(np.argmax(line <= 0)) if (line <= 0).any() else len(line)


def _autocorrelation(image: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sum of products at each lag, padded so that nothing wraps; negative lags count from the end."""
    shape = tuple(2 * length - 1 for length in image.shape)
    spectrum = fft.rfft2(image, shape)
    return np.asarray(fft.irfft2(np.abs(spectrum) ** 2, shape))
