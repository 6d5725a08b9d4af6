"""Tuning scenes full of steps: broken ore, a bouquet, twigs and seeds; um under the microscope, else m."""

from math import pi, tau

import numpy as np
from scipy.spatial import cKDTree

from benchmarks.accuracy.cells import cell_image
from benchmarks.accuracy.ground import ground
from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Sphere, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import SENSOR_WIDTH, Setup, camera, objective
from napari_defocus.simulation.textures import fractal_noise, tinted

UP = (0.0, 0.0, 1.0)


def ore(shape: tuple[int, int], planes: int) -> Setup:
    """Return split ore under a 20x / 0.35: straight cleavage steps, tilted and terraced faces, glints."""
    optics = objective(
        shape, planes, lowest=-1.5, step=43.0 / (planes - 1), numerical_aperture=0.35, field_width=124.0
    )
    y, x, spacing = ground(shape, optics, beyond=25)
    rng = np.random.default_rng(361)
    block = _cleaved(x, y, 130, rng)
    count = block.max() + 1
    level = rng.choice([4.0, 11.0, 18.0, 26.0, 35.0], count) + rng.uniform(-1.5, 1.5, count)
    terraced = np.arange(count) % 3 == 0
    tilt = rng.normal(0, 0.22, (2, count)) * np.where(terraced, 2, 1)
    middle = [np.bincount(block.ravel(), axis.ravel()) / np.bincount(block.ravel()) for axis in (x, y)]
    rise = tilt[0][block] * (x - middle[0][block]) + tilt[1][block] * (y - middle[1][block])
    terrace = 4.5 * np.round(rise / 4.5)
    rise = np.clip(np.where(terraced[block], terrace, rise), -9, 9)
    heights = np.clip(level[block] + rise, 0.5, 39.5)
    heights += 0.8 * (fractal_noise(x.shape, slope=1.3, low=8, seed=362) - 0.5)
    grain = fractal_noise(x.shape, slope=0.45, low=25, seed=363)
    mineral = rng.uniform(0.45, 1.2, 900)[cell_image(x.shape, 900, seed=364)[0]]
    tone = np.clip(mineral * (0.5 + 1.7 * (grain - 0.5)), 0.03, 1)
    bright = fractal_noise(x.shape, slope=0.7, low=18, seed=365) > 0.85
    glint = bright & (np.arange(count) % 4 == 1)[block]
    tone = np.where(glint, rng.uniform(2.0, 3.0, count)[block], tone)
    surface = HeightField((0, 0, 0), heights, spacing, Texture(tone, x.shape[1] * spacing), up=UP)
    return Setup(Scene([surface], Light((0.45, 0.2, 1.0), ambient=0.5)), optics, shape)


def _cleaved(x: FloatArray, y: FloatArray, cuts: int, rng: np.random.Generator) -> np.ndarray:
    """Blocks (numbers from 0) that are left when one block after another is cut along three directions."""
    block = np.zeros(x.shape, int)
    for cut in range(1, cuts + 1):
        row, column = (int(rng.integers(side)) for side in x.shape)
        angle = pi / 3 * rng.integers(3) + rng.normal(0.2, 0.09)
        beyond = (x - x[row, column]) * np.cos(angle) + (y - y[row, column]) * np.sin(angle) > 0
        block[beyond & (block == block[row, column])] = cut
    return np.unique(block, return_inverse=True)[1].reshape(x.shape)


