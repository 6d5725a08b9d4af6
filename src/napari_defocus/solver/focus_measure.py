"""Classic focus measures of one plane: how sharp it is around each pixel."""

from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.errors import InputError

Floats = NDArray[np.float32]

FocusMeasure = Literal[
    "sum_modified_laplacian", "tenengrad", "variance_of_laplacian", "local_variance", "modified_laplacian"
]
"""Names of the focus measures."""

FOCUS_MEASURES: tuple[FocusMeasure, ...] = get_args(FocusMeasure)
WITHOUT_WINDOW: frozenset[str] = frozenset({"modified_laplacian"})
WITHOUT_STEP: frozenset[str] = frozenset({"local_variance"})

ROUNDING = 1e-13
"""Variance below this share of the mean square is rounding: an even patch has none."""


def focus_measure(
    grey: Floats, measure: FocusMeasure = "sum_modified_laplacian", window: int = 3, step: int = 1
) -> Floats:
    """Focus measure of each pixel of a plane, 0 where it is even; beyond its edges the plane is continued.

    Compared in Pertuz et al., "Analysis of focus measure operators for shape-from-focus", Pattern
    Recognition 2013.

    Parameters
    ----------
    grey : ndarray, (Y, X), float32
        Plane.
    measure : str
        ``"sum_modified_laplacian"``: modified Laplacian summed over the window (Nayar & Nakagawa 1994);
        ``"tenengrad"``: squared Sobel gradient summed over the window (Tenenbaum 1970);
        ``"variance_of_laplacian"``: variance of the Laplacian in the window (Pech-Pacheco et al. 2000);
        ``"local_variance"``: variance of the intensity in the window;
        ``"modified_laplacian"``: that of the pixel alone.
    window : int
        Side of the window, odd, px. Does not count for ``"modified_laplacian"``.
    step : int
        Distance of the pixels that are compared, px. Does not count for ``"local_variance"``.

    Returns
    -------
    ndarray, (Y, X), float32

    Raises
    ------
    InputError
        If there is no such measure, or `window` or `step` cannot be used with it.
    """
    check_focus_measure(measure, window, step)
    measures: dict[FocusMeasure, Callable[[], Floats]] = {
        "sum_modified_laplacian": lambda: sum_modified_laplacian(grey, window, step),
        "tenengrad": lambda: tenengrad(grey, window, step),
        "variance_of_laplacian": lambda: local_variance(laplacian(grey, step), window),
        "local_variance": lambda: local_variance(grey, window),
        "modified_laplacian": lambda: modified_laplacian(grey, step),
    }
    return measures[measure]()


def check_focus_measure(measure: str, window: int, step: int) -> None:
    """Raise :class:`InputError` where :func:`focus_measure` cannot be computed."""
    if measure not in FOCUS_MEASURES:
        raise InputError(f"measure must be one of {', '.join(FOCUS_MEASURES)}, but is {measure!r}.")
    if window < 1 or window % 2 == 0:
        raise InputError(f"window must be an odd whole number of at least 1 px, but is {window}.")
    if step < 1:
        raise InputError(f"step must be a whole number of at least 1 px, but is {step}.")
    if "variance" in measure and window == 1:
        raise InputError(f"window must be at least 3 px for {measure}: one pixel has no variance.")


def reach(measure: FocusMeasure, window: int, step: int) -> int:
    """How far from a pixel the intensities lie that its focus measure depends on, px."""
    summed = 0 if measure in WITHOUT_WINDOW else window // 2
    return summed + (0 if measure in WITHOUT_STEP else step)


def modified_laplacian(grey: Floats, step: int = 1) -> Floats:
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


def sum_modified_laplacian(grey: Floats, window: int = 3, step: int = 1) -> Floats:
    """Modified Laplacian summed over a square window of `window` px."""
    mean = ndimage.uniform_filter(modified_laplacian(grey, step), window, mode="nearest")
    return np.asarray(np.maximum(mean, 0) * np.float32(window * window), np.float32)


def tenengrad(grey: Floats, window: int = 3, step: int = 1) -> Floats:
    """Squared magnitude of the Sobel gradient, its taps `step` px apart, summed over a square window."""
    padded = np.pad(grey, step, mode="edge")
    inner = slice(step, -step)
    down = padded[2 * step :] - padded[: -2 * step]
    across = padded[:, 2 * step :] - padded[:, : -2 * step]
    down = down[:, : -2 * step] + 2 * down[:, inner] + down[:, 2 * step :]
    across = across[: -2 * step] + 2 * across[inner] + across[2 * step :]
    return np.asarray(_window_sum(down * down + across * across, window), np.float32)


def laplacian(grey: Floats, step: int = 1) -> Floats:
    """Laplacian ``I(y - s) + I(y + s) + I(x - s) + I(x + s) - 4 I``, edges repeated."""
    padded = np.pad(grey, step, mode="edge")
    inner = slice(step, -step)
    vertical = padded[: -2 * step, inner] + padded[2 * step :, inner]
    horizontal = padded[inner, : -2 * step] + padded[inner, 2 * step :]
    return np.asarray(vertical + horizontal - 4 * grey, np.float32)


def local_variance(values: Floats, window: int = 3) -> Floats:
    """Variance in a square window of `window` px around each pixel, edges repeated."""
    exact = values.astype(np.float64)  # a difference of large numbers
    count = window * window
    mean = _window_sum(exact, window) / count
    square = _window_sum(exact * exact, window) / count
    variance = square - mean * mean
    variance[variance < ROUNDING * square] = 0
    return variance.astype(np.float32)


def _window_sum(values: NDArray[Any], window: int) -> NDArray[Any]:
    """Sum over a square window; not by a running sum, which leaves rounding errors where all is even."""
    ones = np.ones(window)
    columns = ndimage.correlate1d(values, ones, 0, mode="nearest")
    return np.asarray(ndimage.correlate1d(columns, ones, 1, mode="nearest"))
