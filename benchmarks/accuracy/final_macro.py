"""Close-ups through a 100 mm macro lens that are kept for the final figures; lengths in m."""

from itertools import pairwise
from math import tau

import numpy as np

from benchmarks.accuracy.cells import cell_image
from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import bundled_image, fractal_noise, tinted

MACRO = 0.1
"""Focal length."""


def insect(shape: tuple[int, int], planes: int) -> Setup:
    """A cricket-like animal on a leaf: round body, six bent legs, long feelers, two wings."""
    stage = Stage(height=0.172, pitch=35)
    heading, aside = np.array([0.8, 0, -0.6]), np.array([0.6, 0, 0.8])
    middle, up = np.array([-0.002, 0, 0.246]), np.array([0, 1.0, 0])

    def at(ahead: float, right: float, height: float) -> FloatArray:
        return np.asarray(middle + 1e-3 * (ahead * heading + right * aside + height * up))

    plates = fractal_noise((256, 256), slope=0.8, low=5, seed=401)
    shell = Texture(tinted(plates, (0.10, 0.05, 0.02), (0.75, 0.50, 0.22)), 0.02)
    limb = Texture(
        tinted(
            fractal_noise((64, 256), slope=0.6, stretch=0.3, seed=402), (0.12, 0.06, 0.02), (0.7, 0.5, 0.3)
        ),
        0.02,
    )
    eye = Texture(0.03 + 0.25 * fractal_noise((64, 64), slope=0.4, seed=403), 0.006)
    veins = cell_image((192, 384), 150, seed=404)[1] < 0.06
    wing = Texture(tinted(np.where(veins, 0.1, 0.8), (0.2, 0.12, 0.05), (0.8, 0.7, 0.5)), 0.03)
    surfaces: list[Surface] = [*_leaf_ground(stage)]
    for k, radius in enumerate((2.2, 3.0, 3.6, 4.0, 4.2, 4.2, 4.0)):
        surfaces.append(stage.ball(at(-16 + 2.6 * k, 0, 7.5), 1e-3 * radius, shell))
    surfaces.append(stage.ball(at(5.5, 0, 8.5), 0.0046, shell))
    surfaces.append(stage.ball(at(11, 0, 9), 0.0036, shell))
    for side in (-1, 1):
        surfaces.append(stage.ball(at(12.4, 2.6 * side, 10.2), 0.0013, eye))
        for ahead, knee, foot, out in ((8, 12, 16, 9), (4, 3, 1, 11), (0, -8, -17, 10)):
            joints = [
                at(ahead, 3 * side, 7),
                at(knee, out * side, 12 if ahead else 17),
                at(foot, (out + 5) * side, 1),
                at(foot + 2, (out + 9) * side, 0.5),
            ]
            for (start, end), radius in zip(pairwise(joints), (0.75, 0.4, 0.22), strict=True):
                surfaces.append(stage.rod(start, end, 1e-3 * radius, limb))
        feeler = [at(13 + 4 * t, side * (1.2 + 1.6 * t), 11 + 4 * t - 0.5 * t * t) for t in range(5)]
        surfaces += [stage.rod(start, end, 0.00017, limb) for start, end in pairwise(feeler)]
        across = stage.direction(aside + 0.5 * side * up)
        surfaces.append(
            Rectangle(
                stage.place(at(-6, 2.6 * side, 11.6)),
                wing,
                stage.direction(heading + 0.12 * up),
                across,
                0.024,
                0.0085,
                is_round=True,
            )
        )
    light = Light(stage.direction((-0.5, 0.9, -0.4)), ambient=0.45, softness=0.15, shadows=True)
    optics = camera(shape, planes, nearest=0.255, farthest=0.35, f_number=4.0, focal_length=MACRO)
    return Setup(Scene(surfaces, light), optics, shape)


def _leaf_ground(stage: Stage) -> list[Surface]:
    """A leaf that fills the view, in slow waves, with a net of veins."""
    y, x = np.mgrid[-0.09:0.09:46j, -0.09:0.09:46j]
    waves = 0.0015 * np.sin(tau * (14 * x + 5 * y)) + 0.002 * np.sin(tau * (11 * y - 3 * x))
    net = np.clip(cell_image((512, 512), 500, seed=405)[1] / 0.2, 0, 1)
    tone = np.clip(0.25 + 0.35 * net + 0.5 * (fractal_noise((512, 512), slope=0.9, seed=406) - 0.5), 0, 1)
    green = Texture(tinted(tone, (0.06, 0.12, 0.02), (0.60, 0.95, 0.32)), 0.12)
    right, back, up = (stage.direction(axis) for axis in ((1, 0, 0), (0, 0, -1), (0, 1, 0)))
    return [
        HeightField(stage.place((0, 0, 0.25)), waves, 0.004, green, right, back, up),
        Rectangle(stage.place((0, -0.01, 0.25)), green, right, back),
    ]


