"""What the weights of the priors are measured in: noise, misfit of the model, blur left in the mosaic."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import Optics
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]

PEAK_SPREAD = 0.3
"""Spread of a peak of the focus measure where the planes are one px of blur apart, as a share of that; it
grows with the square of the distance, as the error of a parabola through three planes."""

LEAST_MISFIT = (0.1 / 255) ** 2
"""Least mean squared residual that the weights are scaled with."""

SLIGHT_BLUR = 1.0
"""Standard deviation of blur up to which an image differs from its blur by its Laplacian alone, px."""

HIDING = 1.4
"""Blur of a sharp plane from which on sharpness tells little of depth, px."""

MARGIN = 1.1
"""Least trusted blur, in units of the blur of a sharp plane (of a microscope: diffraction)."""


@dataclass(frozen=True)
class PriorScales:
    """Mean squares, of the whole image, that the weights of the priors are in units of.

    Attributes
    ----------
    misfit : float
        Residual of the model, over planes, pixels and channels.
    departure : float
        Difference of the mosaic of sharpest planes from a sharp image, over pixels and channels.
    noise : Noise, optional
        Noise of the stack. None: not known.
    """

    misfit: float
    departure: float = 0.0
    noise: Noise | None = None

    def at(self, misfit: float, departure: float) -> "PriorScales":
        """The same with less misfit or more departure: so no weight ever grows, nor does the objective."""
        return PriorScales(min(misfit, self.misfit), max(departure, self.departure), self.noise)

    @property
    def residual(self) -> float:
        """Mean squared residual that the weights of priors on the depth are scaled with."""
        return max(self.misfit, LEAST_MISFIT)

    @property
    def trust_in_mosaic(self) -> float:
        """Weight of the mosaic in the image, of 1: what the noise is of all that it differs by."""
        return 1.0 if self.noise is None else self.noise.variance / (self.noise.variance + self.departure)


def px_per_coordinate(optics: Optics) -> float:
    """Blur in the steepest plane for one unit of the blur coordinate, px."""
    return optics.blur_scale * float(np.abs(optics.slopes).max())


def peak_variance(optics: Optics) -> float:
    """Variance of the place of a peak of the focus measure, as a blur coordinate.

    From the distance of the planes, and from the depth over which a least blur hides how sharp a plane is.
    """
    apart = float(np.abs(np.diff(np.sort(optics.centers))).mean())
    slope = px_per_coordinate(optics)
    placed = PEAK_SPREAD * 2 * slope * apart**2
    hidden = optics.min_blur / slope
    return placed**2 + hidden**2


def hides_focus(optics: Optics, settings: SolverSettings) -> bool:
    """Whether even a sharp plane is much blurred, so that sharpness tells little of depth."""
    return settings.trusted_blur is not None and float(optics.sigma_of_radius(0.0)) >= HIDING


def trusted_blur_of(optics: Optics, settings: SolverSettings) -> float | None:
    """Blur up to which a plane is trusted, px; never less than that of a sharp plane. None: all alike."""
    if settings.trusted_blur is None or hides_focus(optics, settings):
        return None
    return max(settings.trusted_blur, least_trusted_blur(optics))


def least_trusted_blur(optics: Optics) -> float:
    """Least trusted blur, px: a sharp plane of a microscope is itself blurred."""
    return MARGIN * float(optics.sigma_of_radius(0.0))


def sharpens(optics: Optics, settings: SolverSettings) -> bool:
    """Whether the image is solved for once more from the sharper planes."""
    return settings.sharpening > 0 and not hides_focus(optics, settings)


def cost_window_of(optics: Optics, settings: SolverSettings) -> int:
    """Side of the window over which costs are averaged, px: no detail is lost within the least blur."""
    window = settings.cost_window
    return window if window == 1 else window + 2 * int(optics.sigma_of_radius(0.0))


def draws_to_peaks(optics: Optics, settings: SolverSettings) -> bool:
    """Whether the depth is drawn to the peaks of the focus measure."""
    return settings.focus_prior > 0 and not hides_focus(optics, settings)


def departure_of(
    mosaic: Floats,
    labels: NDArray[np.int32],
    coordinates: Floats,
    optics: Optics,
    held: NDArray[np.bool_] | None = None,
) -> Floats:
    """Squared difference of the mosaic from a sharp image, expected of each pixel, (Y, X).

    Each pixel of the mosaic has the blur that its own plane has at its depth. Slight blur takes away half its
    variance times the Laplacian; for more, the mosaic is blurred once again by as much.

    Parameters
    ----------
    mosaic : ndarray, (channels, Y, X)
        Image of each pixel's own plane.
    labels : ndarray, (Y, X)
        That plane.
    coordinates : ndarray, (Y, X)
        Blur coordinates of the depth.
    optics : Optics
        Blur of each plane.
    held : ndarray, (Y, X), bool, optional
        Pixels that stay as they are in the mosaic: they differ by nothing.
    """
    radius = optics.slopes[labels] * np.abs(coordinates - optics.centers[labels])
    variance = (optics.sigma_of_radius(radius) ** 2).astype(np.float32)
    typical = float(np.sqrt(variance.mean()))
    if typical <= SLIGHT_BLUR:
        lost = np.stack([0.5 * variance * ndimage.laplace(channel, mode="nearest") for channel in mosaic])
    else:
        lost = mosaic - ndimage.gaussian_filter(mosaic, (0, typical, typical), mode="nearest")
    departure = np.asarray((lost**2).mean(axis=0), np.float32)
    if held is not None:
        departure[held] = 0
    return departure
