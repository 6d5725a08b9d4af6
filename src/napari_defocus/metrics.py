"""How far a depth map or an image is from the truth.

Depth is compared where the truth is finite and a mask, if given, holds. A prediction that is not finite there
makes the errors NaN and counts as a miss in :func:`delta`: it must not make a result look better.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid

from napari_defocus.errors import InputError

__all__ = [
    "abs_rel",
    "c1_metrics",
    "delta",
    "depth_metrics",
    "log10_error",
    "psnr",
    "rmse",
    "sparsification",
    "ssim",
]


def _compared(
    predicted: ArrayLike, truth: ArrayLike, mask: ArrayLike | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    predicted, truth = np.asarray(predicted, np.float64), np.asarray(truth, np.float64)
    if predicted.shape != truth.shape:
        raise InputError(
            f"The depth map has shape {predicted.shape} but its truth {truth.shape}; make them alike."
        )
    counts = np.isfinite(truth)
    if mask is not None:
        if np.shape(mask) != truth.shape:
            raise InputError(f"The mask has shape {np.shape(mask)} but the truth {truth.shape}.")
        counts &= np.asarray(mask, bool)
    if not counts.any():
        raise InputError("The true depth has no finite value to compare with.")
    return predicted[counts], truth[counts]


def rmse(predicted: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    """Root mean square error of a depth map (any shape), in its unit."""
    p, t = _compared(predicted, truth, mask)
    return float(np.sqrt(np.mean((p - t) ** 2)))


def abs_rel(predicted: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    """Mean absolute error relative to the true depth (no unit); only where the truth is above 0."""
    p, t = _compared(predicted, truth, mask)
    positive = t > 0
    return float(np.mean(np.abs(p - t)[positive] / t[positive])) if positive.any() else float("nan")


def log10_error(predicted: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None) -> float:
    """Mean of ``abs(log10(p / t))`` (no unit), where the truth ``t`` is above 0.

    Infinite where a prediction is 0, NaN where one is below.
    """
    p, t = _compared(predicted, truth, mask)
    positive = t > 0
    if not positive.any():
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.mean(np.abs(np.log10(p[positive] / t[positive]))))


def delta(
    predicted: ArrayLike,
    truth: ArrayLike,
    k: int = 1,
    *,
    threshold: float = 1.25,
    mask: ArrayLike | None = None,
) -> float:
    """Share of pixels with ``max(p / t, t / p) < threshold ** k``, where the truth ``t`` is above 0."""
    p, t = _compared(predicted, truth, mask)
    p, t = p[t > 0], t[t > 0]
    if not t.size:
        return float("nan")
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.maximum(p / t, t / p)
    return float(np.mean((p > 0) & (ratio < threshold**k)))


def depth_metrics(
    predicted: ArrayLike, truth: ArrayLike, *, mask: ArrayLike | None = None
) -> dict[str, float]:
    """Return all measures of a depth map.

    Parameters
    ----------
    predicted, truth : array_like (Y, X)
        Depth, in one unit. Pixels where the truth is not finite do not count.
    mask : array_like (Y, X) of bool, optional
        Pixels that count, such as ``truth < 70`` for the C1 errors of Make3D.

    Returns
    -------
    dict
        ``rmse`` (in the unit of depth), ``pixels`` (how many counted) and, unless the truth has depths of 0
        or less as heights in a microscope may be, ``abs_rel``, ``log10``, ``delta1``, ``delta2``, ``delta3``.
    """
    p, t = _compared(predicted, truth, mask)
    metrics: dict[str, float] = {"rmse": rmse(p, t)}
    if t.min() > 0:
        metrics["abs_rel"] = abs_rel(p, t)
        metrics["log10"] = log10_error(p, t)
        metrics |= {f"delta{k}": delta(p, t, k) for k in (1, 2, 3)}
    metrics["pixels"] = int(t.size)
    return metrics


def c1_metrics(
    predicted: ArrayLike,
    truth: ArrayLike,
    *,
    limit: float = 70.0,
    mask: ArrayLike | None = None,
) -> dict[str, float]:
    """Errors of the kind C1, as they are usual for Make3D: only where the truth is below a limit.

    The laser of Make3D reaches 81 m at most, and what lies beyond has that depth (Liu, Salzmann, He,
    "Discrete-continuous depth estimation from a single image", CVPR 2014).

    Parameters
    ----------
    predicted, truth : array_like (Y, X)
        Depth, in m. Pixels where the truth is not finite do not count.
    limit : float
        Depth that the truth must be below, m.
    mask : array_like (Y, X) of bool, optional
        Pixels that count.

    Returns
    -------
    dict
        ``c1_rmse`` (m), ``c1_abs_rel``, ``c1_log10`` and ``c1_pixels``; the errors are NaN where no pixel
        counts.
    """
    p, t = _compared(predicted, truth, mask)
    p, t = p[t < limit], t[t < limit]
    if not t.size:
        return {"c1_rmse": np.nan, "c1_abs_rel": np.nan, "c1_log10": np.nan, "c1_pixels": 0}
    return {
        "c1_rmse": rmse(p, t),
        "c1_abs_rel": abs_rel(p, t),
        "c1_log10": log10_error(p, t),
        "c1_pixels": int(t.size),
    }


def sparsification(
    predicted: ArrayLike,
    truth: ArrayLike,
    confidence: ArrayLike,
    dropped: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    relative: bool = False,
) -> NDArray[np.float64]:
    """Error of a depth map when its least confident pixels are left out.

    Parameters
    ----------
    predicted, truth : array_like (Y, X)
        Depth, in one unit. Pixels where the truth is not finite do not count.
    confidence : array_like (Y, X)
        Trust in each pixel, on any scale. Pixels of equal confidence are dropped in no order: each share of
        them has the error of all. ``-abs(predicted - truth)`` gives the best curve there can be.
    dropped : array_like (n,)
        Shares of pixels to leave out, from 0 to below 1.
    mask : array_like (Y, X) of bool, optional
        Pixels that count.
    relative : bool
        Whether to return the mean of the relative error (:func:`abs_rel`) and not the root mean square error.

    Returns
    -------
    ndarray (n,)
        Root mean square error of what is left, in the unit of depth; or its AbsRel.

    Raises
    ------
    InputError
        If shapes differ, a confidence is NaN or a share is not in 0 to 1.
    """
    shares = np.asarray(dropped, np.float64)
    if not ((shares >= 0) & (shares < 1)).all():
        raise InputError("The shares of pixels to drop must lie from 0 to below 1.")
    p, t = _compared(predicted, truth, mask)
    trust, _ = _compared(confidence, truth, mask)
    if np.isnan(trust).any():
        raise InputError("The confidence has NaN; give pixels without any the least confidence.")
    levels, level, count = np.unique(-trust, return_inverse=True, return_counts=True)
    total = np.bincount(level, np.abs(p - t) / t if relative else (p - t) ** 2, len(levels))
    kept = (1 - shares) * t.size
    mean = np.interp(kept, [0, *np.cumsum(count)], [0, *np.cumsum(total)]) / kept
    return np.asarray(mean if relative else np.sqrt(mean))


def sparsification_area(curve: ArrayLike, best: ArrayLike, dropped: ArrayLike) -> float:
    """Area between two sparsification curves, over the error of all pixels and the range of shares.

    The AUSE of Ilg et al., "Uncertainty estimates and multi-hypotheses networks for optical flow", ECCV 2018.

    Parameters
    ----------
    curve, best : array_like (n,)
        What :func:`sparsification` returns for a confidence, and for the best one there can be.
    dropped : array_like (n,)
        The shares of pixels left out, rising from 0.

    Returns
    -------
    float
        0 for a confidence that ranks pixels as their errors do.
    """
    values, shares = np.asarray(curve, np.float64), np.asarray(dropped, np.float64)
    if values[0] == 0:
        return 0.0
    return float(trapezoid(values - np.asarray(best), shares) / (values[0] * np.ptp(shares)))


def _same_shape(image: ArrayLike, truth: ArrayLike) -> tuple[NDArray[Any], NDArray[Any]]:
    image, truth = np.asarray(image, np.float64), np.asarray(truth, np.float64)
    if image.shape != truth.shape:
        raise InputError(
            f"The image has shape {image.shape} but its truth {truth.shape}; they must be of one size."
        )
    return image, truth


def psnr(image: ArrayLike, truth: ArrayLike, *, data_range: float = 1.0) -> float:
    """Peak signal-to-noise ratio of an image (any shape), dB; infinite for equal images."""
    image, truth = _same_shape(image, truth)
    error = float(np.mean((image - truth) ** 2))
    return float("inf") if error == 0 else float(10 * np.log10(data_range**2 / error))


def ssim(image: ArrayLike, truth: ArrayLike, *, data_range: float = 1.0) -> float:
    """Structural similarity of an image (Y, X) or (Y, X, 3), at most 1 (Wang et al. 2004)."""
    from skimage.metrics import structural_similarity

    image, truth = _same_shape(image, truth)
    channel_axis = -1 if image.ndim == 3 else None
    return float(structural_similarity(image, truth, data_range=data_range, channel_axis=channel_axis))
