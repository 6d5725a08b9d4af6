"""A shelf and a corridor that are kept for the final figures; lengths in m."""

from math import tau

import numpy as np

from napari_defocus.simulation import Cylinder, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, fractal_noise, tinted, uniform, wood

CLOTHS = (
    ((0.20, 0.03, 0.03), (0.70, 0.20, 0.15)),
    ((0.03, 0.08, 0.20), (0.20, 0.38, 0.65)),
    ((0.04, 0.12, 0.05), (0.30, 0.52, 0.28)),
    ((0.25, 0.18, 0.08), (0.85, 0.72, 0.45)),
    ((0.08, 0.08, 0.09), (0.40, 0.40, 0.42)),
    ((0.35, 0.32, 0.28), (0.88, 0.84, 0.78)),
)
"""Dark and light tone of each binding."""


def shelf(shape: tuple[int, int], planes: int) -> Setup:
    """Two boards of a bookcase: books pushed in more or less far, small things before and between them."""
    stage = Stage(height=0.0, pitch=0)
    rng = np.random.default_rng(471)
    boards = Texture(1.2 * wood(seed=472), 0.6)
    panel = Texture(1.1 * wood(seed=473, planks=7), 0.5)
    surfaces: list[Surface] = [stage.wall(0.98, panel)]
    for y in (-0.185, 0.0, 0.2):
        surfaces += stage.box((0, y, 0.82), (0.9, 0.016, 0.32), boards, boards)
    for floor, first, last in ((0.008, -0.30, 0.07), (-0.177, -0.10, 0.30)):
        x = first
        while x < last:
            thickness, height = rng.uniform(0.014, 0.036), rng.uniform(0.10, 0.155)
            front, colours = rng.uniform(0.69, 0.80), CLOTHS[rng.integers(len(CLOTHS))]
            spine = Texture(_spine(rng, thickness, height, colours), thickness)
            place = (x + thickness / 2, floor + height / 2, front + 0.07)
            surfaces += stage.box(place, (thickness, height, 0.14), spine, spine)
            x += thickness + 0.001
    surfaces += _things(stage)
    light = Light((-0.3, -0.4, -0.9), ambient=0.55, softness=0.15, shadows=True)
    optics = camera(shape, planes, nearest=0.62, farthest=1.02, f_number=1.4)
    return Setup(Scene(surfaces, light), optics, shape)


