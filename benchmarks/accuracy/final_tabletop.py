"""A laid table that is kept for the final figures; lengths in m."""

from itertools import pairwise
from math import tau

import numpy as np

from napari_defocus.simulation import Light, Rectangle, Scene, Texture
from napari_defocus.simulation.scene import Surface, Vector
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, fractal_noise, tinted, uniform


def tabletop(shape: tuple[int, int], planes: int) -> Setup:
    """Cups, a plate, a pot and a vase of sprigs on a gingham cloth before a papered wall."""
    stage = Stage(height=0.37, pitch=15.5)
    u, v = np.meshgrid(*[np.arange(64) < 32] * 2)
    weave = 0.9 + 0.2 * (fractal_noise((64, 64), slope=0.2, seed=451) - 0.5)
    gingham = tinted((0.9 - 0.38 * u - 0.38 * v) * weave, (0.35, 0.02, 0.04), (0.88, 0.85, 0.80))
    paper = tinted(_sprigs(452), (0.35, 0.45, 0.40), (0.75, 0.75, 0.62))
    surfaces: list[Surface] = [
        stage.table(Texture(gingham, 0.05, "repeat")),
        stage.wall(2.1, Texture(paper, 0.28, "repeat")),
        *_cup(stage, (-0.21, 0, 1.12), 0.045, _glaze(453, (0.20, 0.30, 0.50), band=True), handle=-0.6),
        *_cup(stage, (0.12, 0, 1.5), 0.05, _glaze(454, (0.55, 0.30, 0.15), band=True), handle=2.6),
        *_cup(stage, (0.14, 0, 0.98), 0.042, _glaze(455, (0.70, 0.68, 0.62), band=False), handle=0.4),
    ]
    pot = Texture(_glaze(456, (0.30, 0.42, 0.28), band=True), 0.5)
    surfaces += [
        stage.ball((-0.26, 0.095, 1.58), 0.1, pot),
        stage.ball((-0.26, 0.205, 1.58), 0.018, pot),
        stage.rod((-0.18, 0.08, 1.56), (-0.08, 0.16, 1.53), 0.014, pot),
    ]
    china = Texture(_plate(457), 0.2)
    right, back = stage.direction((1, 0, 0)), stage.direction((0, 0, -1))
    rim = Texture(uniform((0.80, 0.80, 0.78)), 1.0)
    surfaces += [
        stage.rod((-0.04, 0, 0.93), (-0.04, 0.009, 0.93), 0.0995, rim),
        Rectangle(stage.place((-0.04, 0.0095, 0.93)), china, right, back, 0.2, 0.2, is_round=True),
        stage.rod((-0.09, 0.016, 0.96), (0.045, 0.02, 0.86), 0.0035, _metal(458)),
    ]
    surfaces += _vase(stage, (0.29, 0, 1.62))
    light = Light(stage.direction((-0.7, 0.8, -0.4)), ambient=0.5, softness=0.2, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.7, farthest=2.3), shape)


def _glaze(seed: int, colour: tuple[float, float, float], *, band: bool) -> FloatImage:
    """Plain glaze with faint clouds; columns run upwards on an upright rod, so a band is a few of them."""
    clouds = fractal_noise((256, 256), slope=1.0, low=4, seed=seed)
    image = np.asarray(colour, np.float32) * (1 + 0.10 * (clouds[..., None] - 0.5))
    if band:
        row, column = np.ogrid[:256, -14:14]
        dots = np.hypot(row % 32 - 16, column) < 10
        image[:, 150:178] = np.where(dots[..., None], (0.85, 0.80, 0.70), (0.12, 0.08, 0.10))
    return np.asarray(image, np.float32)


