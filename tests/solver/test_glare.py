"""Glare covers what a saturated light's blur disc covers, and no more."""

import numpy as np
import pytest
from scipy import ndimage

from napari_defocus import ThinLens, UncalibratedFocus
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, uniform
from napari_defocus.solver.glare import _union_of_discs, glare
from napari_defocus.solver.observations import load_stack

SHAPE = (80, 90)
LENS = ThinLens.from_camera(50, 2, 20, [1.0, 1.4, 2.0, 3.0], blur_scale=0.5)
LIGHT = 2
"""Plane in which the light is sharp."""


def light_stack(radiance):
    """A round light of 5 px before a grey wall."""
    depth = LENS.focus_distances[LIGHT]
    side = 5 * View.of(LENS, SHAPE).scale * depth
    light = Rectangle((0, 0, depth), Texture(uniform(radiance), 1.0), width=side, height=side, is_round=True)
    wall = Rectangle((0, 0, 3.0), Texture(uniform(0.3), 1.0))
    images = render_focal_stack(Scene([wall, light]), LENS, SHAPE, lens_samples=256, seed=0).radiance
    return (255 * np.clip(images, 0, 1)).astype(np.uint8)


@pytest.fixture(scope="module")
def stack():
    return light_stack(60.0)


def distances():
    rows, columns = np.indices(SHAPE) - (np.array(SHAPE).reshape(2, 1, 1) - 1) / 2
    return np.hypot(rows, columns)


def test_glare_covers_the_discs_of_a_bright_light(stack):
    found, distance = glare(load_stack(stack), LENS), distances()
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        if index != LIGHT:
            assert radius > 4
            assert found[index][distance <= radius].all()
    assert not found.all(axis=0).all()


def test_where_the_light_is_sharp_it_is_no_glare():
    found, distance = glare(load_stack(light_stack(1.5)), LENS), distances()  # its discs are not saturated
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        assert found[index][distance <= radius + 1].all() == (index != LIGHT)
        assert not found[index][distance > radius + 7].any()


def test_nothing_saturated_is_no_glare(stack):
    assert glare(load_stack(np.minimum(stack, 250)), LENS) is None
    assert glare(load_stack(stack), UncalibratedFocus(planes=len(stack))) is None


def test_union_of_discs_is_that_of_the_distances():
    rng = np.random.default_rng(0)
    radii = np.where(rng.random((70, 60)) < 0.004, rng.uniform(1, 20, (70, 60)), 0).astype(np.float32)
    expected = np.zeros(radii.shape, bool)
    for y, x in np.argwhere(radii > 0):
        away = np.ones(radii.shape, bool)
        away[y, x] = False
        expected |= ndimage.distance_transform_edt(away) <= radii[y, x]
    assert 0 < expected.mean() < 1
    np.testing.assert_array_equal(_union_of_discs(radii), expected)
