"""Classic focus measure: the sum-modified Laplacian."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage


def modified_laplacian(grey: NDArray[np.float32], step: int = 1) -> NDArray[np.float32]:
    """Modified Laplacian ``|2 I - I(y - s) - I(y + s)| + |2 I - I(x - s) - I(x + s)|``, edges repeated.

    Nayar & Nakagawa, "Shape from focus", PAMI 1994.

    Parameters
    ----------
    grey : ndarray, (Y, X), float32
        Plane.
    step : int
        Distance s of the pixels compared, px.
    """
    padded = np.pad(grey, step, mode="edge")
    inner = slice(step, -step)
    twice = 2 * grey
    vertical = np.abs(twice - padded[: -2 * step, inner] - padded[2 * step :, inner])
    horizontal = np.abs(twice - padded[inner, : -2 * step] - padded[inner, 2 * step :])
    return np.asarray(vertical + horizontal, np.float32)


def sum_modified_laplacian(grey: NDArray[np.float32], window: int = 3, step: int = 1) -> NDArray[np.float32]:
    """Modified Laplacian summed over a square window of `window` px."""
    mean = ndimage.uniform_filter(modified_laplacian(grey, step), window, mode="nearest")
    return np.asarray(np.maximum(mean, 0) * np.float32(window * window), np.float32)
