"""A camera lens: the thin-lens model."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import SimpleNamespace
from typing import ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.errors import InputError
from napari_defocus.optics.base import FloatArray, Optics, set_number, set_positions
from napari_defocus.optics.units import metres


@dataclass(frozen=True, kw_only=True)
class ThinLens(Optics):
    """A thin lens, focused by its distance to the sensor.

    The radius of the circle of confusion of a point at depth ``Z`` when the lens is focused at ``Zf`` is, in
    pixels (Jackson et al., arXiv 2602.18509)::

        R = D / (2 p) * |Z - Zf| / Z * f / (Zf - f)

    Parameters
    ----------
    focal_length : float
        Focal length f, in `unit`.
    aperture_diameter : float
        Diameter D of the entrance pupil (focal length / f-number), in `unit`.
    pixel_pitch : float
        Distance p of neighbouring pixels on the sensor (after any resizing of the image), in `unit`.
    focus_distances : sequence of float
        Distance of the lens to the plane in focus, one for each image, in `unit`.
    blur_scale, min_blur, in_focus_blur : float
        See :class:`Optics`.
    unit : str
        Unit of all lengths above and of the depth that comes out; "dimensionless" where they are known up
        to a common factor only.

    Raises
    ------
    InputError
        If a parameter is not a positive finite number, or the focal length is not below every focus distance.
    """

    kind: ClassVar[str] = "thin_lens"

    focal_length: float
    aperture_diameter: float
    pixel_pitch: float
    focus_distances: Sequence[float]
    unit: str = "m"

    def __post_init__(self) -> None:
        metres(self.unit)
        for name in ("focal_length", "aperture_diameter", "pixel_pitch"):
            set_number(self, name, low=0.0, strict=True, unit=self.unit)
        set_positions(self, "focus_distances", unit=self.unit)
        self._check_common()
        nearest = min(self.focus_distances)
        if nearest <= 0:
            raise InputError(
                f"focus_distances must be above 0 {self.unit}, but one is {nearest:g} {self.unit}."
            )
        if self.focal_length >= nearest:
            raise InputError(
                f"focal_length ({self.focal_length:g} {self.unit}) must be below every focus distance, "
                f"but the nearest is {nearest:g} {self.unit}; check that both are in {self.unit}."
            )

    @classmethod
    def from_camera(
        cls,
        focal_length_mm: float,
        f_number: float,
        pixel_pitch_um: float,
        focus_distances_m: Sequence[float],
        *,
        blur_scale: float = 1.0,
        min_blur: float = 0.0,
        in_focus_blur: float = 0.0,
    ) -> Self:
        """Make a lens in metres from the figures on a camera.

        Parameters
        ----------
        focal_length_mm : float
            Focal length, mm (not the 35 mm equivalent).
        f_number : float
            Aperture number N; the aperture's diameter is f / N.
        pixel_pitch_um : float
            Pixel pitch, um.
        focus_distances_m : sequence of float
            Focus distance of each plane, m.
        blur_scale, min_blur, in_focus_blur : float
            See :class:`Optics`.
        """
        figures = SimpleNamespace(
            focal_length_mm=focal_length_mm, f_number=f_number, pixel_pitch_um=pixel_pitch_um
        )
        for name, unit in (("focal_length_mm", "mm"), ("f_number", ""), ("pixel_pitch_um", "um")):
            set_number(figures, name, low=0.0, strict=True, unit=unit)
        focal_length = figures.focal_length_mm * 1e-3
        return cls(
            focal_length=focal_length,
            aperture_diameter=focal_length / figures.f_number,
            pixel_pitch=figures.pixel_pitch_um * 1e-6,
            focus_distances=focus_distances_m,
            blur_scale=blur_scale,
            min_blur=min_blur,
            in_focus_blur=in_focus_blur,
            unit="m",
        )

    @property
    def focus_positions_array(self) -> FloatArray:
        return np.asarray(self.focus_distances, np.float64)

    @property
    def depth_unit(self) -> str:
        return self.unit

    @property
    def slopes(self) -> FloatArray:
        focus = self.focus_positions_array
        return np.asarray(
            self.aperture_diameter
            / (2 * self.pixel_pitch)
            * self.focal_length
            * focus
            / (focus - self.focal_length)
        )

    def to_blur_coordinate(self, depth: ArrayLike) -> FloatArray:
        return np.asarray(1.0 / np.asarray(depth, np.float64))

    def from_blur_coordinate(self, coordinate: ArrayLike) -> FloatArray:
        return np.asarray(1.0 / np.asarray(coordinate, np.float64))

    def default_depth_range(self) -> tuple[float, float]:
        """Focus distances with a margin of one median plane step in 1 / Z at either end.

        The far end stays below twice the farthest focus distance, the near end above the focal length.
        """
        vergence = np.sort(self.centers)
        step = float(np.median(np.diff(np.unique(vergence))))
        far = 1.0 / max(vergence[0] - step, vergence[0] / 2)
        near = max(1.0 / (vergence[-1] + step), 1.001 * self.focal_length)
        return float(near), float(far)

    def check_depth_range(self, depth_range: tuple[float, float]) -> tuple[float, float]:
        near, far = super().check_depth_range(depth_range)
        if near <= 0:
            raise InputError(
                f"depth_range begins at {near:g} {self.unit}, which is behind the lens; "
                "its nearest depth must be above 0."
            )
        return near, far
