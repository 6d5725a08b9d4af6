"""Solder joints under a microscope, kept for the final figures; lengths in um, heights grow upwards."""

from itertools import pairwise

import numpy as np

from benchmarks.accuracy.boxes import box
from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import FloatImage, fractal_noise

UP = (0.0, 0.0, 1.0)
FIELD = 332.8
RIM = 30.0
"""Board beyond the frame, as far as rays go when out of focus."""

LEADS = (-112.0, -56.0, 0.0, 56.0)
"""Where the leads of the package are, along its edge."""

PINS = ((-118.0, 74.0, 92.0), (-38.0, 82.0, 78.0), (128.0, -62.0, 86.0))
"""Middles of the joints of pins that come through the board, and the heights of the pins."""

BUMPS = (
    (36.0, 70.0, 25.0),
    (92.0, 66.0, 22.0),
    (64.0, 108.0, 20.0),
    (122.0, 104.0, 24.0),
    (138.0, 16.0, 19.0),
)
"""Middles and radii of balls of solder."""


def solder(shape: tuple[int, int], planes: int) -> Setup:
    """Leads of a package in their fillets, cut pins in cones of solder, balls, a rough board; 5x / 0.14."""
    optics = objective(
        shape, planes, lowest=-4.0, step=112.0 / (planes - 1), numerical_aperture=0.14, field_width=FIELD
    )
    spacing = optics.pixel_size / 2
    half = [int(np.ceil((side * optics.pixel_size / 2 + RIM) / spacing)) for side in shape]
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1] * spacing
    heights, is_solder = _board(x, y)
    ground = Texture(_tone(x, y, heights, is_solder, spacing), x.shape[1] * spacing)
    tin = Texture(_metal((256, 512), 721), 120)
    resin = Texture(0.06 + 0.45 * fractal_noise((512, 512), slope=0.5, low=10, seed=722), 160)
    surfaces: list[Surface] = [
        Rectangle((0, 0, -12), ground),
        *box((-28, -122, 0), (240, 62, 96), resin),
    ]
    for k, left in enumerate(LEADS):
        bent = [(left, -96, 58), (left, -70, 57), (left + 1.5 * k - 2, -48, 16), (left, -8, 14)]
        surfaces += [Cylinder(start, end, 8, tin) for start, end in pairwise(bent)]
        surfaces += [Sphere(joint, 8, tin, up=UP) for joint in bent[1:3]]
    for k, (px, py, height) in enumerate(PINS):
        surfaces.append(Cylinder((px, py, 0), (px + 5 - 4 * k, py + 3 * k - 4, height), 10, tin))
    for k, (bx, by, radius) in enumerate(BUMPS):
        skin = _metal((128, 256), 730 + k)
        row, column = np.indices(skin.shape)
        skin[np.hypot(row - 52, column - 116) < 5] = 1.6  # the lamp
        wrap = Texture(skin, 2 * np.pi * radius, "repeat")
        surfaces.append(Sphere((bx, by, 0.75 * radius), radius, wrap, up=UP))
    surfaces.append(HeightField((0, 0, 0), heights[::2, ::2], 2 * spacing, ground, up=UP))
    return Setup(Scene(surfaces, Light((-0.3, -0.3, 1.0), ambient=0.4)), optics, shape)


def _metal(shape: tuple[int, int], seed: int) -> FloatImage:
    """Dull solder: grains and flow marks."""
    grain = fractal_noise(shape, slope=0.6, low=6, seed=seed)
    flow = fractal_noise(shape, slope=1.2, low=2, stretch=3, seed=seed + 50)
    return np.clip(0.6 + 0.5 * (grain - 0.5) + 0.35 * (flow - 0.5), 0.05, 1)


def _board(x: FloatArray, y: FloatArray) -> tuple[FloatArray, np.ndarray]:
    """Heights of the board with the solder on it, and where it is solder."""
    side = max(x.shape)
    rough = fractal_noise((side, side), slope=1.1, low=5, seed=741)[: x.shape[0], : x.shape[1]]
    board = 1.2 * np.sin(x / 5.5) * np.sin(y / 5.5) + 8 * (rough - 0.5) + 3
    wet = np.zeros_like(x)
    for left in LEADS:
        # Concave fillets along the feet of the leads.
        away = np.hypot(x - left, y - np.clip(y, -46, -6))
        wet = np.maximum(wet, 13 * np.clip(1.15 - away / 26, 0, 1) ** 1.4)
    for px, py, height in PINS:
        away = np.hypot(x - px, y - py)
        wet = np.maximum(wet, 0.75 * height * np.clip(1.2 - away / 40, 0, 1) ** 1.7)
    for bx, by, radius in BUMPS:
        wet = np.maximum(wet, 3.5 * np.clip(1.35 * radius - np.hypot(x - bx, y - by), 0, 1))
    return board * np.clip(1 - wet / 8, 0.15, 1) + wet, wet > 0.2


def _tone(
    x: FloatArray, y: FloatArray, heights: FloatArray, is_solder: np.ndarray, spacing: float
) -> FloatImage:
    """Brightness of board and solder; solder that slopes towards the lamp mirrors it."""
    side = max(x.shape)
    resin = fractal_noise((side, side), slope=0.6, low=8, seed=742)[: x.shape[0], : x.shape[1]]
    glass = 0.5 + 0.5 * np.sin(x / 5.5) * np.sin(y / 5.5)
    board = 0.08 + 0.14 * glass + 0.3 * resin
    metal = _metal((side, side), 743)[: x.shape[0], : x.shape[1]]
    slope_y, slope_x = np.gradient(heights, spacing)
    glint = np.hypot(slope_x - 0.35, slope_y - 0.35) < 0.22
    return np.asarray(np.where(is_solder, np.where(glint, 1.5, metal), board), np.float32)
