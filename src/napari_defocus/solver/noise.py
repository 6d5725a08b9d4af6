"""Noise of a focal stack, estimated from the stack: of single pixels, and of what is coarser."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.correlated_noise import (
    COARSE,
    correlated_noise,
    laplacian_deviation,
    shared_levels,
)
from napari_defocus.solver.observations import Observations

MASK = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
"""Difference of two Laplacians: blind to any image that is locally quadratic; its norm is 6."""

MIDDLE_OF_NORMAL = 0.6773
"""Mean of the middle fifth of the absolute values of normal deviates."""

LEAST_NOISE = 0.1 / 255
"""Least noise that is reckoned with, of white."""

LEAST_PIXELS = 36
"""Pixels that a plane tells its noise from, at least."""

ROUNDING = 12**-0.5
"""Standard deviation of what rounding to whole grey levels adds."""

COUNTED = 0.75
"""Share of the coarse noise that counts against sharpness: with all of it plain things may lose their depth,
with half of it false peaks come back (docs/accuracy.md)."""


LEAST_OF_COARSE = 0.5
"""Least noise of a pixel as a share of the coarse noise: compression leaves plain parts too little."""


@dataclass(frozen=True)
class Noise:
    """How strong the noise of the luminance is, of white, as noise that no two pixels share.

    Attributes
    ----------
    level : float
        Standard deviation of that of a pixel by itself.
    coarse : float
        Standard deviation of the white noise that a Gaussian of `COARSE` px would leave as much of. More than
        `level` where neighbours share their noise, as after demosaicing and compression.
    finest : float
        Standard deviation as the finest detail tells it: what no model can explain of a pixel.
    """

    level: float
    coarse: float
    finest: float

    @classmethod
    def white(cls, level: float) -> "Noise":
        """Noise that no two pixels share."""
        return cls(level, level, level)

    @property
    def variance(self) -> float:
        """Variance of the noise of a pixel by itself."""
        return self.level**2

    def laplacian(self, sigma: float) -> float:
        """Mean modified Laplacian after a Gaussian of `sigma` px that is taken for noise."""
        share = COUNTED * min(sigma / COARSE, 1.0)
        return ((1 - share) * self.level + share * self.coarse) * noise_response(sigma)


@dataclass(frozen=True, eq=False)
class NoiseSample:
    """What a part of a stack tells of the noise.

    Attributes
    ----------
    planes : ndarray, (planes,)
        Noise of each plane (:func:`plane_noise`), of white.
    squares : ndarray, (2, squares)
        Noise of single pixels and coarser noise in small squares (:func:`correlated_noise`), of white.
    """

    planes: NDArray[np.float64]
    squares: NDArray[np.float64]

    @classmethod
    def of(cls, observations: Observations) -> "NoiseSample":
        """Look at a part of a stack."""
        return cls(plane_noise(observations), correlated_noise(observations))


def noise_from(samples: Sequence[NoiseSample]) -> Noise:
    """Noise of a stack from samples of it."""
    single, coarse = shared_levels(np.concatenate([sample.squares for sample in samples], axis=1))
    finest = noise_level([sample.planes for sample in samples])
    level = max(finest, single, LEAST_OF_COARSE * coarse)
    return Noise(level, max(level, coarse), finest)


def plane_noise(observations: Observations) -> NDArray[np.float64]:
    """Standard deviation of the noise in the luminance of each plane, (planes,), of white.

    The mask of Immerkaer, "Fast noise variance estimation", 1996, with the middle of its absolute responses,
    to which texture counts little. NaN of a plane that is even, or black or white nearly everywhere.
    """
    found = np.array([_deviation(observations, index) for index in range(observations.count)])
    return np.asarray(np.maximum(found, ROUNDING * grey_level(observations)))


def grey_level(observations: Observations) -> float:
    """Size of a grey level, of white; 0 for floating-point ones."""
    return observations.scale if observations.planes.dtype.kind == "u" else 0.0


def noise_level(parts: Sequence[NDArray[np.float64]]) -> float:
    """Noise of a stack from that of each plane in some parts of it: of the plane with least texture.

    What tells nothing, NaN, does not count.
    """
    planes = [part[np.isfinite(part)] for part in np.array(parts).T]
    told = [float(np.median(part)) for part in planes if part.size]
    return max(min(told, default=0.0), LEAST_NOISE)


def noise_response(sigma: float) -> float:
    """Mean modified Laplacian of white noise of standard deviation 1 after a Gaussian of `sigma` px."""
    return float(2 * np.sqrt(2 / np.pi) * laplacian_deviation(sigma))


def _deviation(observations: Observations, index: int) -> float:
    """Standard deviation of the noise of a plane, NaN where it tells nothing."""
    response = ndimage.convolve(observations.grey(index), MASK)[1:-1, 1:-1]
    unclipped = ~ndimage.binary_dilation(observations.clipped(index), np.ones((3, 3), bool))[1:-1, 1:-1]
    values = np.abs(response[unclipped])
    if values.size < LEAST_PIXELS or not values.any():
        return np.nan
    return _middle(values) / (6 * MIDDLE_OF_NORMAL)


def _middle(values: NDArray[np.float32]) -> float:
    """Mean of the middle fifth of the values: as robust as the median, and finer where they are whole."""
    ordered = np.sort(values, axis=None)
    first, last = int(0.4 * ordered.size), int(np.ceil(0.6 * ordered.size))
    return float(ordered[first:last].mean(dtype=np.float64))
