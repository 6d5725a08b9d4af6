"""Scenes under a microscope; lengths in um, heights grow towards the objective."""

from math import tau

import numpy as np

from napari_defocus.simulation.scene import Cylinder, FloatArray, HeightField, Light, Rectangle, Scene, Sphere
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import Texture, bundled_image, fractal_noise

UP = (0.0, 0.0, 1.0)
RIM = 30.0  # um of surface beyond the frame, as far as rays go when out of focus
COAXIAL = Light((0.25, -0.35, 1.0), ambient=0.25)


def etched_surface(shape: tuple[int, int] = (256, 256), planes: int = 20) -> Setup:
    """Return a rough metal surface with a raised plateau, a pit, a dome and a groove; two steep steps."""
    optics = objective(shape, planes, lowest=-1.0, step=47.5 / (planes - 1))
    x, y, spacing = _grid(shape, optics.pixel_size)
    heights = 14 + 0.03 * x - 0.02 * y
    heights += 3.0 * (_noise_like(x, slope=1.9, seed=1) - 0.5) + 1.2 * (
        _noise_like(x, slope=1.0, seed=2) - 0.5
    )
    plateau = _rounded_box(x + 38, y - 22, 76, 84, 16)
    heights += 22 * _ramp(-plateau)
    heights -= 6 * _ramp(-(np.abs(x + 42 - 0.3 * y) - 4) / 3) * _ramp(-plateau - 8)
    heights -= 12 * np.clip(1.2 * (1 - np.hypot(x - 50, y - 48) / 34), 0, 1)
    dome = 1 - ((x - 40) ** 2 + (y + 38) ** 2) / 36**2
    heights += 26 * np.sqrt(np.clip(dome, 0, 1))
    surface = HeightField((0, 0, 0), heights, spacing, _metal(x, spacing), up=UP)
    floor = Rectangle((0, 0, -50), surface.texture)
    return Setup(Scene([surface, floor], COAXIAL), optics, shape)


def fibres(shape: tuple[int, int] = (240, 320), planes: int = 30) -> Setup:
    """Return threads that cross at several heights above a grainy ground."""
    optics = objective(shape, planes, lowest=-3.0, step=75.0 / (planes - 1))
    ground = Texture(0.15 + 0.5 * bundled_image("grass"), 90.0)
    cloth = Texture(0.25 + 0.65 * fractal_noise((64, 512), slope=0.6, stretch=2, seed=3), 120.0)
    rng = np.random.default_rng(6)
    surfaces: list[Rectangle | Cylinder] = [Rectangle((0, 0, 0), ground)]
    for height in np.linspace(8, 68, 14):
        angle, offset = rng.uniform(0, tau / 2), rng.uniform(-70, 70)
        along = np.array([np.cos(angle), np.sin(angle), rng.uniform(-0.03, 0.03)])
        middle = np.array([-np.sin(angle) * offset, np.cos(angle) * offset, height])
        radius = rng.uniform(1.0, 4.0)
        surfaces.append(Cylinder(middle - 250 * along, middle + 250 * along, radius, cloth))
    return Setup(Scene(surfaces, COAXIAL), optics, shape)


def beads(shape: tuple[int, int] = (240, 320), planes: int = 20) -> Setup:
    """Return round beads, some with hardly any texture, on a rough ground."""
    optics = objective(shape, planes, lowest=-2.0, step=50.0 / (planes - 1))
    x, _, spacing = _grid(shape, optics.pixel_size)
    relief = 6 * _noise_like(x, slope=1.6, seed=4)
    surfaces: list[HeightField | Sphere | Rectangle] = [
        HeightField((0, 0, 0), relief, spacing, Texture(bundled_image("gravel"), 110.0), up=UP),
        Rectangle((0, 0, -20), Texture(bundled_image("gravel"), 110.0)),
    ]
    rng = np.random.default_rng(9)
    placed: list[FloatArray] = []
    while len(placed) < 12:
        radius, bx, by = rng.uniform(8, 20), rng.uniform(-90, 90), rng.uniform(-66, 66)
        if all(np.hypot(bx - px, by - py) > radius + pr for px, py, pr in placed):
            contrast = 0.6 if len(placed) % 3 else 0.04
            glaze = 0.55 + contrast * (fractal_noise((128, 256), slope=0.8, low=6, seed=len(placed)) - 0.5)
            wrap = Texture(glaze, tau * radius, "repeat")
            surfaces.append(Sphere((bx, by, 3 + radius), radius, wrap, up=UP))
            placed.append(np.array([bx, by, radius]))
    return Setup(Scene(surfaces, COAXIAL), optics, shape)


def _grid(shape: tuple[int, int], pixel_size: float) -> tuple[FloatArray, FloatArray, float]:
    """Return x, y and the spacing of a grid two points a pixel that covers the frame and its rim."""
    spacing = pixel_size / 2
    half = [int(np.ceil((side * pixel_size / 2 + RIM) / spacing)) for side in shape]
    y, x = np.mgrid[-half[0] : half[0] + 1, -half[1] : half[1] + 1] * spacing
    return x, y, spacing


def _noise_like(x: FloatArray, *, slope: float, seed: int) -> FloatArray:
    """Return noise in [0, 1] on the same grid that looks the same at any resolution."""
    from skimage.transform import resize

    return np.asarray(resize(fractal_noise((512, 512), slope=slope, low=2, seed=seed), x.shape, order=3))


def _ramp(distance: FloatArray) -> FloatArray:
    """Return 0 below 0, 1 above 1, smooth between."""
    t = np.clip(distance, 0, 1)
    return np.asarray(t * t * (3 - 2 * t))


def _rounded_box(x: FloatArray, y: FloatArray, width: float, height: float, corner: float) -> FloatArray:
    """Return the distance to the rim of a rounded rectangle, negative inside."""
    dx, dy = np.abs(x) - width / 2 + corner, np.abs(y) - height / 2 + corner
    return np.asarray(
        np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0) - corner
    )


def _metal(x: FloatArray, spacing: float) -> Texture:
    """Grains and polishing scratches."""
    grains = fractal_noise((1024, 1024), slope=1.25, low=5, seed=21)
    scratches = fractal_noise((1024, 1024), slope=0.7, low=20, stretch=40, seed=22)
    tone = np.clip(0.62 + 0.6 * (grains - 0.5) + 0.3 * (scratches - 0.5), 0.05, 1)
    return Texture(tone, 1.2 * x.shape[1] * spacing)
