"""More tuning scenes before a camera: brambles, posters, a banner and chalk; lengths in m."""

from math import tau

import numpy as np

from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Texture
from napari_defocus.simulation.scene import Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, bundled_image, fractal_noise, tinted


def brambles(shape: tuple[int, int], planes: int) -> Setup:
    """Return bent stems with leaves in pairs before a wall of gravel."""
    rng = np.random.default_rng(311)
    grain = fractal_noise((128, 256), slope=0.9, stretch=3, seed=312)
    stem = Texture(tinted(grain, (0.15, 0.10, 0.05), (0.7, 0.6, 0.35)), 0.2)
    spots = fractal_noise((160, 160), slope=0.8, low=4, seed=313)
    leaf = [
        Texture(tinted(spots, dark, light), 0.09)
        for dark, light in (((0.05, 0.15, 0.05), (0.55, 0.7, 0.3)), ((0.15, 0.08, 0.02), (0.8, 0.6, 0.3)))
    ]
    wall = Texture(tinted(bundled_image("gravel"), (0.05, 0.05, 0.08), (0.55, 0.5, 0.6)), 0.8)
    surfaces: list[Surface] = [Rectangle((0, 0, 2.3), wall, right=(1, 0, -0.15))]
    for _ in range(9):
        z = 1 / rng.uniform(1 / 1.8, 1 / 0.9)
        foot = np.array([rng.uniform(-0.28, 0.28) * z, 0.3 * z, z])
        bend = rng.uniform(-0.25, 0.25)
        radius = rng.uniform(0.002, 0.012)
        for part in range(4):
            heading = bend * (part + 1) * 0.5
            end = foot + 0.17 * np.array([np.sin(heading), -np.cos(heading), rng.uniform(-0.25, 0.25)])
            surfaces.append(Cylinder(foot, end, radius * (1 - 0.2 * part), stem))
            for side in (-1, 1):
                turn = heading + side * rng.uniform(0.7, 1.4)
                right = (np.cos(turn), np.sin(turn), rng.uniform(-0.5, 0.5))
                down = (-np.sin(turn), np.cos(turn), rng.uniform(-0.5, 0.5))
                middle = end + 0.045 * side * np.array(right)
                surfaces.append(
                    Rectangle(
                        middle, leaf[part % 2], right, down, rng.uniform(0.05, 0.1), 0.035, is_round=True
                    )
                )
            foot = end
    light = Light((0.5, -0.7, -0.5), ambient=0.5)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.82, farthest=2.4), shape)


def posters(shape: tuple[int, int], planes: int) -> Setup:
    """Return boards of rings, plaid, hatching and lines of words, at slants, on a tiled floor."""
    stage = Stage(height=0.34, pitch=15)
    u, v = np.meshgrid(*[np.linspace(0, 1, 120, endpoint=False)] * 2)
    radius = np.hypot(u - 0.5, v - 0.5)
    rings = np.where(np.abs(radius - 0.32) < 0.07, 0.2, 0.7)
    plaid = 0.15 + 0.3 * (u % 0.5 < 0.2) + 0.3 * (v % 0.5 < 0.15)
    hatching = np.where((u + v) % 0.25 < 0.07, 0.75, 0.25)
    tiles = np.where((u < 0.06) | (v < 0.06), 0.65, 0.25 + 0.15 * (radius < 0.15))
    surfaces: list[Surface] = [
        stage.table(Texture(tiles, 0.06, "repeat")),
        stage.wall(2.5, Texture(plaid, 0.12, "repeat")),
        stage.picture((-0.25, 0.18, 1.2), Texture(rings, 0.04, "repeat"), 0.36, 0.36, turn=-40, lean=5),
        stage.picture((0.28, 0.22, 1.6), Texture(hatching, 0.06, "repeat"), 0.46, 0.42, turn=50, lean=-5),
        stage.picture((0.0, 0.08, 0.92), Texture(_words(314), 0.22), 0.22, 0.18, turn=-8, lean=35),
    ]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.68, farthest=2.8), shape)


def _words(seed: int) -> FloatImage:
    """Lines of words: short strokes at letters' distances."""
    rng = np.random.default_rng(seed)
    page = np.full((220, 270), 0.8, np.float32)
    for top in range(14, 200, 18):
        left = 12
        while left < 246:
            for _ in range(rng.integers(2, 7)):
                if left < 246:
                    height = rng.integers(5, 11)
                    page[top + 11 - height : top + 11, left : left + 2] = 0.15
                    page[top + rng.integers(0, 11), left : left + 6] = 0.15
                    left += 8
            left += 9
    return page


def banner(shape: tuple[int, int], planes: int) -> Setup:
    """Return a painted banner in wide, smooth waves; the focus breathes."""
    y, x = np.mgrid[-0.7:0.7:241j, -0.85:0.85:291j]
    slow = fractal_noise(x.shape, slope=2.6, seed=315) - 0.5
    waves = 0.12 * np.sin(tau * (1.2 * x - 0.3 * y) + 5 * slow) + 0.2 * slow - 0.12 * y
    paint = fractal_noise((512, 512), slope=1.1, low=5, seed=316)
    weft = fractal_noise((512, 512), slope=0.3, low=30, seed=317)
    colours = tinted(np.clip(1.8 * paint - 0.4, 0, 1), (0.08, 0.15, 0.3), (0.9, 0.8, 0.55))
    cloth = Texture(colours * (0.7 + 0.4 * weft[..., None]), 0.5)
    light = Light((0.6, -0.4, -0.7), ambient=0.5)
    scene = Scene([HeightField((0, 0, 1.15), waves, 0.006, cloth), Rectangle((0, 0, 2.8), cloth)], light)
    return Setup(scene, camera(shape, planes, nearest=0.86, farthest=1.55), shape)


def chalk(shape: tuple[int, int], planes: int) -> Setup:
    """Return pale sticks, blocks and a ball with shadows, of a few per cent contrast."""
    stage = Stage(height=0.3, pitch=14)

    def pale(mean: float, contrast: float, seed: int, width: float) -> Texture:
        grain = fractal_noise((512, 512), slope=0.7, low=6, seed=seed)
        return Texture(np.asarray(mean + contrast * (grain - 0.5), np.float32), width)

    surfaces: list[Surface] = [
        stage.table(pale(0.65, 0.07, 318, 0.5)),
        stage.wall(2.4, pale(0.7, 0.05, 319, 0.8)),
        stage.rod((0.3, 0, 1.6), (0.34, 0.45, 1.7), 0.06, pale(0.8, 0.06, 320, 0.4)),
        stage.rod((-0.3, 0.03, 1.0), (0.0, 0.03, 1.25), 0.03, pale(0.82, 0.08, 321, 0.3)),
        stage.ball((0.16, 0.08, 1.1), 0.08, pale(0.78, 0.06, 322, 0.4)),
        *stage.box(
            (-0.22, 0.09, 1.5),
            (0.2, 0.18, 0.16),
            pale(0.75, 0.05, 323, 0.4),
            pale(0.82, 0.06, 324, 0.4),
            turn=-30,
        ),
    ]
    light = Light(stage.direction((-0.7, 0.8, -0.5)), ambient=0.4, softness=0.1, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.7, farthest=2.7), shape)