def _spine(
    rng: np.random.Generator,
    width: float,
    height: float,
    colours: tuple[tuple[float, ...], tuple[float, ...]],
) -> FloatImage:
    """A cloth binding with a title along it and two rules across."""
    columns = 48
    rows = int(columns * height / width)
    cloth = fractal_noise((rows, columns), slope=0.3, low=3, seed=int(rng.integers(10_000)))
    tone = 0.15 + 0.5 * cloth
    for rule in (0.07, 0.9):
        tone[int(rule * rows) : int(rule * rows) + max(rows // 60, 2)] = 1.0
    for row in range(int(0.15 * rows), int(rng.uniform(0.5, 0.85) * rows), 8):
        letters = rng.random((2, 5)) < 0.6
        tone[row : row + 6, 14:34] = np.maximum(tone[row : row + 6, 14:34], np.kron(letters, np.ones((3, 4))))
    return tinted(tone, *colours)


def _things(stage: Stage) -> list[Surface]:
    """A globe on a foot, a row of pots, a candle, a leaning picture."""
    lands = fractal_noise((192, 384), slope=1.5, low=3, seed=474)
    globe = tinted(np.clip(8 * lands - 3.6, 0, 1), (0.12, 0.28, 0.50), (0.75, 0.65, 0.40))
    globe *= 0.75 + 0.5 * fractal_noise((192, 384), slope=0.4, low=10, seed=475)[..., None]
    brass = Texture(
        tinted(fractal_noise((64, 128), slope=0.8, seed=476), (0.2, 0.12, 0.04), (0.8, 0.6, 0.3)), 0.05
    )
    clay = Texture(
        tinted(
            fractal_noise((128, 128), slope=0.7, stretch=0.2, seed=477), (0.35, 0.15, 0.08), (0.8, 0.5, 0.35)
        ),
        0.06,
    )
    wax = Texture(0.75 + 0.08 * (fractal_noise((128, 128), slope=1.0, low=3, seed=478) - 0.5), 0.1)
    rng = np.random.default_rng(479)
    picture = tinted(
        fractal_noise((96, 128), slope=1.3, low=2, seed=480), (0.1, 0.2, 0.35), (0.95, 0.75, 0.5)
    )
    surfaces: list[Surface] = [
        stage.ball((0.155, 0.085, 0.76), 0.052, Texture(globe, tau * 0.052, "repeat")),
        stage.rod((0.155, 0.008, 0.76), (0.155, 0.034, 0.76), 0.006, brass),
        stage.rod((0.155, 0.008, 0.76), (0.155, 0.013, 0.76), 0.032, brass),
        stage.rod((-0.17, -0.177, 0.72), (-0.17, -0.09, 0.72), 0.016, wax),
        stage.picture((-0.215, -0.117, 0.86), Texture(picture, 0.12), 0.13, 0.11, turn=20, lean=-12),
        stage.rod((0.02, 0.008, 0.685), (0.02, 0.045, 0.685), 0.02, clay),
    ]
    # A small cactus.
    skin = fractal_noise((64, 128), slope=0.6, seed=481)
    green = Texture(tinted(skin, (0.05, 0.15, 0.05), (0.4, 0.65, 0.3)), 0.03)
    centre = np.array([0.02, 0.062, 0.685])
    surfaces.append(stage.ball(centre, 0.019, green))
    for _ in range(24):
        out = rng.normal(size=3) + np.array([0, 0.5, -0.5])
        out /= np.linalg.norm(out)
        surfaces.append(stage.rod(centre + 0.018 * out, centre + 0.028 * out, 0.0004, wax))
    return surfaces


def corridor(shape: tuple[int, int], planes: int) -> Setup:
    """A passage that runs away from the camera: tiled floor, panelled wall, doors, lamps in the ceiling."""
    u, v = np.meshgrid(*[np.linspace(0, 1, 96, endpoint=False)] * 2)
    marble = [fractal_noise((96, 96), slope=0.9, low=2, seed=seed) for seed in (491, 492)]
    dark = (np.floor(2 * u) + np.floor(2 * v)) % 2 == 0
    tiles = np.where(dark, 0.12 + 0.2 * marble[0], 0.5 + 0.3 * marble[1])
    panels = 0.42 + 0.12 * (marble[0] - 0.5) + 0.15 * (u > 0.93) - 0.18 * (v > 0.94)
    rough = fractal_noise((512, 512), slope=0.6, low=4, seed=493)
    lamps = np.where((np.abs(u - 0.5) < 0.22) & (np.abs(v - 0.5) < 0.1), 2.5, 0.55 + 0.08 * (marble[1] - 0.5))
    surfaces: list[Surface] = [
        Rectangle((0, 0.42, 3), Texture(tiles, 0.3, "repeat"), (1, 0, 0), (0, 0, -1)),
        Rectangle((0, -0.50, 3), Texture(lamps, 0.8, "repeat"), (1, 0, 0), (0, 0, 1)),
        Rectangle((-0.56, 0, 3), Texture(panels, 0.35, "repeat"), (0, 0, 1), (0, 1, 0)),
        Rectangle((0.60, 0, 3), Texture(0.35 + 0.35 * rough, 0.9), (0, 0, -1), (0, 1, 0)),
        Rectangle((0, 0, 5.6), Texture(_window(494), 1.4)),
    ]
    door = Texture(_door(495), 0.42)
    frame = Texture(0.15 + 0.25 * fractal_noise((256, 32), slope=0.7, stretch=0.2, seed=496), 0.05)
    for z in (2.2, 3.6):
        surfaces.append(Rectangle((0.595, 0.03, z), door, (0, 0, -1), (0, 1, 0), 0.42, 0.78))
        for side in (-0.22, 0.22):
            surfaces.append(Cylinder((0.60, 0.42, z + side), (0.60, -0.38, z + side), 0.018, frame))
    knob = Texture(uniform(0.7), 1.0)
    surfaces += [Sphere((0.575, 0.06, z - 0.16), 0.014, knob) for z in (2.2, 3.6)]
    bin_ = Texture(0.25 + 0.4 * fractal_noise((128, 128), slope=0.5, stretch=0.1, seed=497), 0.15)
    surfaces += [
        Cylinder((-0.42, 0.42, 2.5), (-0.42, 0.20, 2.5), 0.075, bin_),
        Cylinder((-0.56, -0.02, 1.0), (-0.56, -0.02, 5.6), 0.012, frame),
    ]
    optics = camera(shape, planes, nearest=1.3, farthest=7.0)
    return Setup(Scene(surfaces), optics, shape)


def _window(seed: int) -> FloatImage:
    """The end of the corridor: a window with bars, bright clouds and hills behind it."""
    v = np.linspace(0, 1, 288)[:, None]
    clouds = fractal_noise((288, 384), slope=1.3, low=2, seed=seed)
    hills = 0.2 + 0.3 * fractal_noise((288, 384), slope=0.6, low=8, seed=seed + 10)
    view = np.where(v < 0.55 + 0.1 * clouds, 0.7 + 0.5 * clouds, hills)
    row, column = np.indices(view.shape)
    view[(row % 48 < 4) | (column % 64 < 4)] = 0.15
    wall = 0.45 + 0.2 * (fractal_noise((288, 384), slope=0.7, low=6, seed=seed + 20) - 0.5)
    outside = (np.abs(row - 140) > 80) | (np.abs(column - 192) > 98)
    return np.asarray(np.where(outside, wall, view), np.float32)


def _door(seed: int) -> FloatImage:
    """Four panels in a wooden leaf."""
    grain = fractal_noise((256, 138), slope=0.8, low=2, stretch=0.1, seed=seed)
    image = 0.2 + 0.4 * grain
    for top, left in ((20, 16), (20, 76), (140, 16), (140, 76)):
        image[top : top + 92, left : left + 46] *= 0.75
        image[top : top + 3, left : left + 46] *= 0.4
        image[top : top + 92, left : left + 3] *= 0.4
    return np.asarray(image, np.float32)