def _cup(stage: Stage, foot: Vector, radius: float, glaze: FloatImage, handle: float) -> list[Surface]:
    """A full cup on its saucer; the handle points `handle` radians from the right."""
    x, y, z = foot
    height = 1.9 * radius
    coat = Texture(glaze, 1.4 * height)
    right, back = stage.direction((1, 0, 0)), stage.direction((0, 0, -1))
    drink = tinted(
        fractal_noise((96, 96), slope=1.2, low=2, seed=459), (0.10, 0.04, 0.02), (0.55, 0.36, 0.22)
    )
    level = stage.place((x, y + height + 0.0004, z))
    t = np.linspace(-0.5, 0.5, 8) * tau / 2
    out = radius + 0.45 * radius * np.cos(t)
    ear = np.stack(
        [x + out * np.cos(handle), y + height * (0.5 + 0.3 * np.sin(t)), z - out * np.sin(handle)], axis=1
    )
    return [
        stage.rod((x, y, z), (x, y + 0.006, z), 1.7 * radius, Texture(glaze, 0.3)),
        stage.rod((x, y + 0.006, z), (x, y + height, z), radius, coat),
        Rectangle(level, Texture(drink, 0.06), right, back, 1.84 * radius, 1.84 * radius, is_round=True),
        *[stage.rod(start, end, 0.12 * radius, coat) for start, end in pairwise(ear)],
    ]


def _plate(seed: int) -> FloatImage:
    """White china with a wreath."""
    v, u = np.mgrid[-1:1:256j, -1:1:256j]
    radius, angle = np.hypot(u, v), np.arctan2(v, u)
    wreath = np.abs(radius - 0.82 - 0.04 * np.sin(17 * angle)) < 0.05
    grain = 0.05 * (fractal_noise((256, 256), slope=0.8, low=4, seed=seed) - 0.5)
    white = (0.80 + grain)[..., None] * np.array([1.0, 0.99, 0.96])
    return np.asarray(np.where(wreath[..., None], (0.10, 0.20, 0.45), white), np.float32)


def _metal(seed: int) -> Texture:
    return Texture(0.25 + 0.6 * fractal_noise((32, 256), slope=0.7, stretch=3, seed=seed), 0.12)


def _sprigs(seed: int) -> FloatImage:
    """One repeat of a wallpaper of leaves in rows."""
    v, u = np.mgrid[0:1:128j, 0:1:128j]
    image = 0.25 + 0.2 * fractal_noise((128, 128), slope=0.6, low=6, seed=seed)
    for cu, cv, turn in ((0.25, 0.25, 0.8), (0.25, 0.75, -0.8), (0.75, 0.5, 0.3), (0.75, 0.0, 0.3)):
        du, dv = (u - cu + 0.5) % 1 - 0.5, (v - cv + 0.5) % 1 - 0.5
        along, across = np.cos(turn) * du + np.sin(turn) * dv, np.cos(turn) * dv - np.sin(turn) * du
        image[(along / 0.2) ** 2 + (across / 0.07) ** 2 < 1] += 0.5
    return np.asarray(image, np.float32)


def _vase(stage: Stage, foot: Vector) -> list[Surface]:
    """A plain vase with seven leafy sprigs."""
    x, y, z = foot
    rng = np.random.default_rng(460)
    grain = fractal_noise((64, 256), slope=0.8, stretch=3, seed=461)
    stem = Texture(tinted(grain, (0.08, 0.10, 0.03), (0.55, 0.60, 0.25)), 0.2)
    leaf = Texture(tinted(grain, (0.06, 0.14, 0.05), (0.60, 0.80, 0.40)), 0.06)
    surfaces: list[Surface] = [
        stage.rod((x, y, z), (x, y + 0.11, z), 0.035, Texture(_glaze(462, (0.5, 0.5, 0.55), band=False), 0.2))
    ]
    for k in range(7):
        turn = tau * k / 7 + rng.uniform(-0.3, 0.3)
        out = np.array([np.cos(turn), 0, np.sin(turn)]) * rng.uniform(0.06, 0.13)
        root, tip = np.array([x, y + 0.1, z]), np.array([x, y + rng.uniform(0.22, 0.31), z]) + out
        surfaces.append(stage.rod(root, tip, 0.0025, stem))
        for share in (0.45, 0.65, 0.85, 1.0):
            spin = rng.uniform(0, tau)
            along = stage.direction((np.cos(spin), rng.uniform(-0.2, 0.5), np.sin(spin)))
            across = stage.direction((-np.sin(spin), rng.uniform(-0.6, 0.6), np.cos(spin)))
            place = stage.place(root + share * (tip - root)) + 0.02 * along
            surfaces.append(Rectangle(place, leaf, along, across, 0.05, 0.018, is_round=True))
    return surfaces
