"""Faint stacks are solved as well as those that use their range."""

import numpy as np
import pytest
from block_scene import LENS, RANGE, bumps
from numpy.testing import assert_allclose

from napari_defocus import SolverSettings, solve
from napari_defocus.solver.contrast import gain_for, image_with_contrast, value_counts, with_contrast
from napari_defocus.solver.observations import load_stack

SETTINGS = SolverSettings(depth_range=RANGE, epochs=1)
FULL = 65535


@pytest.fixture(scope="module")
def sharp():
    return bumps(noise=0.005, shape=(90, 110))


def counts_of(sharp, low, high):
    return np.rint(FULL * (low + (high - low) * sharp)).astype(np.uint16)


@pytest.mark.parametrize(("low", "high"), [(0.0, 0.01), (0.49, 0.5)])
def test_depth_of_a_faint_stack_is_that_of_a_bright_one(sharp, low, high):
    bright = solve(counts_of(sharp, 0, 1), LENS, SETTINGS)
    faint = solve(counts_of(sharp, low, high), LENS, SETTINGS)
    left = solve(counts_of(sharp, low, high), LENS, SETTINGS.replace(least_contrast=0))

    def off(result):
        return np.abs(1 / result.depth - 1 / bright.depth).mean()

    assert off(faint) < 0.5 * off(left)
    away = (faint.all_in_focus - low) / (high - low) - bright.all_in_focus
    assert np.sqrt((away**2).mean()) < 0.01


def test_block_by_block_it_is_the_same(sharp):
    images = counts_of(sharp, 0, 0.01)
    whole, blocks = solve(images, LENS, SETTINGS), solve(images, LENS, SETTINGS, block=60)
    assert (np.abs(np.asarray(blocks.depth) - whole.depth) < 0.01).mean() > 0.95
    assert_allclose(np.asarray(blocks.all_in_focus).mean(), whole.all_in_focus.mean(), rtol=1e-3)


def test_white_stays_where_it_was(sharp):
    """Lamps in a faint stack are beyond what it is brought to, but not cut off."""
    images = counts_of(sharp, 0, 0.01)
    images[:, 40:42, 50:52] = FULL
    loaded = with_contrast(load_stack(images), 0.3)
    assert loaded.white > 10
    assert_allclose(loaded.plane(0).max(), loaded.white)
    assert loaded.clipped(0).sum() == 4 + (images[0] == 0).sum() - (images[0, 40:42, 50:52] == 0).sum()
    assert_allclose(loaded.to_image(loaded.plane(0)), images[0] / FULL, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_gain_brings_the_contrast_to_what_is_wanted(sharp, dtype):
    most = 1 if dtype is np.float32 else np.iinfo(dtype).max
    images = (most * (0.5 + 0.1 * sharp)).astype(dtype)
    loaded = with_contrast(load_stack(images, most), 0.3)
    low, high = np.quantile(np.stack([loaded.plane(index) for index in range(6)]), [0.001, 0.999])
    assert high - low == pytest.approx(0.3, rel=0.06)


def test_stacks_with_contrast_are_left_as_they_are(sharp):
    loaded = load_stack(counts_of(sharp, 0, 1))
    assert with_contrast(loaded, 0.3).scale == loaded.scale
    assert with_contrast(loaded, 0) is loaded


@pytest.mark.parametrize(("values", "gain"), [([0], 1.0), ([7], 1.0), ([0] * 5000 + [FULL], 1.0)])
def test_even_stacks_and_single_spots(values, gain):
    counts = value_counts(load_stack(np.resize(np.array(values, np.uint16), (2, 60, 60))))
    assert gain_for(counts, 0.3) == gain


def test_images_are_brought_to_contrast_as_stacks_are():
    image = np.linspace(0, 0.01, 4000, dtype=np.float32).reshape(40, 100)
    assert np.ptp(image_with_contrast(image, 0.3)) == pytest.approx(0.3, rel=0.02)
    assert_allclose(image_with_contrast(30 * image, 0.2), 30 * image)
