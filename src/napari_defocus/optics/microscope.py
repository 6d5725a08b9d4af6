"""A microscope: telecentric optics, focused by moving the stage or the objective."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.errors import InputError
from napari_defocus.optics.base import FloatArray, Optics, median_step, set_number, set_positions
from napari_defocus.optics.units import metres

GREEN = 0.55e-6
"""Wavelength that is assumed when none is given, m."""


@dataclass(frozen=True, kw_only=True)
class Microscope(Optics):
    """A telecentric microscope objective.

    The radius of the circle of confusion at height ``z`` when focused at ``z_f`` is, in pixels::

        R = |z - z_f| * tan(asin(NA / n)) / pixel_size

    Parameters
    ----------
    numerical_aperture : float
        Numerical aperture NA of the objective (no unit).
    pixel_size : float
        Size of a pixel in the object plane, in `unit`.
    focus_positions : sequence of float
        Height in focus, one for each image, in `unit`.
    refractive_index : float
        Refractive index n of the immersion medium (1 air, 1.33 water, 1.515 oil).
    wavelength : float, optional
        Wavelength of the light, in `unit`. None: 0.55 um (green).
    in_focus_blur : float, optional
        Blur in perfect focus, px. None: ``0.21 * wavelength / (NA * pixel_size)``, the Gaussian
        nearest to the diffraction-limited spot.
    blur_scale, min_blur : float
        See :class:`Optics`.
    unit : str
        Unit of all lengths above and of the height that comes out.

    Raises
    ------
    InputError
        If a parameter is not a positive finite number, or NA is not below the refractive index.
    """

    kind: ClassVar[str] = "microscope"

    numerical_aperture: float
    pixel_size: float
    focus_positions: Sequence[float]
    refractive_index: float = 1.0
    wavelength: float | None = None
    unit: str = "um"
    in_focus_blur: float | None = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.wavelength is None:
            object.__setattr__(self, "wavelength", GREEN / metres(self.unit))
        metres(self.unit)
        set_number(self, "numerical_aperture", low=0.0, strict=True)
        set_number(self, "refractive_index", low=0.0, strict=True)
        set_number(self, "pixel_size", low=0.0, strict=True, unit=self.unit)
        set_number(self, "wavelength", low=0.0, strict=True, unit=self.unit)
        set_positions(self, "focus_positions", unit=self.unit)
        if self.numerical_aperture >= self.refractive_index:
            raise InputError(
                f"numerical_aperture ({self.numerical_aperture:g}) must be below refractive_index "
                f"({self.refractive_index:g}); set the immersion medium (water 1.33, oil 1.515)."
            )
        self._check_common()

    @property
    def effective_in_focus_blur(self) -> float:
        if self.in_focus_blur is not None:
            return self.in_focus_blur
        assert self.wavelength is not None  # filled in above
        return 0.21 * self.wavelength / (self.numerical_aperture * self.pixel_size)

    @property
    def focus_positions_array(self) -> FloatArray:
        return np.asarray(self.focus_positions, np.float64)

    @property
    def depth_unit(self) -> str:
        return self.unit

    @property
    def slopes(self) -> FloatArray:
        half_angle = np.arcsin(self.numerical_aperture / self.refractive_index)
        return np.full(self.planes, np.tan(half_angle) / self.pixel_size)

    @property
    def depth_of_field(self) -> float:
        """Depth of field ``n * wavelength / NA ** 2``, in `unit`."""
        assert self.wavelength is not None
        return self.refractive_index * self.wavelength / self.numerical_aperture**2

    def to_blur_coordinate(self, depth: ArrayLike) -> FloatArray:
        return np.asarray(depth, np.float64)

    def from_blur_coordinate(self, coordinate: ArrayLike) -> FloatArray:
        return np.asarray(coordinate, np.float64)

    def default_depth_range(self) -> tuple[float, float]:
        """Focus positions with a margin of one median step at either end."""
        step = median_step(self.focus_positions)
        return min(self.focus_positions) - step, max(self.focus_positions) + step
