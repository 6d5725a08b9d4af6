"""How a lens sees a scene: the ray of each pixel, plane and point of the aperture.

The stack is registered: a point on the chief ray of a pixel (the ray through the aperture's middle) stays
on that pixel in all planes. The ray of pixel ``q`` and aperture point ``w`` (in the unit disc) passes
through the point in focus on the chief ray of ``q`` and

* for a camera, through the point ``A w`` of the lens. With ``A = D / 2 * v / v0``, where
  ``v = f Zf / (Zf - f)`` is the distance of the sensor when focused at ``Zf`` and ``v0`` the one to which
  all planes are registered, a point at depth ``Z`` spreads over a disc whose radius is exactly
  :meth:`ThinLens.blur_radius`;
* for a microscope, at the slope ``w tan(asin(NA / n))``, so that the same holds for
  :meth:`Microscope.blur_radius`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, Optics, ThinLens

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class View:
    """Rays of a registered focal stack.

    Attributes
    ----------
    telecentric : bool
        Chief rays are parallel (microscope) or meet in the middle of the lens (camera).
    shape : tuple of int
        (rows, columns) of the image.
    scale : float
        Distance of neighbouring chief rays: at unit depth (camera) or everywhere (microscope), in the unit of
        the optics.
    focus : ndarray
        (planes,), depth in focus.
    aperture : ndarray
        (planes,), radius of the lens (camera) or greatest slope of a ray (microscope).
    magnification : ndarray
        (planes,), size of the image relative to a registered one; not 1 where the lens breathes.
    """

    telecentric: bool
    shape: tuple[int, int]
    scale: float
    focus: FloatArray
    aperture: FloatArray
    magnification: FloatArray

    @classmethod
    def of(
        cls, optics: Optics, shape: tuple[int, int], magnification: Sequence[float] | None = None
    ) -> "View":
        """Return the view of an image of `shape` through the optics.

        Raises
        ------
        InputError
            If the optics are neither a :class:`ThinLens` nor a :class:`Microscope`, or an argument is
            not valid.
        """
        if len(shape) != 2 or min(shape) < 1:
            raise InputError(f"shape must be (rows, columns), both at least 1, but is {shape!r}.")
        focus = optics.focus_positions_array
        factors = np.ones(len(focus)) if magnification is None else np.asarray(magnification, np.float64)
        if factors.shape != focus.shape or not (np.isfinite(factors) & (factors > 0)).all():
            raise InputError(f"magnification must list {len(focus)} numbers above 0, one for each plane.")
        rows, columns = (int(side) for side in shape)
        if isinstance(optics, ThinLens):
            image_distance = optics.focal_length * focus / (focus - optics.focal_length)
            registered = float(image_distance.mean())
            aperture = optics.aperture_diameter / 2 * image_distance / registered
            scale = optics.pixel_pitch / registered
            return cls(False, (rows, columns), scale, focus, aperture, factors)
        if isinstance(optics, Microscope):
            aperture = optics.slopes * optics.pixel_size
            return cls(True, (rows, columns), optics.pixel_size, focus, aperture, factors)
        raise InputError(
            "A scene can be rendered through a ThinLens or a Microscope, "
            f"but not through {optics.kind!r} optics."
        )

    @property
    def center(self) -> tuple[float, float]:
        """Pixel (row, column) on the optical axis; pixel centres are whole numbers."""
        return (self.shape[0] - 1) / 2, (self.shape[1] - 1) / 2

    def to_pixels(self, points: ArrayLike) -> FloatArray:
        """Return (row, column) of world points (..., 3) as (..., 2), in a registered plane."""
        x, y, z = np.moveaxis(np.asarray(points, np.float64), -1, 0)
        size = self.scale if self.telecentric else self.scale * z
        return np.stack([y / size + self.center[0], x / size + self.center[1]], axis=-1)

    def to_world(self, row: ArrayLike, column: ArrayLike, depth: ArrayLike) -> FloatArray:
        """Return the world point (..., 3) on the chief ray of a pixel at a depth."""
        z = np.asarray(depth, np.float64)
        size = np.full_like(z, self.scale) if self.telecentric else self.scale * z
        x = (np.asarray(column, np.float64) - self.center[1]) * size
        y = (np.asarray(row, np.float64) - self.center[0]) * size
        return np.stack(np.broadcast_arrays(x, y, z), axis=-1)

    @property
    def nearest_ray_parameter(self) -> float:
        """Where rays begin: at the lens (0), or above everything for a microscope."""
        return -1e30 if self.telecentric else 0.0
