"""Scenes before a camera, each with a difficulty of its own; lengths in m."""

import numpy as np

from napari_defocus.simulation.scene import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import (
    FloatImage,
    Texture,
    bright_dots,
    bundled_image,
    checkerboard,
    fractal_noise,
    tinted,
    uniform,
)


def slanted_planes(shape: tuple[int, int] = (240, 320), planes: int = 6) -> Setup:
    """Return three slanted boards that cut through each other's depth, before a slanted wall."""
    brick, gravel, grass = (Texture(bundled_image(name), 0.5) for name in ("brick", "gravel", "grass"))
    surfaces = [
        Rectangle((0, 0, 1.9), brick, right=(1, 0, 0.25), down=(0, 1, -0.15)),
        Rectangle((-0.2, 0.05, 1.1), gravel, right=(1, 0, 0.9), down=(0.1, 1, 0), width=0.42, height=0.5),
        Rectangle((0.22, -0.05, 1.3), grass, right=(1, 0, -1.2), down=(0, 1, 0.4), width=0.5, height=0.4),
    ]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.8, farthest=2.6), shape)


def smooth_relief(shape: tuple[int, int] = (240, 320), planes: int = 8) -> Setup:
    """Return hills and balls with no sharp step but the balls' outlines, in colour."""
    hills = 0.35 * fractal_noise((241, 321), slope=2.2, seed=2).astype(np.float64)
    meadow = tinted(bundled_image("grass"), (0.08, 0.12, 0.02), (0.8, 0.9, 0.4))
    stone = tinted(bundled_image("gravel"), (0.12, 0.1, 0.1), (1.0, 0.9, 0.8))
    surfaces: list[Surface] = [
        HeightField((0, 0, 1.45), hills, 0.006, Texture(meadow, 0.6)),
        Rectangle((0, 0, 1.6), Texture(meadow, 0.6)),
    ]
    for x, y, z, radius in ((-0.2, 0.1, 1.0, 0.09), (0.18, -0.09, 1.12, 0.1), (0.14, 0.14, 0.95, 0.06)):
        surfaces.append(Sphere((x, y, z), radius, Texture(stone, 3 * radius)))
    light = Light((-0.5, -0.6, -0.8), ambient=0.4, softness=0.05, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.87, farthest=1.6), shape)


def fence(shape: tuple[int, int] = (240, 320), planes: int = 10) -> Setup:
    """Return bars and wires of many widths, and a sheet with holes, before two walls."""
    bark = fractal_noise((64, 256), slope=0.8, stretch=3, seed=1)
    paint = Texture(tinted(bark, (0.25, 0.05, 0.04), (0.9, 0.6, 0.3)), 0.15)
    wire = Texture(0.15 + 0.7 * fractal_noise((16, 256), slope=0.5, seed=2), 0.1)
    picture = Texture(bundled_image("coffee"), 1.1)
    bricks = Texture(np.rot90(bundled_image("brick")), 0.5)
    rows, columns = np.indices((128, 128)) - 63.5
    holes = np.where(np.hypot(rows, columns) < 44, 0.0, 1.0)
    mesh = Texture(0.3 + 0.6 * fractal_noise((128, 128), slope=0.7, seed=4), 0.04, "repeat", holes)
    surfaces: list[Surface] = [
        Rectangle((0, 0, 2.4), picture),
        Rectangle((0.5, 0, 1.8), bricks, right=(1, 0, 0.2), width=0.75),
        Rectangle((-0.2, 0.12, 1.3), mesh, right=(1, 0, 0.3), width=0.36, height=0.24),
    ]
    for k, radius in enumerate(np.geomspace(0.001, 0.012, 8)):
        x = -0.33 + 0.095 * k
        surfaces.append(Cylinder((x, -1, 0.9 + 0.03 * k), (x + 0.1, 1, 1.0 + 0.03 * k), float(radius), paint))
    for k in range(4):
        y = -0.22 + 0.1 * k
        surfaces.append(Cylinder((-1, y, 1.5), (1, y + 0.12, 1.0 + 0.1 * k), 0.0015 * (k + 1), wire))
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.8, farthest=2.7), shape)


