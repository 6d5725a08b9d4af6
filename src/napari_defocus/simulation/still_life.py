"""The scene of the photographic sample: things on a wooden table before a brick wall."""

from collections.abc import Iterator
from itertools import pairwise
from math import cos, radians, sin

import numpy as np

from napari_defocus.simulation.scene import Light, Scene, Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import (
    Texture,
    bundled_image,
    checkerboard,
    fractal_noise,
    tinted,
    uniform,
    wood,
)


def still_life(shape: tuple[int, int] = (270, 360), planes: int = 8) -> Setup:
    """Return a table with everyday things: texture in most places, and a few honest difficulties.

    Those are reeds thinner than the blur, a nearly plain ball, a checkered die and lamps beyond white.
    """
    stage = Stage(height=0.34, pitch=11.5)
    lamp = stage.direction((-0.5, 0.8, -0.75))
    surfaces: list[Surface] = [
        stage.table(Texture(1.25 * wood(seed=3), 0.85, "repeat")),
        stage.wall(2.3, Texture(_bricks(), 0.9)),
        stage.picture((-0.4, 0.285, 2.29), Texture(uniform((0.16, 0.11, 0.07)), 1), 0.54, 0.37),
        stage.picture((-0.4, 0.285, 2.28), Texture(bundled_image("cat"), 0.5), 0.5, 0.33),
        *_books(stage),
        *_reeds(stage),
        *_lamps(stage),
        *_foreground(stage),
    ]
    light = Light(lamp, ambient=0.42, softness=0.08, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.66, farthest=2.5), shape)


def _bricks() -> np.ndarray:
    return tinted(np.rot90(bundled_image("brick")), (0.16, 0.24, 0.26), (0.78, 1.05, 1.02))


def _books(stage: Stage) -> Iterator[Surface]:
    rows = np.arange(64)[:, None]
    pages = np.where((rows < 6) | (rows >= 58), 0.35, 0.75 + 0.2 * np.sin(2.4 * rows))
    pages = np.repeat(pages, 96, axis=1) * (0.75 + 0.5 * fractal_noise((64, 96), slope=0.5, stretch=8))
    lower, upper = (
        tinted(0.7 * pages + 0.1, dark, (0.95, 0.9, 0.8)) for dark in ((0.0, 0.05, 0.12), (0.12, 0.02, 0.0))
    )
    blue = tinted(fractal_noise((256, 256), slope=0.7, low=3, seed=5), (0.03, 0.12, 0.28), (0.25, 0.5, 0.75))
    coffee = bundled_image("coffee")
    yield from stage.box(
        (0.33, 0.03, 1.5), (0.42, 0.06, 0.30), Texture(lower, 0.09), Texture(blue, 0.3), turn=-12
    )
    yield from stage.box(
        (0.32, 0.085, 1.5), (0.36, 0.05, 0.26), Texture(upper, 0.075), Texture(coffee, 0.36), turn=-4
    )
    glaze = fractal_noise((384, 768), slope=1.1, low=4, seed=11)
    planet = tinted(np.clip(1.6 * glaze - 0.3, 0, 1), (0.02, 0.16, 0.32), (0.98, 0.86, 0.62))
    yield stage.ball((0.33, 0.11 + 0.085, 1.5), 0.085, Texture(planet, 2 * np.pi * 0.085, "repeat"))


def _reeds(stage: Stage) -> Iterator[Surface]:
    """A pot of reeds; their tips are thinner than most blur."""
    clay = tinted(
        fractal_noise((128, 256), slope=0.8, stretch=6, seed=7), (0.42, 0.18, 0.08), (0.85, 0.5, 0.3)
    )
    green = tinted(
        fractal_noise((32, 256), slope=0.8, stretch=4, seed=8), (0.10, 0.22, 0.04), (0.55, 0.75, 0.25)
    )
    x, z = -0.37, 1.3
    yield stage.rod((x, 0, z), (x, 0.12, z), 0.065, Texture(np.swapaxes(clay, 0, 1), 0.12))
    rng = np.random.default_rng(4)
    reed = Texture(green, 0.2)
    for k in range(13):
        turn, lean = radians(k * 360 / 13 + rng.uniform(-8, 8)), rng.uniform(0.03, 0.14)
        length = rng.uniform(0.26, 0.36)
        root = (x + 0.02 * cos(turn), 0.1, z + 0.02 * sin(turn))
        tip = (x + lean * cos(turn), 0.1 + length, z + lean * sin(turn))
        yield stage.rod(root, tip, 0.0035, reed)


def _lamps(stage: Stage) -> Iterator[Surface]:
    """A string of lamps on the wall, several times as bright as white."""
    cord = Texture(uniform((0.05, 0.05, 0.05)), 1)
    glow = Texture(uniform((9.0, 6.5, 3.5)), 1)
    x = np.linspace(0.0, 0.85, 10)
    y = 0.40 + 0.35 * (x - 0.5) ** 2
    points = np.stack([x, y, np.full_like(x, 2.26)], axis=1)
    for start, end in pairwise(points):
        yield stage.rod(start, end, 0.002, cord)
    for point in points:
        yield stage.ball(point - (0, 0.014, 0), 0.008, glow)


def _foreground(stage: Stage) -> Iterator[Surface]:
    stone = np.clip(1.3 * bundled_image("gravel"), 0, 1)
    yield stage.ball(
        (-0.13, 0.05, 1.02), 0.05, Texture(tinted(stone, (0.1, 0.1, 0.11), (1, 0.97, 0.9)), 0.16)
    )
    plain = 0.82 + 0.06 * (fractal_noise((256, 512), slope=1.0, low=8, seed=9) - 0.5)
    yield stage.ball(
        (0.06, 0.06, 1.2), 0.06, Texture(tinted(plain, (0, 0, 0), (1, 0.98, 0.94)), 2 * np.pi * 0.06)
    )
    board = Texture(tinted(checkerboard(4, size=24), (0.35, 0.03, 0.03), (0.98, 0.95, 0.9)), 0.07)
    yield from stage.box((0.18, 0.035, 0.93), (0.07, 0.07, 0.07), board, board, turn=28)
    paint = [(0.75, 0.12, 0.08), (0.1, 0.25, 0.6), (0.85, 0.65, 0.05)]
    for k, (start, end) in enumerate(
        [((-0.28, 0.88), (-0.06, 0.80)), ((-0.23, 0.77), (-0.08, 0.93)), ((-0.02, 0.73), (0.11, 0.83))]
    ):
        coat = tinted(
            fractal_noise((24, 256), slope=0.7, stretch=3, seed=20 + k), np.multiply(paint[k], 0.6), paint[k]
        )
        coat[:, :18] = (0.9, 0.75, 0.5)
        yield stage.rod((start[0], 0.005, start[1]), (end[0], 0.005, end[1]), 0.005, Texture(coat, 0.25))
