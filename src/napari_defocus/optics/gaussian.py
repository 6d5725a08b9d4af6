"""One-dimensional blur kernels; in two dimensions they are used separably."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ive

TAIL = 1e-4
"""Share of a full-support kernel that may be cut off (before it is normalised again)."""


def discrete_gaussian(sigma: float) -> NDArray[np.float64]:
    """Lindeberg's discrete Gaussian of variance ``sigma ** 2``, (2 radius + 1,), sum 1.

    ``T(n, t) = exp(-t) I_n(t)`` has exactly the variance ``t`` at any scale and forms a semigroup, which a
    sampled Gaussian of small variance does not (Lindeberg, "Scale-space for discrete signals", PAMI 1990).
    """
    variance = sigma * sigma
    reach = int(np.ceil(6 * sigma)) + 4
    half = ive(np.arange(reach + 1), variance)
    beyond = 1.0 - (half[0] + 2 * np.cumsum(np.concatenate([[0.0], half[1:]])))
    radius = int(np.argmax(beyond <= TAIL))
    kernel = np.concatenate([half[radius:0:-1], half[: radius + 1]])
    return np.asarray(kernel / kernel.sum())


def truncated_gaussian(sigma: float, kernel_size: int) -> NDArray[np.float64]:
    """Sampled Gaussian, cut to a window of `kernel_size` and normalised within it, as in the paper."""
    offsets = np.arange(kernel_size) - kernel_size // 2
    if sigma <= 0:
        return np.asarray((offsets == 0).astype(np.float64))
    exponent = -0.5 * (offsets / sigma) ** 2
    kernel = np.exp(exponent)
    return np.asarray(kernel / kernel.sum())


def gaussian_kernel(sigma: float, kernel_size: int | None) -> NDArray[np.float64]:
    """Blur kernel of standard deviation `sigma` px, of full support or cut to `kernel_size` px."""
    return discrete_gaussian(sigma) if kernel_size is None else truncated_gaussian(sigma, kernel_size)
