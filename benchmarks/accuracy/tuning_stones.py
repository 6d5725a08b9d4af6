"""Tuning scenes of broken stone under the microscope: tilted facets, steps between them; lengths in um."""

import numpy as np

from benchmarks.accuracy.cells import nearest_cells
from benchmarks.accuracy.ground import ground
from napari_defocus.simulation import HeightField, Light, Scene, Texture
from napari_defocus.simulation.setup import Setup, objective
from napari_defocus.simulation.textures import fractal_noise

UP = (0.0, 0.0, 1.0)
BEYOND = 30.0  # um of ground beyond the frame on every side of its longer one


def flint(shape: tuple[int, int], planes: int) -> Setup:
    """Return flint under a 10x / 0.30: large facets, specks that mirror the lamp."""
    return _stone(shape, planes, seed=901, facets=60, slope=0.18, glints=True)


def chert(shape: tuple[int, int], planes: int) -> Setup:
    """Return chert through a little more magnification: smaller and steeper facets, specks as of flint."""
    return _stone(shape, planes, seed=931, facets=90, slope=0.25, glints=True, field_width=140.0)


def slate(shape: tuple[int, int], planes: int) -> Setup:
    """Return slate under a 20x / 0.35: facets without specks."""
    return _stone(
        shape,
        planes,
        seed=981,
        facets=60,
        slope=0.2,
        glints=False,
        numerical_aperture=0.35,
        field_width=124.0,
    )


def _stone(
    shape: tuple[int, int],
    planes: int,
    *,
    seed: int,
    facets: int,
    slope: float,
    glints: bool,
    **optics: float,
) -> Setup:
    """Facets with warped borders, each a plane of its own level and tilt; on a third of them specks."""
    lens = objective(shape, planes, lowest=-1.5, step=43.0 / (planes - 1), **optics)
    y, x, spacing = ground(shape, lens, BEYOND)
    rng = np.random.default_rng(seed)
    middles = rng.uniform(x.min(), x.max(), (facets, 2))
    across, down = (6 * (_noise(x, slope=1.6, low=4, seed=seed + k) - 0.5) for k in (1, 2))
    index, _ = nearest_cells(np.stack([x + across, y + down], axis=-1), middles)
    tilt = rng.normal(0, slope, (facets, 2))
    heights = rng.uniform(5, 35, facets)[index]
    heights += (tilt[index] * (np.stack([x, y], axis=-1) - middles[index])).sum(axis=-1)
    heights += 1.5 * (_noise(x, slope=1.2, low=5, seed=seed + 3) - 0.5)
    grain = _noise(x, slope=0.55, low=18, seed=seed + 4)
    tone = np.clip(0.15 + 0.6 * grain + 0.2 * rng.uniform(0, 1, facets)[index], 0.02, 1)
    if glints:
        specks = _noise(x, slope=0.8, low=14, seed=seed + 5) > 0.84
        tone = np.where(specks & (index % 3 == 1), 2.5, tone)
    surface = Texture(tone, x.shape[1] * spacing)
    stone = HeightField((0, 0, 0), np.clip(heights, 0, 40), spacing, surface, up=UP)
    return Setup(Scene([stone], Light((-0.3, 0.3, 1.0), ambient=0.4)), lens, shape)


def _noise(x: np.ndarray, *, slope: float, low: float, seed: int) -> np.ndarray:
    """Fractal noise in [0, 1] on a grid."""
    return fractal_noise(x.shape, slope=slope, low=low, seed=seed).astype(float)
