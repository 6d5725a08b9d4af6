"""Scenes under a microscope that are kept for the final figures; lengths in um, heights grow upwards."""

from itertools import pairwise
from math import tau

import numpy as np

from benchmarks.accuracy.boxes import box
from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import FloatImage, fractal_noise

LAMP = Light((-0.3, -0.25, 1.0), ambient=0.3)


def circuit(shape: tuple[int, int], planes: int) -> Setup:
    """A chip with bond wires, balls and passive parts on a board with raised tracks."""
    optics = objective(shape, planes, lowest=-2.0, step=54.0 / (planes - 1))

    def grainy(mean: float, contrast: float, seed: int, width: float, stretch: float = 1.0) -> Texture:
        noise = fractal_noise((512, 512), slope=0.7, low=4, stretch=stretch, seed=seed)
        return Texture(np.clip(mean + contrast * (noise - 0.5), 0.02, 1), width)

    board, copper = grainy(0.3, 0.5, 201, 180), grainy(0.65, 0.6, 202, 150, stretch=6)
    chip, resin = Texture(_die(207), 64), grainy(0.4, 0.55, 203, 90)
    gold = grainy(0.75, 0.5, 204, 60)
    surfaces: list[Surface] = [Rectangle((0, 0, 0), board)]
    for k in range(6):
        surfaces += box((60, -52 + 21 * k, 0), (62, 9, 4), copper)
    for k in range(3):
        surfaces += box((-72 + 25 * k, 52, 0), (11, 40, 4), copper)
    surfaces += box((-18, -16, 0), (64, 60, 20), chip, turn=0.12)
    surfaces += box((-70, -20, 0), (16, 36, 12), resin, turn=-0.3)
    surfaces.append(Cylinder((-76, 28, 11), (-40, 38, 11), 10, grainy(0.5, 0.7, 205, 70, stretch=0.1)))
    for k in range(4):
        start, end = np.array([2.0 - 2 * k, -38 + 13 * k, 20]), np.array([42.0, -52 + 21 * k, 4])
        surfaces.append(Sphere(start + np.array([0, 0, 3]), 4.5, gold, up=(0, 0, 1)))
        t = np.linspace(0, 1, 6)[:, None]
        arch = start + (end - start) * t + np.array([0, 0, 1.0]) * (26 + 5 * k) * 4 * t * (1 - t)
        surfaces += [Cylinder(a, b, 1.8, gold) for a, b in pairwise(arch)]
    return Setup(Scene(surfaces, LAMP), optics, shape)


def _die(seed: int) -> FloatImage:
    """Blocks of three sizes, as on a chip, with a fine grain."""
    rng = np.random.default_rng(seed)
    blocks = [np.kron(rng.random((side, side)), np.ones((384 // side,) * 2)) for side in (6, 24, 96)]
    tone = 0.4 * blocks[0] + 0.35 * blocks[1] + 0.25 * blocks[2]
    return np.asarray(0.08 + 0.85 * tone, np.float32)


def weave(shape: tuple[int, int], planes: int) -> Setup:
    """Crossing threads of a fabric that pass over and under each other; the ground shows between them."""
    optics = objective(shape, planes, lowest=-3.0, step=30.0 / (planes - 1))
    spacing = optics.pixel_size / 2
    half = [int(np.ceil((side * optics.pixel_size / 2 + 30) / spacing)) for side in shape]
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1] * spacing
    x, y = x + 0.12 * y, y - 0.05 * x
    heights = np.maximum(_threads(x, y, 0), _threads(y, x, 1))
    tone = fractal_noise((1024, 1024), slope=0.7, low=12, seed=206)
    cloth = Texture(0.1 + 0.8 * tone, 1.1 * x.shape[1] * spacing)
    surfaces: list[Surface] = [
        HeightField((0, 0, 0), heights, spacing, cloth, up=(0, 0, 1)),
        Rectangle((0, 0, -8), cloth),
    ]
    return Setup(Scene(surfaces, LAMP), optics, shape)


def _threads(along: FloatArray, across: FloatArray, shift: int) -> FloatArray:
    """Height of parallel threads, every second one up where its neighbours are down; 0 between them."""
    period, radius, swing = 30.0, 10.5, 5.0
    number = np.round(across / period)
    aside = across - number * period
    axis = 10 + swing * np.cos(tau / 2 * along / period) * np.where((number + shift) % 2, -1, 1)
    profile = axis + 0.75 * np.sqrt(np.clip(radius**2 - aside**2, 0, None))
    return np.where(np.abs(aside) < radius, profile, 0.0)
