"""Cost of each plane for a pixel by the focus measure, relative to its peak and to the noise."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

SCALES = (0.0, 1.0)
"""Standard deviations of the Gaussians before the focus measure, px, the finest first."""

WINDOW = 3
"""Window of the focus measure, px."""

LEAK = 0.1
"""Share of the greatest peak nearby that blur may carry to a pixel without texture of its own."""

LEAK_WINDOW = 21
"""Side of the square in which that peak is looked for, px."""

REACH = 4 + 1 + WINDOW // 2 + LEAK_WINDOW // 2
"""Distance from which a pixel's cost is seen, px."""


def focus_costs(observations: Observations, noise: Noise, unusable: NDArray[np.bool_] | None) -> Floats:
    """Cost of labelling each pixel with each plane, (planes, Y, X), from -1 to 0.

    At each scale the sum-modified Laplacian as a share of its peak over the planes, times the trust in that
    peak: how far it stands above what the noise alone and blur from nearby would give. A coarser scale counts
    as far as the finer ones are not trusted. So a pixel without texture leaves the choice to its neighbours,
    at any contrast.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    noise : Noise
        Noise of the stack.
    unusable : ndarray, (planes, Y, X), bool, optional
        Pairs of plane and pixel that tell nothing (glare).
    """
    total = np.zeros((observations.count, *observations.shape), np.float32)
    untrusted = np.ones(observations.shape, np.float32)
    for sigma in SCALES:
        measures = focus_measures(observations, sigma, WINDOW, unusable)
        peak = measures.max(axis=0)
        floor = np.float32(noise.laplacian(sigma))
        excess = np.maximum(peak - floor, 0) ** 2
        trust = excess / (excess + (floor + LEAK * ndimage.maximum_filter(peak, LEAK_WINDOW)) ** 2)
        total -= untrusted * trust / np.maximum(peak, floor) * measures
        untrusted *= 1 - trust
    return total


def trust_of(costs: Floats) -> Floats:
    """How far each pixel's peak is to be trusted, from 0 to 1, (Y, X), from its costs (planes, Y, X)."""
    return np.asarray(-costs.min(axis=0))


def focus_measures(
    observations: Observations, sigma: float, window: int, unusable: NDArray[np.bool_] | None = None
) -> Floats:
    """Mean modified Laplacian in a window around each pixel in each plane, (planes, Y, X).

    Parameters
    ----------
    observations : Observations
        The focal stack.
    sigma : float
        Standard deviation of the Gaussian that comes first, px.
    window : int
        Side of the window, px.
    unusable : ndarray, (planes, Y, X), bool, optional
        Where the measure is put to 0.
    """

    def measure(index: int) -> Floats:
        grey = observations.grey(index)
        if sigma > 0:
            grey = ndimage.gaussian_filter(grey, sigma, mode="nearest")
        found = sum_modified_laplacian(grey, window) / np.float32(window**2)
        if unusable is not None:
            found[unusable[index]] = 0
        return np.asarray(found)

    return np.stack([measure(index) for index in range(observations.count)])
