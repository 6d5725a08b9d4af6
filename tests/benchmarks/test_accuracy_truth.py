"""The truth that the accuracy benchmark compares with."""

import numpy as np
import pytest

from benchmarks.accuracy.truth import block_median, edge_mask, pixel_depth, positive_depth
from napari_defocus.optics import Microscope, ThinLens
from napari_defocus.simulation import Rectangle, Scene, Texture, View, render_focal_stack
from napari_defocus.simulation.setup import Setup
from napari_defocus.simulation.textures import uniform

LENS = ThinLens(focal_length=0.05, aperture_diameter=0.03, pixel_pitch=2e-4, focus_distances=[0.8, 2.0])
GREY = Texture(uniform(0.5), 1.0)


def test_edge_band_has_its_width_on_either_side():
    depth = np.ones((20, 30))
    depth[:, 15:] = 2
    columns = np.flatnonzero(edge_mask(depth, reach=4).all(axis=0))
    np.testing.assert_array_equal(columns, np.arange(11, 19))
    np.testing.assert_array_equal(edge_mask(depth.T, reach=4), edge_mask(depth, reach=4).T)


def test_edge_band_of_a_single_pixel_is_a_disc():
    depth = np.zeros((21, 21))
    depth[10, 10] = 1
    rows, columns = np.indices(depth.shape) - 10
    beside = np.abs(rows) + np.abs(columns) <= 1
    distance = np.min([np.hypot(rows - r, columns - c) for r, c in np.argwhere(beside) - 10], axis=0)
    np.testing.assert_array_equal(edge_mask(depth, reach=3), distance < 3)


def test_a_slope_and_a_flat_field_have_no_edge():
    assert not edge_mask(np.tile(np.linspace(1, 2, 40), (10, 1))).any()
    assert not edge_mask(np.ones((10, 10))).any()
    # A step counts relative to the whole range.
    depth = np.zeros((10, 40))
    depth[:, 10:], depth[:, 30:] = 0.02, 1
    assert not edge_mask(depth, step=0.03)[:, :20].any()
    assert edge_mask(depth, step=0.01)[:, :12].any()


def test_median_of_an_odd_block_is_one_of_its_values():
    values = np.repeat(np.arange(36, dtype=np.float32).reshape(6, 6), 1, axis=0)
    np.testing.assert_array_equal(block_median(values, 3), [[7, 10], [25, 28]])


@pytest.mark.parametrize(("cover", "near"), [(0.7, True), (0.3, False)])
def test_a_pixel_on_an_edge_has_the_depth_of_its_greater_part(cover, near):
    shape = (8, 12)
    view = View.of(LENS, shape)
    # A near board covers the columns up to 6 and this much of column 6.
    right = float(view.to_world(0, 5.5 + cover, 1.0)[0])
    board = Rectangle((right - 1, 0, 1.0), GREY, width=2)
    depth = pixel_depth(Setup(Scene([board, Rectangle((0, 0, 2.0), GREY)]), LENS, shape))
    np.testing.assert_allclose(depth[:, 6], 1.0 if near else 2.0, rtol=1e-6)
    np.testing.assert_allclose(depth[:, :6], 1.0, rtol=1e-6)
    np.testing.assert_allclose(depth[:, 7:], 2.0, rtol=1e-6)


def test_relative_depth_of_a_microscope_spans_one_to_two_stack_lengths():
    scope = Microscope(numerical_aperture=0.3, pixel_size=0.6, focus_positions=[4.0, -6.0, 14.0])
    np.testing.assert_allclose(positive_depth([-6.0, 4.0, 14.0], scope), [20, 30, 40])
    np.testing.assert_array_equal(positive_depth([0.5, 2.0], LENS), [0.5, 2.0])


def test_averaging_down_keeps_a_flat_field():
    scene = Scene([Rectangle((0, 0, 1.5), GREY)])
    stack = render_focal_stack(scene, LENS, (9, 11), lens_samples=4, supersampling=4, threads=1)
    np.testing.assert_allclose(stack.radiance, 0.5, rtol=1e-6)
    np.testing.assert_allclose(stack.all_in_focus, 0.5, rtol=1e-6)
