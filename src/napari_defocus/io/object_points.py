"""Where the pixels of a depth map lie in space."""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, Optics, ThinLens
from napari_defocus.optics.units import UNITLESS, metres

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class ObjectSpace:
    """From pixels and depths to points of the object.

    Attributes
    ----------
    spacing : float
        Distance of neighbouring pixels: everywhere, or at depth 1 where chief rays meet in the lens.
    telecentric : bool
        Whether the chief rays are parallel.
    depth_is_up : bool
        Whether depth grows towards the viewer, as a microscope's height.
    unit : str
        Unit of x, y and z; "" where pixels and planes have no common one.
    """

    spacing: float
    telecentric: bool
    depth_is_up: bool
    unit: str

    @classmethod
    def of(cls, optics: Optics | None) -> Self:
        """Return the space that some optics look into; None: nothing is known of them.

        A camera's pixel sees ``pixel_pitch / v`` at depth 1, where ``v = f Zf / (Zf - f)`` is the distance
        of the sensor, averaged over the planes: the one to which a registered stack belongs. Far from the
        lens that is the focal length.
        """
        if isinstance(optics, Microscope):
            return cls(optics.pixel_size, True, True, optics.unit)
        if isinstance(optics, ThinLens):
            focus = optics.focus_positions_array
            sensor = float((optics.focal_length * focus / (focus - optics.focal_length)).mean())
            unit = "" if optics.unit == UNITLESS else optics.unit
            return cls(optics.pixel_pitch / sensor, False, False, unit)
        return cls(1.0, True, False, "")

    def points(self, rows: ArrayLike, columns: ArrayLike, depth: ArrayLike, shape: tuple[int, int]) -> Any:
        """Return the points (..., 3) float64, as (x, y, z), of pixels of an image of `shape`.

        x goes right and z is the depth. The frame is right-handed, so y goes down for a camera, up for a
        microscope, whose z comes towards the viewer. A camera has its lens at the origin, a microscope's
        first pixel of the last row lies there.
        """
        rows, columns, depth = (np.asarray(values, np.float64) for values in (rows, columns, depth))
        if self.depth_is_up:
            x, y = columns * self.spacing, (shape[0] - 1 - rows) * self.spacing
        elif self.telecentric:
            x, y = columns * self.spacing, rows * self.spacing
        else:
            size = self.spacing * depth
            x, y = (columns - (shape[1] - 1) / 2) * size, (rows - (shape[0] - 1) / 2) * size
        return np.stack(np.broadcast_arrays(x, y, depth), -1)

    def factor_to(self, unit: str | None) -> float:
        """Return what turns lengths into another unit; None: the space's own.

        Raises
        ------
        InputError
            If the space has no unit of length, or `unit` is none.
        """
        if unit is None:
            return 1.0
        if not self.unit:
            raise InputError(
                f"The result has no unit of length and cannot be converted to {unit}; "
                "give the optics, or leave the unit out."
            )
        return metres(self.unit) / metres(unit)
