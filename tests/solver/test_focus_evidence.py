"""What the focus measure's cost tells of a depth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from stacks import model_stack, texture

from napari_defocus import ThinLens, UncalibratedFocus
from napari_defocus.solver.confidence import share_nearer
from napari_defocus.solver.focus_evidence import around, focus_evidence, sharper
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.prior_scales import px_per_coordinate

SHAPE = (64, 80)
CENTERS = np.array([0, 1, 2, 3], np.float32)
LENS = ThinLens.from_camera(50, 8, 30, [1.0, 1.2, 1.5, 2.0, 3.0, 5.0], blur_scale=0.5)


def one_peak(plane, trust=0.8):
    """Costs of a patch that is sharp in one plane."""
    costs = np.zeros((len(CENTERS), 16, 16), np.float32)
    costs[plane] = -trust
    return costs


def test_one_peak_has_no_spread_and_two_have_half_their_distance():
    weight, farther, spread = around(one_peak(2), CENTERS)
    assert_allclose(farther, 0.8, rtol=1e-6)
    assert_allclose(weight, 0.8, rtol=1e-6)
    assert_allclose(spread, 0, atol=1e-3)
    costs = one_peak(0)
    costs[:, ::2] = one_peak(3)[:, ::2]
    assert_allclose(around(costs, CENTERS)[2][8], 1.5, rtol=0.01)  # four and five rows of nine


def test_peaks_without_trust_do_not_spread():
    costs = one_peak(1)
    costs[:, 8:] = one_peak(3, trust=1e-5)[:, 8:]
    assert around(costs, CENTERS)[2].max() < 0.05


@pytest.mark.parametrize(("depth", "told"), [(3.0, -0.8), (2.6, -0.8), (0.0, 0.8), (1.5, 0.8)])
def test_only_a_nearer_plane_can_be_sharper(depth, told):
    field = np.full((16, 16), depth, np.float32)
    assert_allclose(sharper(one_peak(3), CENTERS, field, False), told, rtol=1e-6)
    assert sharper(one_peak(0), CENTERS, field, False).max() <= 0


def test_both_sides_count_alike_where_planes_may_be_counted_from_either_end():
    depth = np.random.default_rng(0).uniform(0, 3, (16, 16)).astype(np.float32)
    costs = -np.random.default_rng(1).random((4, 16, 16)).astype(np.float32)
    there, back = sharper(costs, CENTERS, depth, True), sharper(costs[::-1], CENTERS, 3 - depth, True)
    assert_allclose(there, back, rtol=1e-5)
    assert_allclose(share_nearer(depth, True), share_nearer(3 - depth, True), rtol=1e-5)


def test_a_thin_bar_in_front_that_got_the_depth_behind_is_noticed():
    depth = np.full(SHAPE, 5.0)
    depth[:, 38:42] = 1.0
    stack = model_stack(LENS, depth, texture(SHAPE, seed=1), (0.9, 6.0), kernel="disc")
    behind = np.full(SHAPE, LENS.to_blur_coordinate(5.0), np.float32)
    found = focus_evidence(load_stack(stack), LENS, behind, px_per_coordinate(LENS), Noise.white(0.002))
    assert found.sharper[:, 39:41].mean() > found.sharper[:, :20].mean() + 0.3
    assert found.spread[:, 36:44].min() > 3 * np.median(found.spread[:, :20])
    assert found.texture.shape == SHAPE
    assert 0 <= found.texture.min() <= found.texture.max() <= 1


def test_a_plain_patch_has_texture_farther_around():
    image = texture(SHAPE, seed=1)
    image[:, :, 40:60] = 0.5
    stack = model_stack(LENS, np.full(SHAPE, 2.0), image, (0.9, 6.0), kernel="disc")
    here = np.full(SHAPE, LENS.to_blur_coordinate(2.0), np.float32)
    found = focus_evidence(load_stack(stack), LENS, here, px_per_coordinate(LENS), Noise.white(0.002))
    assert found.texture[20:-20, 49:51].max() < 0.01
    assert found.farther_texture[20:-20, 49:51].min() > 0.05


def test_shares_of_nearer_pixels_of_a_step():
    depth = np.zeros((30, 40), np.float32)
    depth[:, 20:] = 2
    shares = share_nearer(depth, False)
    assert not shares[:, 20:].any()
    assert not shares[:, :11].any()
    assert_allclose(shares[15, 19], 9 / 19, rtol=1e-6)
    assert_allclose(shares[0, 11], 1 / 19, rtol=1e-6)
    assert_allclose(share_nearer(depth, True)[15, 20], 4.5 / 19, rtol=1e-6)
    assert not share_nearer(depth / 4, False).any()


def test_uncalibrated_planes_are_in_steps():
    free = UncalibratedFocus(planes=6, blur_per_plane=1.0)
    stack = model_stack(free, np.full(SHAPE, 2.0), texture(SHAPE, seed=4), (-1, 6), kernel="disc")
    coordinates = np.asarray(free.to_blur_coordinate(np.full(SHAPE, 2.0)), np.float32)
    found = focus_evidence(load_stack(stack), free, coordinates, px_per_coordinate(free), Noise.white(0.002))
    assert found.sharper.max() < 0
