"""A scene together with the lens it is seen through."""

from typing import NamedTuple

import numpy as np

from napari_defocus.optics import Microscope, ThinLens
from napari_defocus.simulation.scene import Scene

SENSOR_WIDTH = 0.036  # m, of a full-frame camera
FIELD_WIDTH = 166.4  # um, 256 pixels of 6.5 um behind a tenfold objective


class Setup(NamedTuple):
    """A scene, the lens for it and the shape of the image it was made for."""

    scene: Scene
    optics: ThinLens | Microscope
    shape: tuple[int, int]


def camera(
    shape: tuple[int, int],
    planes: int,
    nearest: float,
    farthest: float,
    *,
    f_number: float = 1.4,
    focal_length: float = 0.05,
) -> ThinLens:
    """Return a lens before a full-frame sensor, its planes even in 1 / Z between two depths; lengths in m."""
    vergence = np.linspace(1 / nearest, 1 / farthest, planes)
    return ThinLens(
        focal_length=focal_length,
        aperture_diameter=focal_length / f_number,
        pixel_pitch=round(SENSOR_WIDTH / shape[1], 12),
        focus_distances=[round(float(distance), 4) for distance in 1 / vergence],
        blur_scale=0.5,
    )


def objective(
    shape: tuple[int, int],
    planes: int,
    lowest: float,
    step: float,
    *,
    numerical_aperture: float = 0.3,
    field_width: float = FIELD_WIDTH,
) -> Microscope:
    """Return an air objective whose planes rise in steps from a lowest height; lengths in um.

    By default it is a 10x / 0.30. The field is as wide as told whatever the shape.
    """
    return Microscope(
        numerical_aperture=numerical_aperture,
        pixel_size=round(field_width / shape[1], 6),
        focus_positions=[round(lowest + k * step, 4) for k in range(planes)],
        refractive_index=1.0,
        wavelength=0.55,
        blur_scale=0.5,
    )
