"""Tuning scenes at night before a camera: lights beyond white, dark ground; lengths in m."""

from math import tau

import numpy as np

from napari_defocus.simulation import Cylinder, HeightField, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, fractal_noise, tinted, uniform


def shop_windows(shape: tuple[int, int], planes: int) -> Setup:
    """Return lit shops on both sides of a dark square, bollards and a rope of lights before them."""
    stage = Stage(height=0.26, pitch=7)
    rng = np.random.default_rng(331)
    slabs = 0.5 * fractal_noise((384, 384), slope=0.7, low=8, seed=332)
    y, x = np.mgrid[:384, :384]
    slabs[(y % 48 < 3) | ((x + 24 * (y // 48 % 2)) % 48 < 3)] *= 0.3
    paint = Texture(
        tinted(fractal_noise((64, 256), slope=0.8, seed=333), (0.02,) * 3, (0.4, 0.42, 0.38)), 0.1
    )
    surfaces: list[Surface] = [
        stage.table(Texture(tinted(slabs, (0.01, 0.01, 0.015), (0.45, 0.43, 0.40)), 0.6)),
        stage.wall(2.9, Texture(0.25 * fractal_noise((512, 512), slope=1.1, low=4, seed=334), 1.6)),
        stage.picture((-0.46, 0.22, 1.5), Texture(_shop(rng, 3), 0.9), 0.9, 0.45, turn=-58),
        stage.picture((0.6, 0.26, 2.1), Texture(_shop(rng, 4), 1.0), 1.0, 0.5, turn=42),
        stage.picture((0.05, 0.2, 2.6), Texture(_shop(rng, 2), 0.5), 0.5, 0.36, turn=4),
    ]
    for k in range(5):
        x, z = -0.2 + 0.11 * k, 0.84 + 0.09 * k
        surfaces += [
            stage.rod((x, 0, z), (x, 0.14, z), 0.007, paint),
            stage.rod((x, 0.12, z), (x + 0.11, 0.12, z + 0.09), 0.002, paint),
        ]
    for k in range(11):
        sag = 0.05 * np.sin(0.5 * tau * k / 10)
        bulb = Texture(uniform((9.0, 7.0, 4.5)), 1.0)
        surfaces.append(stage.ball((-0.3 + 0.065 * k, 0.4 - sag, 1.1 + 0.06 * k), 0.0045, bulb))
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.66, farthest=3.1, f_number=1.2), shape)


def _shop(rng: np.random.Generator, panes: int) -> FloatImage:
    """A plastered front with a sign and large lit panes, goods dark in them."""
    front = 0.35 * fractal_noise((128, 256), slope=0.6, low=6, seed=int(rng.integers(1000)))
    image = tinted(front, (0.02, 0.02, 0.02), (0.5, 0.4, 0.45))
    width = 256 // panes
    for left in range(0, 256 - width + 1, width):
        light = rng.uniform(0.5, 7.0) * np.array([1.0, rng.uniform(0.7, 1.0), rng.uniform(0.4, 0.9)])
        image[40:112, left + 6 : left + width - 6] = light
        for _ in range(5):
            at, high = left + int(rng.integers(8, width - 16)), int(rng.integers(6, 30))
            image[112 - high : 112, at : at + 6] = rng.uniform(0.02, 0.3, 3)
    sign = rng.uniform(0.2, 2.0, 3)
    for at in range(20, 220, 14):
        image[14 + int(rng.integers(4)) : 30, at : at + 8] = sign
    return image


def harbour(shape: tuple[int, int], planes: int) -> Setup:
    """Return boats with lit cabins on dark water, masts, stays and lanterns, a net of rope before them."""
    rng = np.random.default_rng(341)
    y, x = np.mgrid[0:1:201j, 0:1:201j]
    swell = 0.01 * np.sin(tau * (9 * y + 2 * x)) + 0.02 * fractal_noise(y.shape, slope=1.5, seed=342)
    ripple = np.clip(2.2 * fractal_noise((512, 512), slope=0.9, low=8, stretch=3, seed=343) - 0.7, 0, 1)
    water = Texture(tinted(ripple, (0.0, 0.01, 0.02), (0.25, 0.28, 0.25)), 0.6)
    planks = Texture(
        tinted(fractal_noise((96, 256), slope=0.7, stretch=8, seed=344), (0.04,) * 3, (0.5,) * 3), 0.3
    )
    rope = Texture(0.05 + 0.5 * fractal_noise((32, 256), slope=0.4, seed=345), 0.05)
    shore = 0.3 * fractal_noise((512, 512), slope=1.0, low=5, seed=346)[..., None] * np.ones(3)
    for row, column in rng.integers(150, 330, (45, 2)):
        at = int(2.2 * (column - 150) + 50)
        shore[row : row + 7, at : at + 5] = rng.uniform(0.6, 5) * np.array([1, 0.8, 0.5])
    surfaces: list[Surface] = [
        Rectangle((0, 0, 2.8), Texture(np.asarray(shore, np.float32), 1.5)),
        HeightField((0, 0.22, 1.7), swell, 0.012, water, down=(0, 0, -1), up=(0, -1, 0)),
    ]
    for x0, y0, z, size in ((-0.22, 0.06, 1.25, 0.3), (0.3, 0.02, 1.75, 0.42), (0.0, 0.0, 2.3, 0.4)):
        cabin = np.full((80, 160, 3), 0.0, np.float32)
        cabin += 0.25 * fractal_noise((80, 160), slope=0.6, low=4, seed=int(rng.integers(1000)))[..., None]
        v, u = np.indices((80, 160))
        for k in range(4):
            light = rng.uniform(1.2, 8.0) * np.array([1.0, 0.85, 0.55])
            cabin[np.hypot(v - 36, u - 24 - 37 * k) < 12] = light
        turn = rng.uniform(-0.5, 0.5)
        surfaces += [
            Rectangle((x0, y0, z), Texture(cabin, size), (1, 0, turn), width=size, height=size / 2),
            Rectangle(
                (x0, y0 + 0.36 * size, z - 0.02), planks, (1, 0, turn), width=1.3 * size, height=0.25 * size
            ),
        ]
        top = np.array([x0 + 0.1 * size, y0 - 1.2 * size, z - 0.03])
        surfaces += [
            Cylinder((x0 + 0.1 * size, y0 + 0.3 * size, z - 0.03), top, 0.006, planks),
            Cylinder((x0 - 0.6 * size, y0 + 0.2 * size, z - 0.05), top, 0.0015, rope),
            Cylinder((x0 + 0.65 * size, y0 + 0.2 * size, z - 0.05), top, 0.0015, rope),
            Sphere(top + np.array([0, 0.3 * size, -0.02]), 0.007, Texture(uniform((7.0, 2.5, 1.5)), 1.0)),
            Sphere(top, 0.006, Texture(uniform((6.0, 7.0, 8.0)), 1.0)),
        ]
    for k in range(5):
        surfaces.append(Cylinder((-0.1 + 0.11 * k, 0.3, 0.8), (0.02 + 0.11 * k, 0.03, 0.95), 0.0022, rope))
    surfaces += [Cylinder((-0.14, at, 0.84), (0.5, at + 0.05, 0.9), 0.003, rope) for at in (0.08, 0.16)]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.68, farthest=3.0, f_number=1.4), shape)
