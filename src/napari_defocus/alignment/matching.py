"""Measures how one plane lies over another although their blur differs.

Every window of one plane looks for itself in the other (iterative Lucas-Kanade optical flow); one motion is
then fitted to all of them, robustly, since some windows see nothing and some see what is not there: blur
behind an edge, a highlight, a period of a pattern.
"""

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, uniform_filter
from scipy.optimize import least_squares

from napari_defocus.alignment.motion import Motion

MotionKind = Literal["translation", "breathing", "similarity"]

FREE: dict[MotionKind, list[int]] = {
    "translation": [2, 3],
    "breathing": [0, 2, 3],
    "similarity": [0, 1, 2, 3],
}
"""Which of growth, rotation (both as the way of a corner, px), shift x and shift y are free."""

FINE, COARSE = 1.5, 6.0
"""Band of detail that is compared, as standard deviations of two Gaussians, px: coarser than the noise, and
not so fine that only the sharper of two planes would have it."""

FLOOR = 0.3
"""Contrast, as a share of the median, below which a window is not amplified to the contrast of the others."""

RADIUS = 12
"""Half the side of the windows, px; less in images that would not hold three of them."""

REFINEMENTS = 2
"""Rounds of the flow on each level of its pyramid."""

OVERLAP = 4
"""How often each pixel is counted where windows are half a side apart in both directions."""

