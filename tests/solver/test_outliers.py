import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import SolverSettings, ThinLens, UncalibratedFocus
from napari_defocus.solver.outliers import (
    fill_alike,
    fill_outliers,
    find_outliers,
    is_flat,
    local_variation,
    remove_outliers,
)

FREE = UncalibratedFocus(planes=4, blur_per_plane=1.0)


def flagged(depth, image, settings, optics=FREE):
    """Outliers of a map of full confidence."""
    return find_outliers(depth, image, np.ones(depth.shape, np.float32), optics, settings)


def test_local_variation_of_a_slope_is_its_steepness():
    slope = np.add.outer(0.3 * np.arange(30), 0.4 * np.arange(40)).astype(np.float32)
    assert_allclose(local_variation(slope)[5:-5, 5:-5], 0.5, rtol=1e-4)


def test_speckle_is_flagged_and_a_clean_edge_is_not():
    rng = np.random.default_rng(0)
    depth = np.where(np.arange(60) < 30, 1.0, 3.0) + np.zeros((50, 60))
    depth[10:20, 5:20] = rng.uniform(1, 4, (10, 15))
    image = rng.random((50, 60)).astype(np.float32)
    found = flagged(
        depth.astype(np.float32), image, SolverSettings(outlier_method="variation", depth_range=(1, 4))
    )
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


@pytest.mark.parametrize("method", ["none", "constant", "confidence"])
def test_methods_can_be_left_out(method):
    depth = np.random.default_rng(2).random((30, 30)).astype(np.float32)
    image = np.random.default_rng(3).random((30, 30)).astype(np.float32)
    settings = SolverSettings(outlier_method=method, depth_range=(0, 1))
    assert not flagged(depth, image, settings).any()


def test_threshold_in_units_of_depth():
    depth = np.random.default_rng(4).uniform(0, 100, (30, 30)).astype(np.float32)
    image = np.ones((30, 30), np.float32)
    settings = SolverSettings(
        outlier_method="variation", depth_range=(0, 100), outlier_relative=False, outlier_threshold=1000
    )
    assert not flagged(depth, image, settings).any()
    assert flagged(depth, image, settings.replace(outlier_threshold=1)).all()


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


@pytest.mark.parametrize("fill", ["alike", "mean"])
def test_remove_reports_what_it_replaced(fill):
    rng = np.random.default_rng(6)
    depth = np.full((40, 40), 1.0, np.float32)
    depth[15:25, 15:25] = rng.uniform(0, 10, (10, 10))
    settings = SolverSettings(outlier_method="variation", outlier_fill=fill, depth_range=(0, 10))
    image, sure = rng.random((40, 40)), np.ones((40, 40), np.float32)
    cleaned, outliers = remove_outliers(depth, image, sure, FREE, settings)
    assert outliers.any()
    assert_array_equal(cleaned[~outliers], depth[~outliers])
    assert np.abs(cleaned - 1)[outliers].mean() < np.abs(depth - 1)[outliers].mean()


def test_low_confidence_is_flagged():
    depth = np.random.default_rng(7).random((20, 20)).astype(np.float32)
    confidence = np.linspace(0, 1, 400, dtype=np.float32).reshape(20, 20)
    settings = SolverSettings(outlier_confidence=0.25)
    found = find_outliers(depth, depth, confidence, FREE, settings)
    assert_array_equal(found, confidence < 0.25)
    assert not find_outliers(depth, depth, confidence, FREE, settings.replace(outlier_confidence=0.0)).any()


def test_a_relative_variation_is_that_of_the_blur():
    """Far away a depth may vary much where the blur hardly changes; near by it is the other way round."""
    lens = ThinLens.from_camera(50, 8, 12, [1.0, 2.0, 10.0])
    rng = np.random.default_rng(8)
    depth = np.concatenate([rng.uniform(60, 100, (30, 30)), rng.uniform(1, 3, (30, 30))], axis=1)
    settings = SolverSettings(outlier_method="variation", depth_range=(1, 100))
    found = flagged(depth.astype(np.float32), depth, settings, lens)
    assert not found[:, :25].any()
    assert found[:, 35:].mean() > 0.9


def scene_with_a_hole():
    """Depth of two walls that meet at column 20 where the image changes, and a hole across the edge."""
    depth = np.where(np.arange(40) < 20, 1.0, 3.0) + np.zeros((40, 40))
    outliers = np.zeros((40, 40), bool)
    outliers[15:25, 14:26] = True
    image = np.where(depth == 1, 0.2, 0.7) + np.random.default_rng(9).normal(0, 0.01, (40, 40))
    return depth.astype(np.float32), outliers, image.astype(np.float32)


@pytest.mark.parametrize("colour", [False, True])
def test_filling_where_alike_keeps_an_edge_that_the_mean_smears(colour):
    depth, outliers, image = scene_with_a_hole()
    if colour:
        image = np.stack([image, 1 - image, image], axis=-1)
    damaged = np.where(outliers, np.float32(9), depth)
    error = np.abs(fill_alike(damaged, outliers, image, 8) - depth)
    assert error.max() < 0.1
    assert np.abs(fill_outliers(damaged, outliers, 8) - depth)[outliers].mean() > 5 * error[outliers].mean()


@pytest.mark.parametrize("radius", [1, 3, 400])
def test_filling_where_alike_fills_any_hole_and_leaves_the_rest(radius):
    rng = np.random.default_rng(10)
    depth, image = np.full((40, 50), 9.0, np.float32), rng.random((40, 50)).astype(np.float32)
    outliers = np.ones((40, 50), bool)
    depth[3, 4], outliers[3, 4] = 2.0, False
    filled = fill_alike(depth, outliers, image, radius)
    assert filled.dtype == np.float32
    assert_allclose(filled, 2.0, rtol=1e-5)
    assert_array_equal(fill_alike(depth, ~np.zeros_like(outliers), image, radius), depth)
