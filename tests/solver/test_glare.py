"""Glare covers what a saturated light's blur disc covers, and no more."""

import numpy as np
import pytest
from scipy import ndimage

from napari_defocus import SolverSettings, ThinLens, UncalibratedFocus
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, uniform
from napari_defocus.solver.glare import BESIDE, MARGIN, Glare, _union_of_discs, find_glare, light_planes
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.observations import load_stack

SHAPE = (80, 90)
LENS = ThinLens.from_camera(50, 2, 20, [1.0, 1.4, 2.0, 3.0], blur_scale=0.5)
LIGHT = 2
"""Plane in which the light is sharp."""


def light_stack(radiance, width=5):
    """A round light of some px before a grey wall."""
    depth = LENS.focus_distances[LIGHT]
    side = width * View.of(LENS, SHAPE).scale * depth
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
    found, distance = find_glare(load_stack(stack), LENS).pairs, distances()
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        if index != LIGHT:
            assert radius > 4
            assert found[index][distance <= radius].all()
    assert not found.all(axis=0).all()


def test_where_the_light_is_sharp_it_is_no_glare():
    images = light_stack(2.0, width=7)  # most of its discs are not saturated
    found, distance = find_glare(load_stack(images), LENS).pairs, distances()
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        assert found[index][distance <= radius + 1].all() == (index != LIGHT)
        assert not found[index][distance > radius + 7].any()


@pytest.fixture(scope="module")
def wide():
    """A light of 30 px far beyond white, whose discs are saturated in every plane."""
    return load_stack(light_stack(8.0, width=30))


def test_the_saturated_discs_of_a_wide_light_are_no_lights_themselves(wide):
    found, distance = find_glare(wide, LENS), distances()
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        if index != LIGHT:
            assert wide.planes[index, 0][distance <= 16].min() == 255
            assert found.pairs[index][(distance > 15) & (distance <= 15 + radius)].all()
    assert not found.pairs[LIGHT].any()


def test_the_plane_of_a_light_is_told_at_its_outline_and_nowhere_else(wide):
    planes, distance = find_glare(wide, LENS).planes, distances()
    assert (planes[np.abs(distance - 15) < 2] == LIGHT).all()
    assert (planes[distance < 15 - 9] == -1).all()
    saturated = (wide.planes == 255).any(axis=(0, 1))
    assert (planes[ndimage.distance_transform_edt(~saturated) > 1.5 * BESIDE] == -1).all()


@pytest.mark.parametrize(("radiance", "is_lamp"), [(60.0, True), (4.0, True), (1.1, False)])
def test_only_what_is_far_beyond_white_is_a_lamp_and_glares(radiance, is_lamp):
    """In its own plane a light shows white, in others all that it has."""
    found = find_glare(load_stack(light_stack(radiance, width=7)), LENS)
    beside = (found.planes >= 0) & (distances() < 4)
    assert beside.sum() > 30
    assert found.lamps[beside].all() == is_lamp
    assert found.lamps.any() == found.pairs.any() == found.hiding.any() == is_lamp


def test_a_small_light_spread_thin_is_no_glare():
    images = light_stack(12.0, width=1.2)
    found = find_glare(load_stack(images), LENS).pairs
    assert list(found.any(axis=(1, 2))) == [False, True, False, True]  # discs of 16, 7, 0 and 5 px


def test_glare_hides_focus_where_it_is_seen(stack):
    found, distance = find_glare(load_stack(stack), LENS), distances()
    for index, radius in enumerate(LENS.blur_radius(LENS.focus_distances[LIGHT])):
        if index != LIGHT:
            assert found.hiding[index][(distance > 4) & (distance < radius - 1)].all()
            rim = (distance > radius + 3.2) & (distance < radius + 4)
            assert found.pairs[index][rim].any()
            assert not found.hiding[index][rim].any()


def test_the_plane_of_a_light_does_not_depend_on_the_tiles(wide, monkeypatch):
    wanted = np.ones(SHAPE, bool)
    whole, lamps = light_planes(wide, wanted)
    monkeypatch.setattr("napari_defocus.solver.glare.TILE", MARGIN)
    for found, before in zip(light_planes(wide, wanted), (whole, lamps), strict=True):
        np.testing.assert_array_equal(found, before)
    assert len(np.unique(whole)) > 1


def test_labels_avoid_glare_beside_lights_only():
    pairs = np.zeros((3, 2, 2), bool)
    pairs[0] = True
    beside = np.array([[1, -1], [1, 2]], np.int32)
    labels = np.array([[0, 0], [2, 0]], np.int32)
    np.testing.assert_array_equal(Glare(pairs, pairs, beside, beside >= 0).avoided(labels), [[1, 0], [2, 2]])


def test_the_image_is_kept_in_glare_and_beside_lights():
    pairs = np.zeros((3, 2, 2), bool)
    pairs[:2, 0, 0] = pairs[0, 0, 1] = True
    beside = np.array([[-1, -1], [2, -1]], np.int32)
    np.testing.assert_array_equal(
        Glare(pairs, pairs, beside, beside >= 0).held, [[True, False], [True, False]]
    )


def test_around_a_light_the_start_shows_the_plane_in_which_it_is_sharp(wide):
    settings = SolverSettings(depth_range=(0.9, 3.5))
    labels, distance = start_of(wide, LENS, settings).labels, distances()
    assert (labels[(distance > 13) & (distance < 20)] == LIGHT).all()


def test_nothing_saturated_is_no_glare(stack):
    assert find_glare(load_stack(np.minimum(stack, 250)), LENS) is None
    assert find_glare(load_stack(stack), UncalibratedFocus(planes=len(stack))) is None


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
