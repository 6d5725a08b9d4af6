"""Scenes before a camera that are kept for the final figures; lengths in m.

None of them shares its composition or its random numbers with the library in `napari_defocus.simulation`.
"""

from math import tau

import numpy as np

from napari_defocus.simulation import Cylinder, HeightField, Light, Rectangle, Scene, Texture
from napari_defocus.simulation.scene import FloatArray, Surface
from napari_defocus.simulation.setup import Setup, camera
from napari_defocus.simulation.staging import Stage
from napari_defocus.simulation.textures import FloatImage, bundled_image, fractal_noise, tinted, uniform


def thicket(shape: tuple[int, int], planes: int) -> Setup:
    """Twigs of many widths and tilted leaves before two trunks and a hedge."""
    rng = np.random.default_rng(101)
    bark = fractal_noise((96, 384), slope=0.8, stretch=5, seed=102)
    wood = Texture(tinted(bark, (0.10, 0.06, 0.04), (0.62, 0.50, 0.38)), 0.25)
    veins = fractal_noise((192, 192), slope=0.9, low=3, seed=103)
    foliage = [
        Texture(tinted(veins, dark, light), 0.08)
        for dark, light in (
            ((0.03, 0.12, 0.02), (0.45, 0.75, 0.20)),
            ((0.10, 0.12, 0.02), (0.85, 0.80, 0.25)),
            ((0.20, 0.05, 0.02), (0.90, 0.45, 0.20)),
        )
    ]
    hedge = Texture(tinted(bundled_image("grass"), (0.02, 0.06, 0.03), (0.40, 0.60, 0.35)), 0.7)
    surfaces: list[Surface] = [
        Rectangle((0, 0, 2.5), hedge, right=(1, 0, 0.2)),
        Cylinder((-0.42, -1, 1.95), (-0.36, 1, 1.9), 0.09, wood),
        Cylinder((0.30, -1, 1.7), (0.24, 1, 1.75), 0.06, wood),
    ]
    for _ in range(16):
        z, angle = 1 / rng.uniform(1 / 1.9, 1 / 0.85), rng.uniform(0, tau / 2)
        along = np.array([np.cos(angle), np.sin(angle), rng.uniform(-0.3, 0.3)])
        middle = np.array([rng.uniform(-0.3, 0.3) * z, rng.uniform(-0.22, 0.22) * z, z])
        half = rng.uniform(0.15, 0.7)
        radius = float(np.exp(rng.uniform(np.log(0.0015), np.log(0.011))))
        surfaces.append(Cylinder(middle - half * along, middle + half * along, radius, wood))
    for k in range(34):
        z = 1 / rng.uniform(1 / 2.1, 1 / 0.82)
        middle = (rng.uniform(-0.33, 0.33) * z, rng.uniform(-0.25, 0.25) * z, z)
        turn = rng.uniform(0, tau)
        right = (np.cos(turn), np.sin(turn), rng.uniform(-0.7, 0.7))
        down = (-np.sin(turn), np.cos(turn), rng.uniform(-0.7, 0.7))
        length = rng.uniform(0.05, 0.12)
        surfaces.append(Rectangle(middle, foliage[k % 3], right, down, length, 0.45 * length, is_round=True))
    light = Light((-0.4, -0.8, -0.6), ambient=0.5)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.78, farthest=2.7), shape)


