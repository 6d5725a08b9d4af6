"""Noise that neighbouring pixels share is told from texture, and counts where planes are blurred first."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from stacks import model_stack, ramp, texture

from napari_defocus import ThinLens
from napari_defocus.solver.correlated_noise import (
    COARSE,
    correlated_noise,
    laplacian_deviation,
    shared_levels,
)
from napari_defocus.solver.focus_cost import focus_costs
from napari_defocus.solver.focus_start import noise_of
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.2, 1.5, 2.0, 3.0, 5.0], min_blur=0.5)
SHAPE = (120, 150)
STRENGTH = 0.01


@pytest.fixture(scope="module")
def sharp():
    return 0.1 + 0.8 * model_stack(LENS, ramp((1.0, 5.0), SHAPE), texture(SHAPE), (0.9, 6.0))


def grain(shape, shared=0.8):
    """Noise of which neighbours share as much as after a Gaussian of `shared` px; white for 0."""
    white = np.random.default_rng(1).standard_normal(shape)
    noise = gaussian_filter(white, (0, shared, shared)) if shared else white
    return STRENGTH * noise / noise.std()


def as_white(noise, sigma):
    """Standard deviation of the white noise that a Gaussian leaves as much of."""
    smooth = gaussian_filter(noise, (0, sigma, sigma)) if sigma else noise
    return np.diff(smooth, 2, axis=2).std() / laplacian_deviation(sigma)


def noise_in(stack):
    return noise_of(load_stack(stack, 1.0))


@pytest.mark.parametrize("shared", [0.6, 0.8, 1.0])
def test_noise_that_neighbours_share_is_found_in_texture(sharp, shared):
    noise = grain(sharp.shape, shared)
    found = noise_in(sharp + noise)
    assert found.coarse == pytest.approx(as_white(noise, COARSE), rel=0.15)
    assert found.coarse > 1.7 * found.level


def test_white_noise_is_no_coarser(sharp):
    found = noise_in(sharp + grain(sharp.shape, 0))
    assert found.coarse == found.level == pytest.approx(STRENGTH, rel=0.1)


def test_texture_is_no_noise(sharp):
    found = noise_in(sharp)
    assert max(found.level, found.coarse) < 0.1 * STRENGTH


def test_the_order_of_the_planes_does_not_count(sharp):
    stack = sharp + grain(sharp.shape)
    ordered, mixed = (
        correlated_noise(load_stack(planes, 1.0)) for planes in (stack, stack[[3, 0, 5, 2, 4, 1]])
    )
    assert np.median(mixed, axis=1) == pytest.approx(np.median(ordered, axis=1), rel=0.02)


def test_clipped_parts_do_not_count(sharp):
    stack = sharp + grain(sharp.shape)
    whole = noise_in(stack)
    stack[:, :, :90] = 1.0
    left = noise_in(stack)
    assert left.coarse == pytest.approx(whole.coarse, rel=0.1)
    assert left.finest == pytest.approx(whole.finest, rel=0.15)


def test_an_even_plane_does_not_hide_the_noise_of_the_others(sharp):
    stack = sharp + grain(sharp.shape)
    whole = noise_in(stack).coarse
    stack[2] = 0.0
    assert noise_in(stack).coarse == pytest.approx(whole, rel=0.15)


def test_few_planes_tell_nothing(sharp):
    found = noise_in((sharp + grain(sharp.shape))[:4])
    assert found.coarse == found.level


def test_small_images_and_even_ones_tell_nothing():
    small = load_stack(np.random.default_rng(0).random((6, 20, 90)), 1.0)
    assert shared_levels(correlated_noise(small)) == (0, 0)
    even = np.full((6, 60, 60), 0.5)
    even[0] = 0.6
    assert shared_levels(correlated_noise(load_stack(even, 1.0))) == (0, 0)


def test_plain_ground_with_such_noise_has_no_preference(sharp):
    """By the noise of single pixels alone, it had."""
    stack = sharp + grain(sharp.shape)
    stack[:, :, :60] = 0.5 + grain(stack[:, :, :60].shape)
    observations = load_stack(stack, 1.0)
    noise = noise_of(observations)
    spread = np.ptp(focus_costs(observations, noise, None), axis=0)
    assert spread[:, 10:45].mean() < 0.2 < 0.6 < spread[:, 75:].mean()
    single = np.ptp(focus_costs(observations, Noise.white(noise.level), None), axis=0)
    assert single[:, 10:45].mean() > 2 * spread[:, 10:45].mean()
