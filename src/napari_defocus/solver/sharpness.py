"""Sharpness of a plane, as the graph cut's data cost sees it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver import sharpness_kernels
from napari_defocus.solver.settings import Sharpness

LOG_SIGMA = 1.0
"""Scale of the Laplacian of Gaussian, px."""


def sharpness_cost(grey: NDArray[np.float32], kind: Sharpness, sigma: float) -> NDArray[np.float32]:
    """Cost ``-(G_sigma * exp(|grad I|))`` of labelling each pixel with this plane.

    Parameters
    ----------
    grey : ndarray, (Y, X), float32
        Plane in [0, 1].
    kind : {"sobel", "laplacian", "log"}
        What stands for |grad I|: Sobel magnitude, absolute Laplacian, or absolute Laplacian of Gaussian.
    sigma : float
        Standard deviation of the averaging Gaussian, px.
    """
    if kind == "sobel":
        strength = np.empty(grey.shape, np.float32)
        sharpness_kernels.sobel_magnitude(np.pad(grey, 1, mode="symmetric"), strength)
    elif kind == "laplacian":
        strength = np.abs(ndimage.laplace(grey))
    else:
        strength = np.abs(ndimage.gaussian_laplace(grey, LOG_SIGMA))
    response = np.negative(np.exp(strength, out=strength), out=strength)
    return _smoothed(response, sigma) if sigma > 0 else response


def _smoothed(plane: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Average with a Gaussian cut at four standard deviations, as scipy does."""
    radius = int(4 * sigma + 0.5)
    half = np.exp(-0.5 * (np.arange(radius + 1) / sigma) ** 2)
    half /= half[0] + 2 * half[1:].sum()
    out = np.empty_like(plane)
    column = np.empty(plane.shape[1] + 2 * radius, np.float32)
    padded = np.pad(plane, radius, mode="symmetric")
    sharpness_kernels.smooth_plane(padded, half.astype(np.float32), radius, column, out)
    return out