def printed_boards(shape: tuple[int, int], planes: int) -> Setup:
    """A dotted floor that runs away from the camera, a woven and a ruled board, and a page of type."""
    stage = Stage(height=0.36, pitch=17)
    u, v = np.meshgrid(*[np.linspace(0, 1, 96, endpoint=False)] * 2)
    dots = np.where(np.hypot(u - 0.5, v - 0.5) < 0.3, 0.15, 0.75)
    over = (np.floor(2 * u) + np.floor(2 * v)) % 2 == 0
    strand = np.where(over, np.abs(np.sin(tau * v)), np.abs(np.sin(tau * u)))
    weave = 0.12 + 0.68 * strand
    ruled = np.where((u < 0.12) | (v < 0.12), 0.10, 0.70)
    surfaces: list[Surface] = [
        stage.table(Texture(dots, 0.045, "repeat")),
        stage.wall(2.7, Texture(ruled, 0.07, "repeat")),
        stage.picture((-0.27, 0.2, 1.35), Texture(weave, 0.05, "repeat"), 0.42, 0.4, turn=-48, lean=12),
        stage.picture((0.33, 0.24, 1.75), Texture(ruled, 0.03, "repeat"), 0.5, 0.46, turn=42, lean=-8),
        stage.picture((0.06, 0.09, 0.98), Texture(_type(104), 0.24), 0.24, 0.2, turn=12, lean=40),
    ]
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.66, farthest=3.0), shape)


def _type(seed: int) -> FloatImage:
    """A page of twelve made-up letters in lines."""
    rng = np.random.default_rng(seed)
    letters = np.kron(rng.random((12, 5, 3)) < 0.55, np.ones((3, 3)))
    page = np.full((240, 288), 0.85, np.float32)
    for top in range(12, 222, 22):
        for left in range(12, 264, 12):
            if rng.random() < 0.85:
                page[top : top + 15, left : left + 9] -= np.float32(0.75) * letters[rng.integers(12)]
    return page


def drapery(shape: tuple[int, int], planes: int) -> Setup:
    """A printed cloth that hangs in soft folds, of which one just hides what lies behind it."""
    y, x = np.mgrid[-0.75:0.75:251j, -0.9:0.9:301j]
    warp = 0.22 * (fractal_noise(x.shape, slope=2.4, seed=105) - 0.5)
    folds = 0.16 * np.sin(tau * (1.9 * x + 0.5 * y + 4 * warp)) + 0.08 * np.sin(tau * (1.1 * y - 0.8 * x))
    folds = folds * (0.5 + 0.6 * (y + 0.75)) + 0.10 * x
    paint = fractal_noise((512, 512), slope=0.9, low=6, seed=106)
    thread = fractal_noise((512, 512), slope=0.2, low=40, seed=107)
    print_ = tinted(np.clip(2.2 * paint - 0.6, 0, 1), (0.25, 0.05, 0.12), (0.85, 0.75, 0.45))
    cloth = Texture(print_ * (0.65 + 0.5 * thread[..., None]), 0.55)
    sheet = HeightField((0, 0, 1.2), folds, 0.006, cloth)
    behind = Rectangle((0, 0, 3), cloth)
    light = Light((-0.7, -0.3, -0.7), ambient=0.45)
    return Setup(Scene([sheet, behind], light), camera(shape, planes, nearest=0.85, farthest=1.6), shape)


def plaster(shape: tuple[int, int], planes: int) -> Setup:
    """White things on a white table, of a few per cent contrast, with shadows; one striped mat."""
    stage = Stage(height=0.32, pitch=12)

    def cast(mean: float, contrast: float, seed: int, width: float) -> Texture:
        grain = fractal_noise((512, 512), slope=0.6, low=5, seed=seed)
        return Texture(np.asarray(mean + contrast * (grain - 0.5), np.float32), width)

    mat = 0.25 + 0.5 * fractal_noise((256, 256), slope=0.5, stretch=10, seed=108)
    surfaces: list[Surface] = [
        stage.table(cast(0.75, 0.06, 109, 0.6)),
        stage.wall(2.5, cast(0.62, 0.05, 110, 0.9)),
        stage.rod((-0.34, 0, 1.55), (-0.34, 0.52, 1.55), 0.075, cast(0.85, 0.07, 111, 0.5)),
        stage.rod((-0.34, 0, 1.55), (-0.34, 0.05, 1.55), 0.11, cast(0.85, 0.04, 112, 0.5)),
        stage.ball((0.30, 0.13, 1.75), 0.13, cast(0.80, 0.05, 113, 0.6)),
        stage.ball((-0.10, 0.07, 1.05), 0.07, cast(0.82, 0.08, 114, 0.4)),
        *stage.box(
            (0.20, 0.06, 1.12),
            (0.16, 0.12, 0.14),
            cast(0.7, 0.05, 115, 0.4),
            cast(0.8, 0.05, 116, 0.4),
            turn=25,
        ),
        stage.picture((0.02, 0.002, 0.86), Texture(mat, 0.25), 0.3, 0.16, lean=90),
    ]
    light = Light(stage.direction((0.6, 0.8, -0.5)), ambient=0.4, softness=0.12, shadows=True)
    return Setup(Scene(surfaces, light), camera(shape, planes, nearest=0.68, farthest=2.8), shape)