def seeds(shape: tuple[int, int], planes: int) -> Setup:
    """Return spiny balls and pitted ellipsoids on a speckled mount, through a 20x / 0.50."""
    optics = objective(
        shape, planes, lowest=-1.0, step=27.0 / (planes - 1), numerical_aperture=0.5, field_width=79.2
    )
    y, x, spacing = ground(shape, optics, beyond=18)
    specks = np.clip(2.4 * fractal_noise(x.shape, slope=0.6, low=22, seed=371) - 0.75, 0, 1)
    tone = tinted(specks, (0.55, 0.58, 0.60), (0.12, 0.16, 0.25))
    heights = 1.6 * fractal_noise(x.shape, slope=2.0, low=2, seed=372).astype(float)
    rng = np.random.default_rng(373)
    for k, (left, top, axes, turn) in enumerate(
        (
            (-25, 11, (13.0, 8.0, 9.0), 0.5),
            (9, -15, (11.0, 8.5, 11.0), -0.9),
            (27, 17, (9.5, 6.5, 7.0), 1.3),
            (-3, 21, (7.0, 5.0, 5.0), 0.1),
            (-34, -24, (8.0, 6.5, 6.0), -0.4),
            (36, -8, (6.0, 4.5, 4.5), 0.8),
        )
    ):
        along = ((x - left) * np.cos(turn) + (y - top) * np.sin(turn)) / axes[0]
        across = ((y - top) * np.cos(turn) - (x - left) * np.sin(turn)) / axes[1]
        inside = np.hypot(along, across) < 1
        bulge, pit = _pitted_dome(along[inside], across[inside], rng)
        heights[inside] = axes[2] * (1.1 + bulge - 0.16 * pit)
        coat = fractal_noise(x.shape, slope=0.7, low=16, seed=374 + k)[inside] * (1 - 0.65 * pit)
        tone[inside] = tinted(coat, (0.10, 0.05, 0.03), (0.95, 0.72 - 0.06 * k, 0.42))
    surfaces: list[Surface] = [
        HeightField((0, 0, 0), heights, spacing, Texture(tone, x.shape[1] * spacing), up=UP)
    ]
    for k, (left, top, radius) in enumerate(
        ((-12, -19, 8.0), (7, 5, 9.5), (30, -24, 6.0), (-37, -3, 5.0), (13, 24, 4.5), (-14, -2, 4.0))
    ):
        surfaces += _burr(np.array([left, top, radius + 0.8]), radius, 381 + 2 * k)
    return Setup(Scene(surfaces, Light((-0.3, 0.4, 1.0), ambient=0.5)), optics, shape)


