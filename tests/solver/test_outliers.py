import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import SolverSettings
from napari_defocus.solver.outliers import (
    fill_outliers,
    find_outliers,
    is_flat,
    local_variation,
    remove_outliers,
)


def test_local_variation_of_a_slope_is_its_steepness():
    slope = np.add.outer(0.3 * np.arange(30), 0.4 * np.arange(40)).astype(np.float32)
    assert_allclose(local_variation(slope)[5:-5, 5:-5], 0.5, rtol=1e-4)


def test_speckle_is_flagged_and_a_clean_edge_is_not():
    rng = np.random.default_rng(0)
    depth = np.where(np.arange(60) < 30, 1.0, 3.0) + np.zeros((50, 60))
    depth[10:20, 5:20] = rng.uniform(1, 4, (10, 15))
    image = rng.random((50, 60)).astype(np.float32)
    found = find_outliers(depth.astype(np.float32), image, SolverSettings(depth_range=(1, 4)))
    assert found[12:18, 8:17].all()
    assert not found[:, 25:35].any()
    assert not found[30:].any()


def test_flat_patches_need_every_channel_flat():
    image = np.random.default_rng(1).random((40, 40, 3)).astype(np.float32)
    image[10:25, 10:25] = 0.5
    image[10:25, 30:39, :2] = 0.5
    flat = is_flat(image)
    assert flat[17, 17]
    assert flat.sum() == 9 * 9


@pytest.mark.parametrize("method", ["none", "constant"])
def test_methods_can_be_left_out(method):
    depth = np.random.default_rng(2).random((30, 30)).astype(np.float32)
    image = np.random.default_rng(3).random((30, 30)).astype(np.float32)
    settings = SolverSettings(outlier_method=method, depth_range=(0, 1))
    assert not find_outliers(depth, image, settings).any()


def test_threshold_in_units_of_depth():
    depth = np.random.default_rng(4).uniform(0, 100, (30, 30)).astype(np.float32)
    image = np.ones((30, 30), np.float32)
    settings = SolverSettings(depth_range=(0, 100), outlier_relative=False, outlier_threshold=1000)
    assert not find_outliers(depth, image, settings).any()
    assert find_outliers(depth, image, settings.replace(outlier_threshold=1)).all()


def test_filling_takes_the_mean_of_valid_neighbours_rim_first():
    depth = np.full((31, 31), 2.0, np.float32)
    outliers = np.zeros((31, 31), bool)
    outliers[8:24, 8:24] = True
    depth[outliers] = 99.0
    filled = fill_outliers(depth, outliers, radius=2)
    assert_allclose(filled, 2.0, rtol=1e-5)
    assert (depth[outliers] == 99).all()


def test_valid_pixels_stay_and_all_invalid_is_left_alone():
    depth = np.random.default_rng(5).random((20, 20)).astype(np.float32)
    outliers = np.zeros((20, 20), bool)
    outliers[5:8, 5:8] = True
    assert_array_equal(fill_outliers(depth, outliers, 3)[~outliers], depth[~outliers])
    assert_array_equal(fill_outliers(depth, np.ones((20, 20), bool), 3), depth)


@pytest.mark.parametrize("radius", [1, 3, 400])
def test_any_radius_fills_any_hole(radius):
    depth = np.full((120, 120), 9.0, np.float32)
    outliers = np.ones((120, 120), bool)
    depth[3, 4], outliers[3, 4] = 2.0, False
    assert_allclose(fill_outliers(depth, outliers, radius), 2.0, rtol=1e-5)


def test_remove_reports_what_it_replaced():
    rng = np.random.default_rng(6)
    depth = np.full((40, 40), 1.0, np.float32)
    depth[15:25, 15:25] = rng.uniform(0, 10, (10, 10))
    cleaned, outliers = remove_outliers(depth, rng.random((40, 40)), SolverSettings(depth_range=(0, 10)))
    assert outliers.any()
    assert_array_equal(cleaned[~outliers], depth[~outliers])
    assert np.abs(cleaned - 1)[outliers].mean() < np.abs(depth - 1)[outliers].mean()
