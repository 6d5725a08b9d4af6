"""Depth from focus: the classic method, a preview in seconds."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.errors import InputError
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.focus_fit import FocusFit, fit_focus
from napari_defocus.solver.focus_measure import FocusMeasure, check_focus_measure
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.result import DefocusResult, Progress

MOST_RELIABLE = 40.0
"""Reliability beyond which it tells no more, dB."""

END_CONFIDENCE = 0.1
"""Greatest confidence of a peak on the first or last plane: the true one may lie beyond."""


def depth_from_focus(
    images: Any,
    positions: Sequence[float] | None = None,
    *,
    unit: str = "plane",
    measure: FocusMeasure = "sum_modified_laplacian",
    window: int = 3,
    step: int = 1,
    median: int = 3,
    white: float | None = None,
    progress: Progress | None = None,
) -> DefocusResult:
    """Depth from the plane in which each pixel is sharpest.

    A focus measure of each plane and Gaussian interpolation of its peak through three planes (Nayar &
    Nakagawa, "Shape from focus", PAMI 1994); all-in-focus image from the two planes around the peak. The
    confidence is the probability that the depth is within one step between planes of the truth, as it was
    found on rendered scenes from the reliability measure of Pertuz et al. 2013, with the sum-modified
    Laplacian; with other measures it only ranks pixels.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, NumPy or dask, any real type.
    positions : sequence of float, optional
        Focus position of each plane, in `unit`, all different, in any order. None: the plane index.
    unit : str
        Unit of `positions`.
    measure : str
        The focus measure: ``"sum_modified_laplacian"``, ``"tenengrad"``, ``"variance_of_laplacian"``,
        ``"local_variance"`` or ``"modified_laplacian"``; see :func:`.focus_measure`.
    window : int
        Side of the window over which the focus is measured, odd, px.
    step : int
        Distance of the pixels that the measure compares, px.
    median : int
        Side of the median filter on the depth, odd, px; 1 is none.
    white : float, optional
        Intensity that counts as 1 in the all-in-focus image. None: the type's or the data's maximum.
    progress : callable, optional
        ``progress(fraction, message)``; may raise :class:`CancelledError`.

    Returns
    -------
    DefocusResult
        Depth in `unit`. No pixel is replaced; those without a peak have confidence 0.

    Raises
    ------
    InputError
        If stack or parameters cannot be used; the message says what to change.
    """
    check_focus_measure(measure, window, step)
    if median < 1 or median % 2 == 0:
        raise InputError(f"median must be an odd whole number of at least 1 px, but is {median}.")

    def report(fraction: float, message: str) -> None:
        if progress is not None:
            progress(fraction, message)

    observations = load_stack(images, white, lambda share: report(0.3 * share, "reading the stack"))
    depths, order = sorted_positions(positions, observations.count)
    fit = fit_focus(
        observations, order, measure, window, step, lambda share: report(0.3 + 0.7 * share, "measuring focus")
    )
    depth = np.interp(fit.position, np.arange(len(depths)), depths).astype(np.float32)
    if median > 1:
        depth = ndimage.median_filter(depth, median, mode="nearest")
    return DefocusResult(
        depth=depth,
        all_in_focus=observations.to_image(np.clip(fit.image, 0, 1)),
        outliers=np.zeros(observations.shape, np.bool_),
        confidence=_confidence(fit, observations.count),
        losses=(),
        unit=unit,
        method="focus",
        parameters={
            "positions": [float(depth) for depth in positions] if positions is not None else None,
            "unit": unit,
            "measure": measure,
            "window": window,
            "step": step,
            "median": median,
            "white": white,
        },
    )


def sorted_positions(
    positions: Sequence[float] | None, count: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the focus positions in rising order, and the planes that have them.

    Raises
    ------
    InputError
        If they are no numbers, not one a plane, or not all different.
    """
    if positions is None:
        return np.arange(count, dtype=np.float64), np.arange(count)
    try:
        depths = np.asarray(positions, np.float64)
    except (TypeError, ValueError):
        raise InputError(f"The focus positions must be numbers, but are {positions!r}.") from None
    if depths.shape != (count,):
        raise InputError(
            f"The stack has {count} planes but {depths.size} focus positions are given; "
            "give one for each plane."
        )
    if not np.isfinite(depths).all():
        raise InputError("The focus positions must be finite numbers.")
    order = np.argsort(depths, kind="stable")
    if (np.diff(depths[order]) == 0).any():
        raise InputError("Two planes have the same focus position; give each plane its own, or drop one.")
    return depths[order], order


def reliability(peak: NDArray[np.float32], error: NDArray[np.float32], planes: int) -> NDArray[np.float32]:
    """Reliability ``20 log10(planes * peak / sum |F - fit|)`` of Pertuz et al. 2013, 0 to 40 dB."""
    ratio = planes * peak / np.maximum(error, 1e-6 * np.maximum(peak, 1e-6))
    return np.asarray(np.minimum(20 * np.log10(np.maximum(ratio, 1)), MOST_RELIABLE), np.float32)


def _confidence(fit: FocusFit, planes: int) -> NDArray[np.float32]:
    """Probability that the peak is within one plane of the truth, as far as the reliability tells."""
    evidence = [("reliability", reliability(fit.peak, fit.error, planes))]
    confidence = Calibration.of("focus").probability(evidence)
    confidence = np.where(fit.known, confidence, np.minimum(confidence, END_CONFIDENCE))
    return np.where(fit.peak > 0, confidence, 0).astype(np.float32)