def steps(shape: tuple[int, int] = (240, 320), planes: int = 12) -> Setup:
    """Return a staircase of boxes: many depths, each with a sharp step to the next."""
    stage = Stage(height=0.3, pitch=10)
    names = ("gravel", "brick", "grass")
    textures = [Texture(bundled_image(name), 0.3) for name in names]
    surfaces: list[Surface] = [
        stage.table(Texture(bundled_image("gravel"), 0.7)),
        stage.wall(2.6, Texture(bundled_image("brick"), 0.8)),
    ]
    for k in range(9):
        column, row = k % 3, k // 3
        height = 0.08 + 0.07 * row + 0.03 * column
        place = (-0.34 + 0.32 * column + 0.05 * row, height / 2, 1.0 + 0.45 * row + 0.12 * column)
        surfaces += stage.box(
            place, (0.17, height, 0.17), textures[k % 3], textures[(k + 1) % 3], turn=11 * k - 40
        )
    light = Light(stage.direction((-0.6, 0.9, -0.5)), ambient=0.45, softness=0.1, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.7, farthest=2.9), shape)


def low_texture(shape: tuple[int, int] = (240, 320), planes: int = 8) -> Setup:
    """Return walls and balls whose contrast is a few per cent, with one well textured strip."""

    def pale(mean: float, contrast: float, seed: int) -> FloatImage:
        noise = fractal_noise((512, 512), slope=0.8, low=6, seed=seed)
        return np.asarray(mean + contrast * (noise - 0.5), np.float32)

    surfaces: list[Surface] = [
        Rectangle((0, 0, 2.2), Texture(pale(0.6, 0.08, 1), 0.7), right=(1, 0, 0.3)),
        Rectangle(
            (0.25, 0, 1.4), Texture(pale(0.45, 0.03, 2), 0.5), right=(1, 0, -0.6), width=0.4, height=0.5
        ),
        Rectangle((0, 0.22, 1.2), Texture(bundled_image("gravel"), 0.5), down=(0, 1, -0.8), height=0.12),
        Sphere((-0.17, 0.0, 1.05), 0.12, Texture(pale(0.7, 0.05, 3), 0.8)),
        Sphere((-0.3, -0.16, 1.5), 0.1, Texture(uniform(0.5), 1.0)),
    ]
    light = Light((-0.5, -0.6, -0.8), ambient=0.45, softness=0.1, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.85, farthest=2.5), shape)


def repeated_texture(shape: tuple[int, int] = (240, 320), planes: int = 6) -> Setup:
    """Return boards of checks and stripes, which look alike at several depths."""
    board = Texture(checkerboard(8), 0.2, "repeat")
    fine = Texture(checkerboard(8, dark=0.35, light=0.65), 0.06, "repeat")
    stripes = Texture(np.where(np.arange(64) < 32, 0.15, 0.75)[None], 0.03, "repeat")
    surfaces = [
        Rectangle((0, 0, 2.0), board, right=(1, 0, 0.3)),
        Rectangle((-0.18, 0, 1.2), stripes, right=(1, 0, 0.8), width=0.35, height=0.4),
        Rectangle((0.2, 0.05, 1.05), fine, right=(1, 0, -0.3), down=(0, 1, -0.7), width=0.3, height=0.35),
    ]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.8, farthest=2.5), shape)


def highlights(shape: tuple[int, int] = (240, 320), planes: int = 8) -> Setup:
    """Return a dim scene with lights several times as bright as white, near and far."""
    stage = Stage(height=0.25, pitch=6)
    dim = Texture(tinted(0.5 * np.rot90(bundled_image("brick")), (0.01, 0.02, 0.05), (0.6, 0.65, 0.9)), 0.7)
    bokeh = Texture(tinted(bright_dots((512, 512), 40, seed=3), (0.0, 0.0, 0.02), (1.0, 0.7, 0.4)), 1.3)
    surfaces: list[Surface] = [
        stage.table(Texture(0.4 * bundled_image("gravel"), 0.6)),
        stage.wall(2.8, dim),
        stage.picture((0.3, 0.15, 2.4), bokeh, 0.9, 0.6, turn=-10),
        stage.ball(
            (-0.25, 0.12, 1.2), 0.12, Texture(0.7 * bundled_image("retina")[200:1200, 200:1200], 0.38)
        ),
        stage.ball((0.12, 0.06, 0.95), 0.06, Texture(0.8 * bundled_image("gravel"), 0.2)),
    ]
    for k in range(7):
        glow = Texture(uniform((6.0, 4.0 - 0.4 * k, 1.0 + 0.6 * k)), 1.0)
        surfaces.append(stage.ball((-0.3 + 0.1 * k, 0.02, 0.8 + 0.18 * k), 0.004, glow))
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.68, farthest=3.0), shape)
