"""Coins and jewellery through a macro lens, kept for the final figures; lengths in m."""

from itertools import pairwise
from math import tau

import numpy as np

from benchmarks.accuracy.cells import cell_image
from napari_defocus.simulation import Light, Rectangle, Scene, Texture
from napari_defocus.simulation.scene import Surface, Vector
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, fractal_noise, tinted

GOLD = ((0.16, 0.09, 0.02), (1.0, 0.78, 0.35))
SILVER = ((0.10, 0.10, 0.11), (0.92, 0.92, 0.95))
COPPER = ((0.14, 0.06, 0.03), (0.90, 0.52, 0.34))


def jewellery(shape: tuple[int, int], planes: int) -> Setup:
    """Coins in piles, a ring with a cut stone and pearls on cloth; glints up to six times white."""
    stage = Stage(height=0.185, pitch=38)
    rng = np.random.default_rng(421)
    thread = fractal_noise((512, 512), slope=0.5, low=20, seed=422)
    cloth = Texture(tinted(thread, (0.02, 0.03, 0.07), (0.30, 0.34, 0.55)), 0.06)
    surfaces: list[Surface] = [stage.table(cloth)]
    piles = ((-0.019, 0.222, 3, GOLD), (0.002, 0.263, 4, SILVER), (-0.024, 0.262, 1, COPPER))
    for x, z, count, colours in piles:
        for k in range(count):
            place = (x + rng.uniform(-0.0015, 0.0015), 0.0021 * k, z + rng.uniform(-0.0015, 0.0015))
            surfaces += _coin(stage, place, 0.0105, colours, seed=430 + k)
    surfaces += _ring(stage, (0.014, 0.231), 0.0085)
    glow = _pearl()
    for t in np.linspace(0, 1, 14):
        # A loose bow about the ring.
        bow = [(1 - t) ** 2, 2 * t * (1 - t), t**2]
        x, z = np.dot(bow, [(0.025, 0.272), (0.046, 0.218), (-0.006, 0.211)])
        surfaces.append(stage.ball((x, 0.0031, z), 0.0031, glow))
    light = Light(stage.direction((-0.6, 0.9, -0.2)), ambient=0.4, softness=0.12, shadows=True)
    optics = camera(shape, planes, nearest=0.25, farthest=0.35, f_number=4.0, focal_length=0.1)
    return Setup(Scene(surfaces, light), optics, shape)


def _coin(
    stage: Stage,
    place: Vector,
    radius: float,
    colours: tuple[tuple[float, ...], tuple[float, ...]],
    seed: int,
) -> list[Surface]:
    """A struck coin that lies flat: its milled rim and its face."""
    x, y, z = place
    thickness = 0.0019
    milled = np.where(np.arange(24)[:, None] % 12 < 6, 0.15, 0.8) * np.ones((1, 2))
    rim = Texture(tinted(milled, *colours), 0.0001, "repeat")
    face = _struck(seed)
    coloured = tinted(np.clip(face, 0, 1), *colours)
    # The edges of the relief that look into the lamp mirror it.
    coloured[face > 1.12] = 3.5
    top = Rectangle(
        stage.place((x, y + thickness + 2e-5, z)),
        Texture(coloured, 2 * radius),
        stage.direction((np.cos(seed), 0, np.sin(seed))),
        stage.direction((np.sin(seed), 0, -np.cos(seed))),
        2 * radius,
        2 * radius,
        is_round=True,
    )
    return [stage.rod((x, y, z), (x, y + thickness, z), radius, rim), top]


def _struck(seed: int) -> FloatImage:
    """Brightness of a coin's relief under a lamp from the side: a rim, letters around, a head."""
    v, u = np.mgrid[-1:1:256j, -1:1:256j]
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    strokes = np.random.default_rng(seed).random(72) < 0.6
    letters = strokes[((angle + np.pi) / tau * 71).astype(int)] & (np.abs(radius - 0.78) < 0.07)
    head = np.clip(1 - np.hypot((u + 0.05) / 0.42, v / 0.52) ** 2, 0, 1) ** 0.5
    hair = head * fractal_noise((256, 256), slope=1.2, low=6, stretch=3, seed=seed)
    height = 0.06 * (radius > 0.92) + 0.05 * letters + 0.25 * head + 0.2 * hair
    slope_y, slope_x = np.gradient(height, 2 / 255)
    wear = fractal_noise((256, 256), slope=0.5, low=10, seed=seed + 1)
    return np.asarray(0.5 - 0.10 * slope_x - 0.14 * slope_y + 0.3 * (wear - 0.5), np.float32)


def _ring(stage: Stage, place: tuple[float, float], radius: float) -> list[Surface]:
    """A gold ring that stands upright, with a cut stone on top."""
    x, z = place
    polish = fractal_noise((64, 256), slope=0.9, stretch=6, seed=423)
    gold = tinted(np.clip(1.5 * polish - 0.2, 0, 1), *GOLD)
    gold[20:23, 30:60] = 4.0
    band = Texture(gold, 0.02)
    turn = np.linspace(0, tau, 25)
    across = np.array([0.85, 0, 0.53])
    points = np.array([x, radius, z]) + radius * (np.sin(turn)[:, None] * across)
    points[:, 1] -= radius * np.cos(turn)
    rods: list[Surface] = [stage.rod(start, end, 0.0011, band) for start, end in pairwise(points)]
    facets, wall = cell_image((192, 192), 60, seed=424)
    shine = np.random.default_rng(425).uniform(0.05, 0.8, 60)
    shine[::9] = 6.0
    cut = np.where(wall < 0.05, 0.6, shine[facets])
    stone = Texture(cut[..., None] * np.array([0.55, 0.85, 1.0], np.float32), 0.012)
    return [*rods, stage.ball((x, 2 * radius + 0.0026, z), 0.0034, stone)]


def _pearl() -> Texture:
    """A faintly mottled pearl with the lamp's and a window's reflection."""
    sheen = 0.72 + 0.12 * (fractal_noise((128, 256), slope=1.0, low=3, seed=426) - 0.5)
    image = tinted(sheen, (0.0, 0.0, 0.0), (1.0, 0.96, 0.90))
    row, column = np.indices(sheen.shape)
    image[np.hypot(row - 42, column - 112) < 6] = 5.0
    image[(np.abs(row - 76) < 5) & (np.abs(column - 150) < 4)] = 1.4
    return Texture(image, tau * 0.0031, "repeat")
