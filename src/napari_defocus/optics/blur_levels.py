"""A bank of blur levels between which every blur is interpolated."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.base import Optics
from napari_defocus.optics.gaussian import gaussian_kernel

TABLE_STEP = 1 / 128
"""Step of the table from radius to level coordinate, px."""

GRID_RATIO = 1.01
"""Ratio of neighbouring standard deviations that are considered as levels."""

SATURATED = 4.0
"""Standard deviation, in units of a truncated kernel's size, beyond which it is taken as flat."""


@dataclass(frozen=True, eq=False)
class BlurLevels:
    """Blur kernels at a few standard deviations, and where between them a given blur lies.

    A blur between two levels is the mixture of both that has its variance. The levels are placed so that no
    spatial frequency is wrong by more than a tolerance.

    Attributes
    ----------
    sigmas : ndarray, (levels,)
        Standard deviations, rising, px.
    kernels : ndarray, (levels, halo + 1), float32
        Right halves of the one-dimensional kernels, from the centre outwards, zero beyond `radii`.
    radii : ndarray, (levels,), int64
        Radii of the kernels, px.
    table : ndarray, (entries,), float32
        Level coordinate (level index + mixture weight of the next) of the circle-of-confusion radii
        ``i * TABLE_STEP``; larger radii take the last entry.
    """

    sigmas: NDArray[np.float64]
    kernels: NDArray[np.float32]
    radii: NDArray[np.int64]
    table: NDArray[np.float32]

    @property
    def halo(self) -> int:
        """Greatest reach of a kernel, px."""
        return int(self.radii.max())

    @property
    def count(self) -> int:
        """Number of levels, at least 2."""
        return len(self.sigmas)

    @classmethod
    def for_optics(
        cls,
        optics: Optics,
        depth_range: tuple[float, float],
        *,
        kernel_size: int | None = None,
        tolerance: float = 0.003,
        max_sigma: float = np.inf,
    ) -> "BlurLevels":
        """Levels for every blur that `optics` give within `depth_range`.

        Blur above `max_sigma` px is taken as `max_sigma`.
        """
        if kernel_size is not None:
            max_sigma = min(max_sigma, SATURATED * kernel_size)
        radius = float(optics.blur_radius(np.asarray(depth_range)).max())
        low = min(float(optics.sigma_of_radius(0.0)), max_sigma)
        high = min(float(optics.sigma_of_radius(radius)), max_sigma)
        sigmas = place_levels(low, max(high, low), kernel_size, tolerance)
        kernels = [gaussian_kernel(sigma, kernel_size) for sigma in sigmas]
        variances = np.array([kernel_variance(kernel) for kernel in kernels])
        radii = np.array([len(kernel) // 2 for kernel in kernels], np.int64)
        halves = np.zeros((len(kernels), int(radii.max()) + 1), np.float32)
        for half, kernel in zip(halves, kernels, strict=True):
            half[: len(kernel) // 2 + 1] = kernel[len(kernel) // 2 :]
        radius = min(radius, high / optics.blur_scale + 1)  # beyond it the blur is capped
        table_radii = np.arange(int(np.ceil(radius / TABLE_STEP)) + 2) * TABLE_STEP
        table_sigmas = np.clip(optics.sigma_of_radius(table_radii), low, sigmas[-1])
        table = np.interp(_variance_of_sigma(table_sigmas, kernel_size), variances, np.arange(len(sigmas)))
        return cls(sigmas, halves, radii, np.minimum(table, len(sigmas) - 1.0001).astype(np.float32))


def kernel_variance(kernel: NDArray[np.float64]) -> float:
    """Variance of a normalised, symmetric kernel, px squared."""
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    return float(np.sum(kernel * offsets**2))


def _variance_of_sigma(sigmas: NDArray[np.float64], kernel_size: int | None) -> NDArray[np.float64]:
    if kernel_size is None:
        return np.asarray(sigmas**2)
    grid = np.linspace(sigmas.min(), sigmas.max(), min(len(sigmas), 4000))
    variances = [kernel_variance(gaussian_kernel(float(sigma), kernel_size)) for sigma in grid]
    return np.asarray(np.interp(sigmas, grid, variances))


@lru_cache(maxsize=32)
def place_levels(low: float, high: float, kernel_size: int | None, tolerance: float) -> NDArray[np.float64]:
    """Place levels from `low` to `high` px so that mixtures of neighbours err by at most `tolerance`.

    Greedy: from each level the farthest next one that keeps the transfer function of the worst blur between
    the two within the tolerance at every frequency, along an axis and along the diagonal.
    """
    grid = _sigma_grid(low, high)
    kernels = [gaussian_kernel(float(sigma), kernel_size) for sigma in grid]
    variances = np.array([kernel_variance(kernel) for kernel in kernels])
    transfer = np.array([_transfer(kernel) for kernel in kernels])
    both = np.concatenate([transfer, transfer**2], axis=1)
    chosen = [0]
    while chosen[-1] < len(grid) - 1:
        first, last = chosen[-1], chosen[-1] + 1
        while last + 1 < len(grid) and _mixture_error(both, variances, first, last + 1) <= tolerance:
            last += 1
        chosen.append(last)
    return grid[chosen]


def _sigma_grid(low: float, high: float) -> NDArray[np.float64]:
    """Candidates for levels: uniform steps of 0.01 px below 1 px, of one per cent above; at least two."""
    if high - low < 1e-6:
        high = low + 1e-3
    grid = [low]
    while grid[-1] < high:
        grid.append(min(max(grid[-1] * GRID_RATIO, grid[-1] + 0.01), high))
    return np.array(grid)


def _transfer(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    frequencies = np.linspace(0, np.pi, 65)
    offsets = np.arange(1, len(kernel) // 2 + 1)
    right = kernel[len(kernel) // 2 + 1 :]
    return np.asarray(kernel[len(kernel) // 2] + 2 * np.cos(np.outer(frequencies, offsets)) @ right)


def _mixture_error(
    transfer: NDArray[np.float64], variances: NDArray[np.float64], first: int, last: int
) -> float:
    span = variances[last] - variances[first]
    if last - first < 2 or span <= 0:
        return 0.0
    between = np.unique(np.linspace(first + 1, last - 1, 9).astype(int))
    weight = ((variances[between] - variances[first]) / span)[:, None]
    mixture = (1 - weight) * transfer[first] + weight * transfer[last]
    return float(np.abs(mixture - transfer[between]).max())