def _pitted_dome(
    along: FloatArray, across: FloatArray, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Height of the upper half of a unit ball over its disc, and how deep in a pit (0 to 1) each point is."""
    height = np.sqrt(np.maximum(1 - along**2 - across**2, 0))
    grid = np.stack(np.meshgrid(*[np.arange(-1, 1.1, 0.26)] * 2), axis=-1).reshape(-1, 2)
    holes = cKDTree(grid + rng.uniform(-0.06, 0.06, grid.shape))
    distance = holes.query(np.stack([along, across], axis=-1))[0]
    return height, np.clip(1.3 - (distance / 0.09) ** 2, 0, 1)


def _burr(middle: FloatArray, radius: float, seed: int) -> list[Surface]:
    """A ball with blunt spines in rings about its upright axis."""
    skin = fractal_noise((160, 320), slope=0.6, low=8, seed=seed)
    coat = tinted(np.clip(1.7 * skin - 0.35, 0, 1), (0.06, 0.10, 0.05), (0.80, 0.88, 0.50))
    hair = fractal_noise((48, 96), slope=0.5, seed=seed + 1)
    spine = Texture(tinted(hair, (0.25, 0.20, 0.10), (1.0, 0.95, 0.80)), 5)
    surfaces: list[Surface] = [Sphere(middle, radius, Texture(coat, tau * radius, "repeat"), up=UP)]
    for ring, (polar, count) in enumerate(((0.25, 3), (0.7, 7), (1.15, 10), (1.6, 12))):
        for k in range(count):
            turn = tau * (k + 0.5 * (ring % 2)) / count + 0.1 * seed
            flat = np.sin(polar) * np.array([np.cos(turn), np.sin(turn), 0])
            out = flat + np.cos(polar) * np.array(UP)
            surfaces.append(Cylinder(middle + 0.9 * radius * out, middle + 1.3 * radius * out, 0.5, spine))
    return surfaces


def bouquet(shape: tuple[int, int], planes: int) -> Setup:
    """Return lilies of bent petals, blades and many stems before a woven cloth, through a macro lens."""
    rng = np.random.default_rng(391)
    y, x = np.mgrid[:512, :512]
    threads = 0.3 + 0.2 * np.sin(tau * x / 16) * np.sin(tau * y / 16) + 0.25 * (x // 64 % 2 == y // 96 % 2)
    dye = fractal_noise((512, 512), slope=0.6, low=8, seed=392)
    cloth = Texture(tinted(np.clip(threads + dye - 0.4, 0, 1), (0.12, 0.10, 0.22), (0.78, 0.70, 0.62)), 0.09)
    fibre = fractal_noise((48, 256), slope=0.5, low=4, stretch=0.5, seed=393)
    stalk = Texture(tinted(fibre, (0.05, 0.12, 0.02), (0.62, 0.85, 0.38)), 0.03)
    surfaces: list[Surface] = [Rectangle((0, 0, 0.441), cloth, right=(1, 0, 0.06), down=(0, 1, -0.08))]
    colours = (
        ((0.55, 0.10, 0.12), (1.0, 0.62, 0.45)),
        ((0.60, 0.45, 0.10), (1.0, 0.95, 0.60)),
        ((0.30, 0.10, 0.42), (0.90, 0.70, 0.98)),
        ((0.62, 0.30, 0.40), (1.0, 0.90, 0.92)),
    )
    hearts = ((-0.021, -0.010, 0.362), (0.016, 0.006, 0.374), (0.030, -0.021, 0.395), (-0.012, 0.019, 0.388))
    for k, heart in enumerate(hearts):
        start = np.array(heart)
        facing = np.array([rng.uniform(-0.4, 0.4), rng.uniform(-0.4, 0.4), -1.0])
        for petal in range(7):
            turn = tau * petal / 7 + rng.uniform(-0.15, 0.15)
            radial = np.array([np.cos(turn), np.sin(turn), 0.0])
            radial -= (radial @ facing) / (facing @ facing) * facing
            lift = (0.75 if petal % 2 else 0.4) + rng.uniform(-0.1, 0.1)
            surfaces += _blade(
                start, radial + lift * facing, -facing, (0.021, 0.0075), 0.32, colours[k], 10 * k + petal
            )
        surfaces.append(
            Cylinder(start, start + np.array([rng.uniform(-0.01, 0.01), 0.07, 0.02]), 0.001, stalk)
        )
        for turn in np.arange(5) * tau / 5:
            tip = start + 0.011 * facing + 0.004 * np.array([np.cos(turn), np.sin(turn), 0])
            surfaces += [Cylinder(start, tip, 0.00022, stalk), Sphere(tip, 0.0007, stalk)]
    green = ((0.03, 0.10, 0.03), (0.50, 0.80, 0.35))
    for k in range(9):
        foot = np.array([rng.uniform(-0.05, 0.05), rng.uniform(0.025, 0.045), rng.uniform(0.35, 0.43)])
        along = np.array([rng.uniform(-0.7, 0.7), -1.0, rng.uniform(-0.35, 0.35)])
        size = (rng.uniform(0.035, 0.06), rng.uniform(0.003, 0.006))
        surfaces += _blade(foot, along, (0, 0, rng.choice([-1.0, 1.0])), size, 0.16, green, 50 + k)
    for _ in range(20):
        z, radius = rng.uniform(0.342, 0.43), rng.uniform(0.00025, 0.0006)
        foot = np.array([rng.uniform(-0.045, 0.045), 0.05, z])
        bend = foot + np.array([rng.uniform(-0.012, 0.012), rng.uniform(-0.05, -0.03), 0])
        tip = bend + np.array(
            [rng.uniform(-0.02, 0.02), rng.uniform(-0.045, -0.015), rng.uniform(-0.01, 0.01)]
        )
        surfaces += [Cylinder(foot, bend, radius, stalk), Cylinder(bend, tip, radius, stalk)]
        surfaces.append(Sphere(tip, 3.5 * radius, stalk))
    light = Light((0.4, -0.5, -0.8), ambient=0.45)
    optics = camera(shape, planes, nearest=0.336, farthest=0.452, f_number=2.8, focal_length=0.105)
    return Setup(Scene(surfaces, light), optics, shape)


def _blade(
    foot: FloatArray,
    along: FloatArray,
    back: FloatArray | tuple[float, float, float],
    size: tuple[float, float],
    curl: float,
    colours: tuple[tuple[float, float, float], tuple[float, float, float]],
    seed: int,
) -> list[Surface]:
    """A pointed petal or leaf of six strips, each turned by `curl` towards `back` from the one before."""
    strips, columns = 6, 40
    length, width = size
    rows = round(strips * columns * width / length)
    streaks = fractal_noise((rows, strips * columns), slope=0.55, low=3, stretch=4, seed=400 + seed)
    middle = np.abs(np.arange(rows) - (rows - 1) / 2)[:, None] / (rows / 2)
    streaks = np.where(middle < 0.08, 0.1, np.clip(1.6 * streaks - 0.3, 0, 1))
    image = tinted(streaks, *colours)
    profile = np.sin(pi * np.linspace(0.04, 1, strips * columns) ** 0.8)
    inside = (middle < profile).astype(np.float32)
    along = along / np.linalg.norm(along)
    normal = np.asarray(back) - (along @ np.asarray(back)) * along
    normal /= np.linalg.norm(normal)
    across = np.cross(along, normal)
    surfaces: list[Surface] = []
    for strip in np.split(np.arange(strips * columns), strips):
        texture = Texture(image[:, strip], length / strips, alpha=inside[:, strip])
        place = foot + 0.5 * length / strips * along
        surfaces.append(Rectangle(place, texture, along, across, length / strips, width))
        foot = foot + length / strips * along
        along, normal = (
            np.cos(curl) * along + np.sin(curl) * normal,
            np.cos(curl) * normal - np.sin(curl) * along,
        )
    return surfaces


def twigs(shape: tuple[int, int], planes: int) -> Setup:
    """Return forked twigs down to a pixel and small leaves at many depths before a stone wall."""
    rng = np.random.default_rng(471)
    rings = fractal_noise((64, 512), slope=0.45, low=6, stretch=0.6, seed=472)
    bark = Texture(tinted(np.clip(1.9 * rings - 0.45, 0, 1), (0.06, 0.04, 0.03), (0.85, 0.74, 0.60)), 0.35)
    spots = fractal_noise((96, 96), slope=0.5, low=3, seed=473)
    leaves = [
        Texture(tinted(np.clip(1.6 * spots - 0.3, 0, 1), dark, light), 0.05)
        for dark, light in (
            ((0.10, 0.02, 0.02), (0.95, 0.50, 0.30)),
            ((0.04, 0.12, 0.08), (0.70, 0.90, 0.45)),
        )
    ]
    index, joint = cell_image((640, 640), 380, seed=474)
    grit = fractal_noise((640, 640), slope=0.5, low=12, seed=475)
    stone = rng.uniform(0.3, 0.9, 380)[index] + 0.9 * (grit - 0.5)
    stone = np.clip(np.where(joint < 0.035, 0.4 * grit, stone), 0, 1)
    wall = Texture(tinted(stone, (0.05, 0.05, 0.07), (0.80, 0.76, 0.68)), 1.9)
    surfaces: list[Surface] = [Rectangle((0, 0, 2.25), wall, right=(1, 0, 0.14), down=(0, 1, -0.1))]
    for k in range(9):
        z = 1 / (1 / 1.9 + (1 / 0.92 - 1 / 1.9) * (k + rng.uniform(0, 1)) / 9)
        pixel = SENSOR_WIDTH / shape[1] * (z - 0.05) / 0.05
        side = (-1) ** k
        foot = np.array([0.075 * (4 * k % 9 - 4 + rng.uniform(-0.5, 0.5)) * z, 0.3 * side * z, z])
        heading = -side * pi / 2 + rng.uniform(-0.7, 0.7)
        surfaces += _twig(foot, heading, pixel * rng.uniform(1.6, 3.0), 0.16 * z, 3, bark, leaves, rng)
    light = Light((0.5, -0.6, -0.7), ambient=0.5)
    return Setup(
        Scene(surfaces, light), camera(shape, planes, nearest=0.86, farthest=2.45, f_number=1.3), shape
    )


def _twig(
    foot: FloatArray,
    heading: float,
    radius: float,
    length: float,
    forks: int,
    bark: Texture,
    leaves: list[Texture],
    rng: np.random.Generator,
) -> list[Surface]:
    """Four bent pieces that get thinner, from each of which a smaller twig forks; leaves at the ends."""
    surfaces: list[Surface] = []
    for _ in range(4):
        heading += rng.normal(0, 0.22)
        step = np.array([np.cos(heading), np.sin(heading), rng.uniform(-0.18, 0.18)])
        end = foot + length * step
        surfaces.append(Cylinder(foot, end, radius, bark))
        foot, radius = end, 0.85 * radius
        if forks > 1 and rng.random() < 0.6:
            turn = rng.choice([-1, 1]) * rng.uniform(0.5, 1.2)
            surfaces += _twig(foot, heading + turn, 0.6 * radius, 0.55 * length, forks - 1, bark, leaves, rng)
    if forks < 3:
        turn = heading + rng.uniform(-0.8, 0.8)
        right = np.array([np.cos(turn), np.sin(turn), rng.uniform(-0.6, 0.6)])
        down = (-np.sin(turn), np.cos(turn), rng.uniform(-0.6, 0.6))
        size = rng.uniform(0.018, 0.042) * foot[2]
        leaf = leaves[int(rng.integers(len(leaves)))]
        surfaces.append(
            Rectangle(foot + 0.5 * size * right, leaf, right, down, size, 0.5 * size, is_round=True)
        )
    return surfaces