LEAST_SCATTER = 0.02
"""Scatter of the windows below which theirs is not believed to be, px."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Match:
    """How a plane lies over another one.

    Attributes
    ----------
    motion : Motion
        Where points of the first plane are found in the second.
    covariance : ndarray, (4, 4)
        Of growth and rotation, both as the way of a corner, shift x and shift y, px^2.
    """

    motion: Motion
    covariance: NDArray[np.float64]


def comparable(grey: Floats) -> Floats:
    """Return the detail of a plane (Y, X) with even contrast: alike in a sharp and a blurred plane."""
    detail = gaussian_filter(grey, FINE) - gaussian_filter(grey, COARSE)
    contrast = np.sqrt(gaussian_filter(detail**2, 2 * COARSE))
    floor = FLOOR * np.median(contrast) + np.finfo(np.float32).tiny
    return np.asarray(detail / (contrast + floor), np.float32)


def match(first: Floats, second: Floats, kind: MotionKind) -> Match:
    """Measure how the second of two planes, both from :func:`comparable`, lies over the first."""
    from skimage.registration import optical_flow_ilk

    radius, grid = window_grid(first.shape)
    flow_y, flow_x = optical_flow_ilk(first, second, radius=radius, num_warp=REFINEMENTS, dtype=np.float32)
    flow = np.stack([flow_x[grid].ravel(), flow_y[grid].ravel()], 1).astype(np.float64)
    shape = first.shape[0], first.shape[1]
    return fit(window_centres(shape), flow, certainty_of_both(first, second), radius_of(shape), kind)


def window_grid(shape: tuple[int, ...], dense: int = 1) -> tuple[int, tuple[slice, slice]]:
    """Return half the side of the windows of an image, px, and where their centres are.

    These are half a side apart, or by a whole number `dense` less.
    """
    radius = int(np.clip(min(shape) // 6, 2, RADIUS))
    return radius, (slice(radius, -radius, max(1, radius // dense)),) * 2


def window_centres(shape: tuple[int, int], dense: int = 1) -> NDArray[np.float64]:
    """Return the centres of the windows of an image from its own, (windows, x and y), px."""
    y, x = np.mgrid[: shape[0], : shape[1]][(slice(None), *window_grid(shape, dense)[1])].reshape(2, -1)
    return np.stack([x - (shape[1] - 1) / 2, y - (shape[0] - 1) / 2], 1)


def terms_of(points: NDArray[np.float64], radius: float, kind: MotionKind) -> NDArray[np.float64]:
    """Return what the free values of a motion do to points (n, x and y), as (n, x and y, values)."""
    x, y = points.T / radius
    nought, one = np.zeros_like(x), np.ones_like(x)
    terms = np.stack([np.stack([x, -y, one, nought], 1), np.stack([y, x, nought, one], 1)], 1)
    return np.asarray(terms[:, :, FREE[kind]])


def radius_of(shape: tuple[int, int]) -> float:
    """Return the distance of the corners from the centre, px."""
    return float(np.hypot(*shape)) / 2


def certainty(image: Floats, radius: int) -> Floats:
    """Return how surely the window about each pixel (Y, X) can be placed in its least sure direction."""
    dy, dx = np.gradient(image)
    yy, xx, xy = (uniform_filter(product, 2 * radius + 1) for product in (dy * dy, dx * dx, dy * dx))
    least = (yy + xx) / 2 - np.hypot((yy - xx) / 2, xy)
    return np.asarray(np.sqrt(np.maximum(least, 0)), np.float32)


def certainty_of_both(first: Floats, second: Floats, dense: int = 1) -> NDArray[Any]:
    """Return how surely each window (:func:`window_grid`) can be placed in both of two images."""
    radius, grid = window_grid(first.shape, dense)
    return np.minimum(certainty(first, radius), certainty(second, radius))[grid].ravel()


def levelled(weights: NDArray[Any]) -> NDArray[Any]:
    """Return weights in units of their median; none counts more than twice as much."""
    typical = float(np.median(weights)) + 1e-12  # nought in an empty image
    return np.asarray(np.minimum(weights / typical, 2.0))


def fit(
    points: NDArray[np.float64],
    flow: NDArray[np.float64],
    weights: NDArray[np.float64],
    radius: float,
    kind: MotionKind,
) -> Match:
    """Fit one motion to the shifts of many windows.

    Parameters
    ----------
    points, flow : ndarray, (windows, 2)
        Centre of each window from the image's centre and its shift, (x, y), px.
    weights : ndarray, (windows,)
        Trust in each shift.
    radius : float
        Distance of the image's corners from its centre, px.
    kind : str
        What is free.
    """
    terms = terms_of(points, radius, kind)
    weights = levelled(weights)[:, None]
    jacobian = (terms * weights[..., None]).reshape(-1, terms.shape[2])
    values = np.zeros(terms.shape[2])
    values[-2:] = np.median(flow, axis=0)

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return ((terms @ values - flow) * weights).ravel()

    def constant(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return jacobian.copy()  # SciPy before 1.16 changes what it gets

    for _ in range(2):  # what counts as far off is first told by a rough fit, then by a good one
        scatter = max(1.48 * float(np.median(np.abs(residuals(values)))), LEAST_SCATTER)
        values = least_squares(residuals, values, constant, loss="cauchy", f_scale=scatter, x_scale="jac").x
    full = np.zeros(4)
    full[FREE[kind]] = values
    covariance = np.zeros((4, 4))
    covariance[np.ix_(FREE[kind], FREE[kind])] = _covariance(jacobian, residuals(values), scatter)
    return Match(motion_of(full, radius), covariance)


def motion_of(values: NDArray[np.float64], radius: float) -> Motion:
    """Return the motion of growth and rotation (as the way of a corner), shift x and shift y, px."""
    growth, turn, x, y = (float(value) for value in values)
    return Motion.from_complex(1 + complex(growth, turn) / radius, complex(x, y))


def values_of(motion: Motion, radius: float) -> NDArray[np.float64]:
    """Return what :func:`motion_of` takes."""
    change = (motion.factor - 1) * radius
    return np.array([change.real, change.imag, motion.shift_x, motion.shift_y])


def _covariance(
    jacobian: NDArray[np.float64], residuals: NDArray[np.float64], scatter: float
) -> NDArray[np.float64]:
    """Return the covariance of a robust fit; what no window tells anything about is as good as unknown."""
    trust = 1 / (1 + (residuals / scatter) ** 2)
    curvature = jacobian.T @ (jacobian * trust[:, None])
    return np.asarray(OVERLAP * scatter**2 * np.linalg.inv(curvature + 1e-6 * np.eye(len(curvature))))
