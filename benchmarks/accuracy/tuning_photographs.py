"""Tuning scenes before a camera that the library of scenes does not hold; lengths in m."""

import numpy as np

from napari_defocus.simulation import scenes as library
from napari_defocus.simulation.scene import Rectangle, Scene, Sphere, Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.textures import Texture, uniform


def marked_boards(shape: tuple[int, int], planes: int) -> Setup:
    """Return slanted boards with sparse marks on plain ground, and a plain ball."""
    rows, columns = np.indices((128, 128))
    words = np.where((rows % 32 < 6) & (columns % 64 < 44) & ((columns // 4) % 3 != 1), 0.1, 0.8)
    rings = np.where(np.abs(np.hypot(rows - 63.5, columns - 63.5) - 40) < 5, 0.75, 0.2)
    bars = np.where(np.arange(256)[None] % 128 < 18, 0.15, 0.6) * np.ones((4, 1))
    surfaces: list[Surface] = [
        Rectangle((0, 0, 2.1), Texture(rings.astype(np.float32), 0.3, "repeat"), right=(1, 0, -0.2)),
        Rectangle(
            (-0.2, 0, 1.2), Texture(words.astype(np.float32), 0.12, "repeat"), right=(1, 0, 0.7), width=0.36
        ),
        Rectangle(
            (0.2, 0.1, 1.05),
            Texture(bars.astype(np.float32), 0.2, "repeat"),
            right=(1, 0, -0.5),
            down=(0, 1, -0.5),
            width=0.3,
            height=0.25,
        ),
        Sphere((0.2, -0.17, 1.5), 0.09, Texture(uniform(0.45), 1.0)),
    ]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.8, farthest=2.6), shape)


def lamps_wide_open(shape: tuple[int, int], planes: int) -> Setup:
    """Return the scene of lights seen through f/0.8, so that its lights blur into large discs."""
    scene, lens, shape = library.highlights(shape, planes)
    return Setup(scene, lens.replace(aperture_diameter=lens.focal_length / 0.8), shape)
