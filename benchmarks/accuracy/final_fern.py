"""Fronds of a fern before a camera, kept for the final figures; lengths in m."""

from itertools import pairwise

import numpy as np

from napari_defocus.simulation import Cylinder, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface, unit
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.textures import bundled_image, fractal_noise, tinted

PINNAE = 14
"""Pairs of pinnae (the side leaves) of a frond; each has two rows of leaflets."""

FRESH = ((0.10, 0.22, 0.04), (0.72, 1.00, 0.36))
OLD = ((0.22, 0.20, 0.05), (1.00, 0.90, 0.40))


def fern(shape: tuple[int, int], planes: int) -> Setup:
    """Three arched fronds of many narrow leaflets before a stone and the litter of a wood."""
    rng = np.random.default_rng(711)
    bark = fractal_noise((64, 256), slope=0.7, stretch=4, seed=712)
    stem = Texture(tinted(bark, (0.12, 0.08, 0.03), (0.60, 0.48, 0.24)), 0.05)
    litter = Texture(tinted(bundled_image("gravel"), (0.08, 0.05, 0.03), (0.95, 0.70, 0.48)), 0.5)
    moss = Texture(tinted(fractal_noise((256, 256), slope=0.8, low=4, seed=713), *FRESH), 0.3, "repeat")
    surfaces: list[Surface] = [
        Rectangle((0, 0, 1.12), litter, right=(1, 0, 0.12), down=(0, 1, -0.35)),
        Sphere((0.27, 0.20, 1.10), 0.19, moss),
    ]
    fresh, old = _pinnae(FRESH, seed=714), _pinnae(OLD, seed=715)
    surfaces += _frond([(-0.22, 0.22, 0.92), (-0.10, -0.08, 0.78), (0.12, -0.13, 0.56)], fresh, stem, rng)
    surfaces += _frond([(0.10, 0.26, 0.95), (0.04, 0.05, 0.88), (0.24, -0.16, 0.90)], fresh, stem, rng)
    surfaces += _frond([(-0.02, 0.30, 0.93), (-0.22, -0.02, 0.98), (-0.30, -0.22, 0.86)], old, stem, rng)
    light = Light((-0.5, -0.7, -0.6), ambient=0.55, softness=0.15, shadows=True)
    optics = camera(shape, planes, nearest=0.5, farthest=1.3, f_number=1.8)
    return Setup(Scene(surfaces, light), optics, shape)


def _pinnae(colours: tuple[tuple[float, ...], tuple[float, ...]], seed: int) -> list[Texture]:
    """The pinnae from the foot of a frond to its tip: longest at a third, shorter to both ends."""
    place = (np.arange(PINNAE) + 0.5) / PINNAE
    lengths = 0.125 * np.minimum(1, 0.6 + 1.4 * place) * (1 - place) ** 0.75
    textures = []
    for k, length in enumerate(lengths):
        leaflets = max(5, round(length / 0.009))
        v, u = np.mgrid[-1:1:72j, 0:1:224j]
        # Leaflets lean towards the tip of the pinna.
        number = u * leaflets - 0.7 * np.abs(v)
        reach = 0.95 * np.minimum(1, 0.75 + u) * (1 - u) ** 0.7
        shape = 1 - (np.abs(v) / np.maximum(reach, 1e-6)) ** 2
        leaf = np.abs(number % 1 - 0.5) < 0.42 * np.sqrt(np.clip(shape, 0, 1))
        rib = np.abs(v) < 0.09
        grain = fractal_noise((72, 224), slope=0.7, low=4, seed=seed + 20 * k)
        vein = np.abs(number % 1 - 0.5) < 0.07
        tone = np.clip(0.25 + 0.75 * grain - 0.2 * vein, 0, 1)
        image = tinted(np.where(rib, 0.9, tone), *colours)
        textures.append(Texture(image, float(length), alpha=(leaf | rib).astype(float)))
    return textures


def _frond(
    curve: list[tuple[float, float, float]], pinnae: list[Texture], stem: Texture, rng: np.random.Generator
) -> list[Surface]:
    """A stem along a quadratic Bezier curve with pinnae on both sides that hang back a little."""
    t = np.linspace(0, 1, 10)[:, None]
    points = _bezier(curve, t)
    surfaces: list[Surface] = [
        Cylinder(start, end, 0.0022 - 0.00015 * k, stem) for k, (start, end) in enumerate(pairwise(points))
    ]
    for k, texture in enumerate(pinnae):
        here = 0.22 + 0.76 * (k + 0.5) / PINNAE
        point = _bezier(curve, np.array([[here]]))[0]
        ahead = unit(_bezier(curve, np.array([[here + 0.01]]))[0] - point, "ahead")
        front = unit(np.array([0, -0.35, -1.0]) + rng.normal(0, 0.08, 3), "front")
        for side in (-1, 1):
            out = side * unit(np.cross(front, ahead), "out")
            along = unit(out + (0.45 + rng.normal(0, 0.06)) * ahead - rng.uniform(0.05, 0.4) * front, "along")
            across = np.cross(along, front) + rng.uniform(-0.45, 0.45) * front
            length = texture.width
            middle = point + 0.5 * length * along
            surfaces.append(Rectangle(middle, texture, along, across, length, 0.36 * length))
    return surfaces


def _bezier(curve: list[tuple[float, float, float]], t: FloatArray) -> FloatArray:
    """Points (n, 3) at `t` (n, 1) of the curve between the first and the last of three points."""
    start, bend, end = np.asarray(curve)
    return np.asarray((1 - t) ** 2 * start + 2 * t * (1 - t) * bend + t**2 * end)