def flower(shape: tuple[int, int], planes: int) -> Setup:
    """A daisy of bent pale petals about a disc of florets, a bud, blades of grass behind."""
    rng = np.random.default_rng(411)
    streaks = fractal_noise((128, 256), slope=0.8, low=3, stretch=7, seed=412)
    petal = Texture(tinted(np.clip(1.6 * streaks - 0.3, 0, 1), (0.58, 0.42, 0.52), (0.95, 0.90, 0.88)), 0.03)
    grain = fractal_noise((64, 64), slope=0.5, seed=413)
    floret = Texture(tinted(grain, (0.45, 0.22, 0.02), (0.98, 0.80, 0.15)), 0.002)
    blades = fractal_noise((128, 256), slope=0.8, stretch=5, seed=414)
    grass = Texture(tinted(blades, (0.02, 0.08, 0.01), (0.45, 0.65, 0.2)), 0.03)
    turf = Texture(tinted(bundled_image("grass"), (0.02, 0.06, 0.01), (0.40, 0.55, 0.18)), 0.07)
    surfaces: list[Surface] = [Rectangle((0, 0, 0.352), turf, right=(1, 0, 0.1), down=(0, 1, -0.12))]
    surfaces += _daisy(np.array([0.006, -0.002, 0.29]), 0.022, 21, petal, floret, rng)
    bud = Texture(tinted(streaks, (0.10, 0.20, 0.05), (0.65, 0.75, 0.40)), 0.02)
    surfaces += [
        Sphere((-0.029, 0.019, 0.316), 0.006, bud),
        Cylinder((-0.029, 0.019, 0.318), (-0.022, 0.06, 0.335), 0.0011, grass),
        Cylinder((0.006, -0.002, 0.297), (0.0, 0.06, 0.335), 0.0016, grass),
    ]
    for _ in range(14):
        z = rng.uniform(0.30, 0.345)
        lean = rng.uniform(-0.5, 0.5)
        place = (rng.uniform(-0.045, 0.045), rng.uniform(0.0, 0.03), z)
        surfaces.append(
            Rectangle(place, grass, (lean, -1, rng.uniform(-0.2, 0.2)), (1, lean, 0.3), 0.07, 0.0022)
        )
    light = Light((-0.35, -0.45, -0.9), ambient=0.5, softness=0.2, shadows=True)
    optics = camera(shape, planes, nearest=0.272, farthest=0.36, f_number=3.5, focal_length=MACRO)
    return Setup(Scene(surfaces, light), optics, shape)


def _daisy(
    middle: FloatArray, length: float, count: int, petal: Texture, floret: Texture, rng: np.random.Generator
) -> list[Surface]:
    """Petals of two pieces each that bend back towards their tips, and florets on a dome in a spiral."""
    surfaces: list[Surface] = [Sphere(middle + np.array([0, 0, 0.008]), 0.0115, floret)]
    for k in range(count):
        angle = tau * k / count + rng.uniform(-0.08, 0.08)
        radial, around = (
            np.array([np.cos(angle), np.sin(angle), 0]),
            np.array([-np.sin(angle), np.cos(angle), 0]),
        )
        depth, lift = np.array([0, 0, 1.0]), 0.0012 * (k % 2)
        start, bend, roll = 0.006, rng.uniform(-0.25, 0.1), rng.uniform(-0.3, 0.3)
        for part, reach in enumerate((0.62, 0.55)):
            along = radial + (bend + 0.45 * part) * depth
            along /= np.linalg.norm(along)
            half = 0.5 * length * reach
            place = middle + start * radial + half * along + lift * depth
            if part:
                place = place + bend * length * 0.45 * depth
            across = around + roll * depth
            surfaces.append(
                Rectangle(place, petal, along, across, 2 * half, 0.0068 - 0.001 * part, is_round=True)
            )
            start += 0.45 * length
    for k in range(70):
        radius, angle = 0.0078 * np.sqrt((k + 0.5) / 70), 2.39996 * k
        height = np.sqrt(0.0115**2 - radius**2) - 0.008
        place = middle + np.array([radius * np.cos(angle), radius * np.sin(angle), -height])
        surfaces.append(Sphere(place, 0.00075, floret))
    return surfaces
