"""Specimens under a microscope, kept for the final figures; lengths in um, heights grow upwards."""

from math import tau

import numpy as np

from benchmarks.accuracy.cells import cell_image, nearest_cells
from napari_defocus.optics import Microscope
from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import FloatImage, fractal_noise, tinted

UP = (0.0, 0.0, 1.0)


def pollen(shape: tuple[int, int], planes: int) -> Setup:
    """Netted and spiny grains of three sizes on a mount with specks, through a 20x / 0.40."""
    optics = objective(
        shape, planes, lowest=-2.0, step=26.0 / (planes - 1), numerical_aperture=0.4, field_width=83.2
    )
    rng = np.random.default_rng(501)
    specks = np.clip(1.8 * fractal_noise((512, 512), slope=0.9, low=6, seed=502) - 0.3, 0, 1)
    mount = Texture(tinted(specks, (0.25, 0.18, 0.20), (0.75, 0.66, 0.62)), 90)
    surfaces: list[Surface] = [Rectangle((0, 0, 0), mount)]
    for k, (x, y, radius) in enumerate(
        ((-24, -14, 11), (12, 14, 9.5), (26, -16, 7.5), (-22, 19, 7), (2, -21, 5.5))
    ):
        _, wall = cell_image((192, 384), 170, seed=503 + k)
        net = np.clip(1 - wall / 0.22, 0, 1) * 0.7 + 0.3 * fractal_noise((192, 384), slope=0.6, seed=510 + k)
        coat = tinted(net, (0.25, 0.12, 0.02), (0.98, 0.80, 0.30))
        surfaces.append(Sphere((x, y, radius), radius, Texture(coat, tau * radius, "repeat"), up=UP))
    spine = Texture(
        tinted(fractal_noise((32, 64), slope=0.6, seed=515), (0.3, 0.15, 0.1), (1.0, 0.8, 0.6)), 4
    )
    for k, (x, y, radius) in enumerate(((-5, 3, 6.5), (31, 6, 6), (-37, 4, 5.5))):
        grain = fractal_noise((128, 256), slope=0.7, low=5, seed=516 + k)
        coat = tinted(grain, (0.25, 0.08, 0.05), (0.90, 0.60, 0.42))
        middle = np.array([x, y, radius])
        surfaces.append(Sphere(middle, radius, Texture(coat, tau * radius, "repeat"), up=UP))
        surfaces += [
            Cylinder(middle + (radius - 0.3) * out, middle + (radius + 1.8) * out, 0.4, spine)
            for out in _spread(26, rng)
        ]
    return Setup(Scene(surfaces, Light((-0.4, -0.3, 1.0), ambient=0.45)), optics, shape)


def _spread(count: int, rng: np.random.Generator) -> FloatArray:
    """Directions spread evenly over the upper two thirds of a sphere, turned by chance."""
    height = 1 - 1.3 * (np.arange(count) + 0.5) / count
    turn = 2.39996 * np.arange(count) + rng.uniform(0, tau)
    flat = np.sqrt(1 - height**2)
    return np.stack([flat * np.cos(turn), flat * np.sin(turn), height], axis=1)


def tissue(shape: tuple[int, int], planes: int) -> Setup:
    """The surface of a tilted piece of tissue: soft folds, faint cells with darker nuclei."""
    optics = objective(shape, planes, lowest=-2.0, step=36.0 / (planes - 1))
    x, y, spacing = _grid(shape, optics)
    slow = _relief(x, slope=2.6, low=0, seed=521)
    heights = 15 + 0.07 * x - 0.03 * y + 30 * (slow - 0.5)
    heights += 3.5 * np.cos(tau * (x + 0.6 * y + 60 * slow) / 55)
    index, wall = cell_image((1024, 1280), 900, seed=522)
    tone = 0.55 + 0.10 * np.random.default_rng(523).uniform(-1, 1, 900)[index]
    tone = tone - 0.12 * (wall < 0.05) - 0.14 * (wall > 0.3)
    tone = tone + 0.16 * (fractal_noise((1024, 1280), slope=0.7, low=20, seed=524) - 0.5)
    skin = Texture(tone, 1.1 * x.shape[1] * spacing)
    surfaces: list[Surface] = [
        HeightField((0, 0, 0), np.clip(heights, 0, 33), spacing, skin, up=UP),
        Rectangle((0, 0, -10), skin),
    ]
    return Setup(Scene(surfaces, Light((0.3, -0.2, 1.0), ambient=0.4)), optics, shape)


def fracture(shape: tuple[int, int], planes: int) -> Setup:
    """Broken metal: tilted facets with steps between them and river lines on them; flakes mirror the lamp."""
    optics = objective(shape, planes, lowest=-2.0, step=45.0 / (planes - 1))
    x, y, spacing = _grid(shape, optics)
    rng = np.random.default_rng(531)
    seeds = rng.uniform((-115, -90), (115, 90), (75, 2))
    # Warped, so that the borders of the facets are not straight.
    warp = [9 * (_relief(x, slope=1.6, low=3, seed=seed) - 0.5) for seed in (532, 533)]
    index, _ = nearest_cells(np.stack([x + warp[0], y + warp[1]], axis=-1), seeds)
    tilt = rng.normal(0, 0.16, (75, 2))
    level = rng.uniform(6, 34, 75)
    heights = level[index] + tilt[index, 0] * (x - seeds[index, 0]) + tilt[index, 1] * (y - seeds[index, 1])
    heights += 2.5 * (_relief(x, slope=1.2, low=4, seed=534) - 0.5)
    angle = rng.uniform(0, tau, 75)[index]
    river = 0.5 + 0.5 * np.sin(tau * (x * np.cos(angle) + y * np.sin(angle) + 1.5 * warp[0]) / 5)
    grain = _relief(x, slope=0.6, low=15, seed=535)
    tone = np.clip(0.12 + 0.25 * river**3 + 0.5 * grain, 0.02, 1)
    glint = (np.arange(75) % 3 == 1)[index] & (_relief(x, slope=0.9, low=12, seed=536) > 0.84)
    surface = Texture(np.where(glint, 2.5, tone), x.shape[1] * spacing)
    surfaces: list[Surface] = [
        HeightField((0, 0, 0), np.clip(heights, 0, 41), spacing, surface, up=UP),
        Rectangle((0, 0, -10), surface),
    ]
    return Setup(Scene(surfaces, Light((-0.25, 0.35, 1.0), ambient=0.4)), optics, shape)


def _grid(shape: tuple[int, int], optics: Microscope) -> tuple[FloatArray, FloatArray, float]:
    """x, y and the spacing of a grid of two points a pixel that goes 30 um beyond the frame."""
    spacing = optics.pixel_size / 2
    half = [int(np.ceil((side * optics.pixel_size / 2 + 30) / spacing)) for side in shape]
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1] * spacing
    return x, y, spacing


def _relief(x: FloatArray, *, slope: float, low: float, seed: int) -> FloatImage:
    """Noise in [0, 1] on a grid."""
    side = max(x.shape)
    return fractal_noise((side, side), slope=slope, low=low, seed=seed)[: x.shape[0], : x.shape[1]]