def night_street(shape: tuple[int, int], planes: int) -> Setup:
    """Lit windows, a row of street lamps and a railing at night; lights up to eight times white."""
    stage = Stage(height=0.22, pitch=5)
    rng = np.random.default_rng(117)
    tar = tinted(bundled_image("gravel"), (0.03, 0.03, 0.04), (0.42, 0.40, 0.42))
    surfaces: list[Surface] = [
        stage.table(Texture(tar, 0.5)),
        stage.wall(3.0, Texture(_facade(rng, 12, 16), 2.0)),
        stage.picture((-0.48, 0.3, 2.0), Texture(_facade(rng, 7, 5), 0.6), 0.6, 0.84, turn=-35),
    ]
    iron = Texture(0.05 + 0.35 * fractal_noise((32, 256), slope=0.6, stretch=4, seed=118), 0.12)
    for k in range(6):
        x, z = 0.36 - 0.02 * k, 0.95 + 0.32 * k
        glow = Texture(uniform((8.0, 5.5 + 0.3 * k, 2.0 + 0.8 * k)), 1.0)
        surfaces += [
            stage.rod((x, 0, z), (x, 0.27, z), 0.005, iron),
            stage.ball((x, 0.285, z), 0.013, glow),
        ]
    surfaces += [stage.rod((-0.5, y, 0.86), (0.06, y, 1.0), 0.005, iron) for y in (0.06, 0.15)]
    for k in range(8):
        x, z = -0.44 + 0.07 * k, 0.875 + 0.0175 * k
        surfaces.append(stage.rod((x, 0, z), (x, 0.17, z), 0.004, iron))
    for side, z in ((-0.03, 1.5), (0.12, 2.1)):
        body = Texture(tinted(fractal_noise((64, 128), slope=1, seed=119), (0.1, 0, 0), (0.6, 0.1, 0.1)), 0.2)
        surfaces += stage.box((side, 0.05, z), (0.16, 0.1, 0.2), body, body, turn=-8)
        for x in (-0.055, 0.055):
            tail = Texture(uniform((5.0, 0.3, 0.2)), 1.0)
            surfaces.append(stage.ball((side + x, 0.055, z - 0.105), 0.009, tail))
    return Setup(Scene(surfaces), camera(shape, planes, nearest=0.63, farthest=3.2, f_number=1.2), shape)


def _facade(rng: np.random.Generator, rows: int, columns: int) -> FloatImage:
    """A dark wall of bricks with windows, some of them lit."""
    tile = 48
    brick = bundled_image("brick")[:512, :512]
    repeats = [-(-count * tile // 512) for count in (rows, columns)]
    wall = np.tile(brick, repeats)[: rows * tile, : columns * tile]
    image = tinted(wall, (0.02, 0.02, 0.04), (0.26, 0.22, 0.30))
    for row in range(rows):
        for column in range(columns):
            colour: FloatArray = np.array([0.03, 0.04, 0.07])
            if rng.random() < 0.4:
                colour = rng.uniform(0.3, 3.0) * np.array([1.0, 0.75, 0.35])
            y, x = row * tile + 12, column * tile + 14
            image[y : y + 24, x : x + 20] = colour
            image[y : y + 24, x + 9 : x + 11] = 0.02
    return image
