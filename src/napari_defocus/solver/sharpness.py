"""Sharpness of a plane, as the graph cut's data cost sees it."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

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
        strength = np.hypot(ndimage.sobel(grey, 0), ndimage.sobel(grey, 1))
    elif kind == "laplacian":
        strength = np.abs(ndimage.laplace(grey))
    else:
        strength = np.abs(ndimage.gaussian_laplace(grey, LOG_SIGMA))
    response = np.exp(strength)
    return np.asarray(-ndimage.gaussian_filter(response, sigma) if sigma > 0 else -response, np.float32)
