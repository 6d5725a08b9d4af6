"""What a light beyond white adds to a stack tells nothing of the depth beside it."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.ndimage import binary_dilation, maximum_filter

from napari_defocus import SolverSettings, ThinLens, solve
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, bundled_image, uniform
from napari_defocus.solver import unknowns
from napari_defocus.solver.dimming import ASIDE, dimmed
from napari_defocus.solver.glare import Glare, find_glare
from napari_defocus.solver.observations import load_stack

LENS = ThinLens.from_camera(50, 2, 20, [1.6, 1.9, 2.2, 2.5, 2.9], blur_scale=0.5)
NOISE = 0.02
SETTINGS = SolverSettings(depth_range=(1.4, 3.2), estimate_blur=False, threads=2)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_glare_is_no_brighter_than_predicted_and_all_else_stays(dtype):
    random = np.random.default_rng(0)
    shape = (150, 140)  # more than one tile
    stack = (random.random((5, *shape)) * (255 if dtype == np.uint8 else 1)).astype(dtype)
    observations = load_stack(stack)
    image = random.random((1, *shape)).astype(np.float32)
    low, high = np.sort(LENS.centers)[[0, -1]]
    coordinates = random.uniform(low, high, shape).astype(np.float32)
    operator = unknowns.blur_operator(LENS, SETTINGS, shape)
    pairs = random.random(stack.shape) < 0.3
    pairs[:, :128, :128] = False  # a tile without glare
    beside = np.full(shape, -1, np.int32)
    beside[20:, 30:] = 1
    lamps = beside >= 0
    lamps[:, 135:] = False  # lights there are but a little beyond white
    near = maximum_filter(lamps, 2 * ASIDE + 1)
    glare = Glare(pairs, pairs, beside, lamps)
    before = observations.planes.copy()
    found = dimmed(observations, glare, operator, image, coordinates, NOISE)
    assert_array_equal(observations.planes, before)
    assert found.planes.dtype == observations.planes.dtype
    predicted = operator.forward(image, coordinates)[:, 0] / observations.scale
    if dtype == np.uint8:
        predicted = np.rint(predicted)
    stays = ~(pairs & near) | (before[:, 0] <= predicted + NOISE / observations.scale)
    assert_array_equal(found.planes[:, 0][stays], before[:, 0][stays])
    assert np.abs(found.planes[:, 0] - predicted)[~stays].max() * observations.scale <= 1e-5
    assert (~stays).sum() > 1000


@pytest.fixture(scope="module")
def rendered():
    """Three bright lamps before a wall of gravel."""
    scale = View.of(LENS, (96, 120)).scale
    wall = Rectangle((0, 0, 2.5), Texture(bundled_image("gravel"), 300 * scale * 2.5))
    lamps = [
        Rectangle(
            (30 * scale * 2.2 * place, 0, 2.2),
            Texture(uniform(20.0), 1.0),
            width=6 * scale * 2.2,
            height=6 * scale * 2.2,
            is_round=True,
        )
        for place in (-1, 0, 1)
    ]
    view = render_focal_stack(Scene([wall, *lamps]), LENS, (96, 120), lens_samples=256, seed=0)
    noise = 0.004 * np.random.default_rng(0).standard_normal(view.radiance.shape)
    return (255 * np.clip(view.radiance + noise, 0, 1)).round().astype(np.uint8), view.depth


def beside_lamps(depth):
    lamps = depth < 2.35
    return binary_dilation(lamps, iterations=10) & ~binary_dilation(lamps, iterations=2)


def test_beside_lamps_the_depth_is_better_for_it(rendered, monkeypatch):
    stack, truth = rendered
    where = beside_lamps(truth)
    error = np.abs(solve(stack, LENS, SETTINGS).depth - truth)[where].mean()
    monkeypatch.setattr(unknowns, "dimmed", lambda observations, *others: observations)
    without = np.abs(solve(stack, LENS, SETTINGS).depth - truth)[where].mean()
    assert error < 0.85 * without


def test_blocks_see_the_same_lamps(rendered):
    stack, truth = rendered
    assert find_glare(load_stack(stack), LENS) is not None
    whole = solve(stack, LENS, SETTINGS).depth
    blocks = solve(stack, LENS, SETTINGS, block=64).depth
    assert (np.abs(np.asarray(blocks) - whole) < 0.02)[beside_lamps(truth)].mean() > 0.98
