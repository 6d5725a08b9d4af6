"""Noise is told from the stack, whatever its texture."""

import numpy as np
import pytest
from stacks import model_stack, ramp, texture

from napari_defocus import ThinLens
from napari_defocus.solver import focus_start
from napari_defocus.solver.focus_cost import focus_measures
from napari_defocus.solver.focus_start import noise_of, samples
from napari_defocus.solver.noise import (
    COUNTED,
    LEAST_NOISE,
    ROUNDING,
    Noise,
    noise_level,
    noise_response,
    plane_noise,
)
from napari_defocus.solver.observations import load_stack

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0], min_blur=0.5)
SHAPE = (120, 150)


@pytest.fixture(scope="module")
def sharp():
    return 0.1 + 0.8 * model_stack(LENS, ramp((1.0, 5.0), SHAPE), texture(SHAPE), (0.9, 6.0))


def noisy(stack, noise):
    return stack + noise * np.random.default_rng(1).standard_normal(stack.shape)


@pytest.mark.parametrize("noise", [0.005, 0.01, 0.03])
def test_noise_of_a_textured_stack(sharp, noise):
    assert noise_of(load_stack(noisy(sharp, noise), 1.0)).level == pytest.approx(noise, rel=0.15)


@pytest.mark.parametrize("noise", [0.001, 0.003, 0.005, 0.02])
def test_noise_of_eight_bits(sharp, noise):
    levels = np.rint(255 * np.clip(noisy(sharp, noise), 0, 1)).astype(np.uint8)
    found = noise_of(load_stack(levels))
    assert found.level == found.finest == pytest.approx(np.hypot(noise, ROUNDING / 255), rel=0.15)


def test_noise_is_that_of_the_luminance(sharp):
    colour = noisy(np.stack([sharp] * 3, axis=-1), 0.02)
    share = np.sqrt(0.2125**2 + 0.7154**2 + 0.0721**2)
    assert noise_of(load_stack(colour, 1.0)).level == pytest.approx(0.02 * share, rel=0.15)


def test_no_noise_is_the_least():
    assert noise_of(load_stack(np.full((3, 40, 50), 0.4), 1.0)) == Noise.white(LEAST_NOISE)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize("dark", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("value", [0.0, 1.0], ids=["black", "white"])
def test_black_and_white_parts_do_not_count(sharp, dtype, dark, value):
    """As of a dark field, or lamps at night."""
    stack = np.clip(noisy(sharp, 0.01), 0, 1)
    stack[:, :, : int(dark * SHAPE[1])] = value
    most = 1 if dtype is np.float32 else np.iinfo(dtype).max
    images = (most * stack if dtype is np.float32 else np.rint(most * stack)).astype(dtype)
    assert noise_of(load_stack(images, most)).finest == pytest.approx(0.01, rel=0.15)


@pytest.mark.parametrize("value", [0.0, 0.5])
def test_an_even_plane_among_others_tells_nothing(sharp, value):
    stack = noisy(sharp, 0.01)
    stack[2] = value
    assert noise_of(load_stack(stack, 1.0)).level == pytest.approx(0.01, rel=0.15)


def test_small_images_have_as_much(sharp):
    stack = noisy(sharp, 0.01)
    assert noise_of(load_stack(stack[:, :30, :30], 1.0)).level == pytest.approx(0.01, rel=0.15)


def test_the_plane_and_the_parts_with_least_texture_decide(sharp):
    busy = np.random.default_rng(2).random(SHAPE)
    stack = noisy(sharp, 0.01)
    stack[0] = busy
    levels = plane_noise(load_stack(stack, 1.0))
    assert levels[0] > 10 * levels[1:].max()
    assert noise_level([levels, levels, np.full(5, 0.5)]) == pytest.approx(levels.min())


def test_samples_cover_a_small_image_and_spread_over_a_large_one(monkeypatch):
    (whole,) = samples((100, 130))
    assert tuple(whole) == (0, 0, 100, 130)
    monkeypatch.setattr(focus_start, "SAMPLE_SIDE", 20)
    tiles = samples((300, 31))
    assert len(tiles) == 4 * 2
    assert {tile.y0 for tile in tiles} == {0, 93, 186, 280}
    assert max(tile.y0 + tile.height for tile in tiles) == 300
    assert max(tile.x0 + tile.width for tile in tiles) >= 30


@pytest.mark.parametrize("sigma", [0.0, 0.7, 1.0, 1.5])
def test_response_to_noise_is_that_of_a_simulation(sigma):
    white = np.random.default_rng(3).standard_normal((2, 700, 700)).astype(np.float32)
    measured = focus_measures(load_stack(white, 1.0), sigma, 3)[0].mean()
    assert noise_response(sigma) == pytest.approx(measured, rel=0.02)


@pytest.mark.parametrize("sigma", [0.0, 0.45, 1.0])
def test_white_noise_is_as_strong_at_each_scale(sigma):
    assert Noise.white(0.02).laplacian(sigma) == pytest.approx(0.02 * noise_response(sigma))


def test_coarse_noise_counts_the_more_the_coarser_the_scale():
    noise = Noise(0.01, 0.03, 0.005)
    excess = [noise.laplacian(sigma) / noise_response(sigma) - 0.01 for sigma in (0.0, 0.5, 1.0, 2.0)]
    assert excess == pytest.approx([0, 0.01 * COUNTED, 0.02 * COUNTED, 0.02 * COUNTED])
