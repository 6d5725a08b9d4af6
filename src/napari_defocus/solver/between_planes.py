"""Peaks of the focus measure between planes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.solver.focus_cost import focus_measures
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prior_scales import px_per_coordinate

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]


class PeakScale(NamedTuple):
    """A scale at which the focus measure is looked at.

    Attributes
    ----------
    sigma : float
        Standard deviation of the Gaussian that comes first, px.
    scatter : float
        Variance of the logarithm of the focus measure where there is no noise, in arbitrary units: more at
        a coarser scale, since fewer details are in the window.
    """

    sigma: float
    scatter: float


SCALES = (PeakScale(0.45, 0.1), PeakScale(1.0, 0.5))
"""Fine detail places a peak best; where noise hides it, coarser detail does."""

WINDOW = 7
"""Window of the focus measure, px."""

REACH = WINDOW // 2 + 1 + max(int(4 * scale.sigma + 0.5) for scale in SCALES)
"""Distance from which a pixel's peak is seen, px."""

FARTHEST_PEAK = 1.2
"""Distance from its label up to which a peak is that label's, planes."""

FARTHEST_BLUR = 0.5
"""Or, where planes are close together, px of blur: the cut goes over slopes in steps of several planes."""

LEAST_BLUR = 0.7
"""Standard deviation of the blur that a focus measure itself amounts to, px."""

LEAST_LEVEL = 0.4
"""Focus measure that counts as none, once that of the noise is taken off (squared: the two are independent),
in units of that of the noise."""

TINY = np.float32(1e-18)
"""Square of a focus measure that is none where there is no noise, either: keeps logarithms finite."""

LEAST_BEND = 1e-3
"""Least curvature of the logarithm of the focus measure at a peak."""


def peak_coordinates(
    window: Observations,
    optics: Optics,
    noise: Noise,
    unusable: NDArray[np.bool_] | None,
    labels: Labels,
) -> Floats:
    """Blur coordinate (Y, X) of the peak of the focus measure next to each pixel's label, in focus order.

    The parabola through the logarithms of three planes (Nayar & Nakagawa 1994), around that which is reached
    uphill from the label. Where there is no peak, or it is too far from the label, the label's own.
    """
    centers = np.sort(optics.centers)
    last = len(centers) - 1
    if last < 2:
        return centers[labels].astype(np.float32)
    level, shares = _levels(window, optics, noise, unusable)

    def near(coordinates: NDArray[Any], planes: NDArray[Any], farthest: float) -> NDArray[np.bool_]:
        blur = np.abs(coordinates - centers[labels]) * px_per_coordinate(optics)
        return np.asarray((np.abs(planes - labels) <= farthest) | (blur <= FARTHEST_BLUR))

    middle = np.clip(labels, 1, last - 1)
    while True:
        before, here, after = (np.take_along_axis(level, (middle + step)[None], 0)[0] for step in (-1, 0, 1))
        uphill = np.where(
            (before > here) & (before > after), -1, np.where((after > here) & (after > before), 1, 0)
        )
        there = np.clip(middle + uphill, 1, last - 1)
        moves = near(centers[there], there, 1) & (there != middle)
        if not moves.any():
            break
        middle = np.where(moves, there, middle)
    bend = 2 * here - before - after
    aside = np.clip((after - before) / (2 * np.maximum(bend, LEAST_BEND)), -1, 1)
    corrected = (between_planes(aside, optics, scale.sigma) for scale in SCALES)
    place = middle + sum(share * shift for share, shift in zip(shares, corrected, strict=True))
    found = np.interp(np.clip(place, 0, last), np.arange(last + 1), centers)
    known = (bend > LEAST_BEND) & near(found, place, FARTHEST_PEAK)
    return np.where(known, found, centers[labels]).astype(np.float32)


def _levels(
    window: Observations, optics: Optics, noise: Noise, unusable: NDArray[np.bool_] | None
) -> tuple[Floats, list[Floats]]:
    """Logarithm of the focus measure in the order of focus, (planes, Y, X), and each scale's share, (Y, X).

    A mean of the scales, each counted by the inverse of its variance: that without noise, and the square of
    what the noise is of the peak.
    """
    order = np.argsort(optics.centers)
    level: Any = 0
    weights = []
    for sigma, scatter in SCALES:
        measures = focus_measures(window, sigma, WINDOW, unusable)[order]
        floor = np.float32(noise.laplacian(sigma))
        noisy = floor / np.maximum(measures.max(axis=0), max(floor, np.float32(1e-9)))
        weights.append(1 / (np.float32(scatter) + noisy**2))
        squared = np.maximum(measures**2 - floor**2, 0) + max((LEAST_LEVEL * floor) ** 2, TINY)
        level += weights[-1] * np.float32(0.5) * np.log(squared)
    total = np.sum(weights, axis=0)
    return level / total, [weight / total for weight in weights]


def between_planes(aside: Floats, optics: Optics, sigma: float) -> Floats:
    """Correct places of parabolas' vertices, planes from the middle one, for the shape of focus curves.

    A parabola through three logarithms would be right for a Gaussian focus curve. That of a texture falls off
    as a power of the variance of all blur, whatever the power, so that vertices crowd around the planes where
    these are far apart. The correction is the same parabola through such a curve, the other way round; with
    a Gaussian of `sigma` px before the focus measure.
    """
    apart = float(np.diff(np.sort(optics.centers)).mean()) * px_per_coordinate(optics)
    least = LEAST_BLUR**2 + sigma**2 + float(optics.sigma_of_radius(0.0)) ** 2
    true = np.linspace(-0.5, 0.5, 41)
    before, here, after = (-np.log(least + (apart * (step - true)) ** 2) for step in (-1, 0, 1))
    vertex = (after - before) / (2 * (2 * here - before - after))
    return np.where(np.abs(aside) < 0.5, np.interp(aside, vertex, true), aside).astype(np.float32)
