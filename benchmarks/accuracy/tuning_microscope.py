"""Scene under a microscope to tune on, beside those of the simulation's library; lengths in um."""

import numpy as np

from benchmarks.accuracy.boxes import box
from napari_defocus.simulation import Cylinder, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import Surface
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import fractal_noise

LAMP = Light((0.25, -0.3, 1.0), ambient=0.35)


def crystals(shape: tuple[int, int], planes: int) -> Setup:
    """Steep grains of several heights on a rough ground, balls and needles between them."""
    optics = objective(shape, planes, lowest=-2.0, step=46.0 / (planes - 1))
    rng = np.random.default_rng(301)

    def rough(mean: float, contrast: float, width: float) -> Texture:
        noise = fractal_noise((512, 512), slope=0.8, low=5, seed=int(rng.integers(1000)))
        return Texture(np.clip(mean + contrast * (noise - 0.5), 0.02, 1), width)

    surfaces: list[Surface] = [Rectangle((0, 0, 0), rough(0.35, 0.5, 190))]
    for column in range(5):
        for row in range(4):
            foot = (-66 + 33 * column + rng.uniform(-6, 6), -48 + 32 * row + rng.uniform(-6, 6), 0.0)
            width, length = rng.uniform(10, 24, 2)
            height = rng.choice([5.0, 12.0, 20.0, 33.0])
            texture = rough(rng.uniform(0.3, 0.6), rng.uniform(0.2, 0.6), 70)
            surfaces += box(foot, (width, length, height), texture, turn=rng.uniform(-0.8, 0.8))
    for _ in range(8):
        x, y = rng.uniform(-75, 75), rng.uniform(-55, 55)
        surfaces.append(Sphere((x, y, 4), 4.0, rough(0.6, 0.4, 30), up=(0, 0, 1)))
        lean, turn = rng.uniform(10, 30, 2)
        end = (x + 1.5 * lean - 30, y + 2 * turn - 40, rng.uniform(15, 38))
        surfaces.append(Cylinder((x + 6, y, 3), end, rng.uniform(1.0, 2.5), rough(0.7, 0.5, 40)))
    return Setup(Scene(surfaces, LAMP), optics, shape)
