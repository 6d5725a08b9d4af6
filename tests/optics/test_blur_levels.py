from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from napari_defocus.optics import UncalibratedFocus
from napari_defocus.optics.blur_levels import TABLE_STEP, BlurLevels, kernel_variance, place_levels
from napari_defocus.optics.gaussian import discrete_gaussian, truncated_gaussian

OPTICS = UncalibratedFocus(planes=6, blur_per_plane=1.3, blur_scale=0.7, min_blur=0.3)


@settings(deadline=None)
@given(sigma=st.floats(0.0, 12.0))
def test_discrete_gaussian_has_its_variance(sigma):
    kernel = discrete_gaussian(sigma)
    assert_allclose(kernel.sum(), 1.0)
    assert_allclose(kernel, kernel[::-1])
    assert_allclose(kernel_variance(kernel), sigma**2, rtol=4e-3, atol=5e-4)


def test_discrete_gaussians_compose():
    both = np.convolve(discrete_gaussian(0.6), discrete_gaussian(0.8))
    once = discrete_gaussian(1.0)
    margin = (len(both) - len(once)) // 2
    assert_allclose(both[margin : margin + len(once)], once, atol=3e-4)


def test_truncated_gaussian_is_a_sampled_one_within_its_window():
    kernel = truncated_gaussian(2.0, 11)
    offsets = np.arange(-5, 6)
    assert_allclose(kernel, np.exp(-(offsets**2) / 8.0) / np.exp(-(offsets**2) / 8.0).sum())
    assert_allclose(truncated_gaussian(0.0, 5), [0, 0, 1, 0, 0])
    assert_allclose(truncated_gaussian(1e4, 5), np.full(5, 0.2), rtol=1e-6)


@pytest.mark.parametrize("kernel_size", [None, 11])
@pytest.mark.parametrize("tolerance", [0.003, 0.0005])
def test_mixtures_of_levels_stay_within_the_tolerance(kernel_size, tolerance):
    sigmas = place_levels(0.3, 6.0, kernel_size, tolerance)
    make = discrete_gaussian if kernel_size is None else lambda s: truncated_gaussian(s, kernel_size)
    frequency = np.linspace(0, np.pi, 40)

    def transfer(kernel):
        offsets = np.arange(len(kernel)) - len(kernel) // 2
        return np.cos(np.outer(frequency, offsets)) @ kernel

    for low, high in pairwise(sigmas):
        below, above = make(low), make(high)
        for sigma in np.linspace(low, high, 5)[1:-1]:
            kernel = make(sigma)
            span = kernel_variance(above) - kernel_variance(below)
            weight = (kernel_variance(kernel) - kernel_variance(below)) / span
            mixed = (1 - weight) * transfer(below) + weight * transfer(above)
            assert np.abs(mixed - transfer(kernel)).max() <= 1.2 * tolerance


@pytest.mark.parametrize("kernel_size", [None, 9])
def test_table_gives_the_variance_of_every_radius(kernel_size):
    levels = BlurLevels.for_optics(OPTICS, (-0.5, 5.5), kernel_size=kernel_size)
    radii = np.arange(len(levels.table) - 2) * TABLE_STEP
    make = discrete_gaussian if kernel_size is None else lambda s: truncated_gaussian(s, kernel_size)
    variances = [
        kernel_variance(np.concatenate([half[:0:-1], half]).astype(np.float64)) for half in levels.kernels
    ]
    mixed = np.interp(levels.table[: len(radii)], np.arange(levels.count), variances)
    wanted = [kernel_variance(make(float(OPTICS.sigma_of_radius(radius)))) for radius in radii]
    assert_allclose(mixed, wanted, rtol=8e-3, atol=1e-4)


def test_tighter_tolerance_takes_more_levels():
    assert len(place_levels(0.5, 8, None, 0.001)) > len(place_levels(0.5, 8, None, 0.01))


def test_blur_is_capped():
    levels = BlurLevels.for_optics(OPTICS, (-0.5, 5.5), max_sigma=2.0)
    assert levels.sigmas[-1] == pytest.approx(2.0)
    assert levels.table[-1] == pytest.approx(levels.count - 1, abs=1e-3)


def test_table_ends_where_the_blur_is_capped():
    far = BlurLevels.for_optics(OPTICS, (-1e6, 5.5), max_sigma=2.0)
    assert len(far.table) < 1000
    assert far.table[-1] == pytest.approx(far.count - 1, abs=1e-3)


def test_blur_in_focus_is_capped_too():
    soft = OPTICS.replace(in_focus_blur=900.0)
    assert BlurLevels.for_optics(soft, (-0.5, 5.5), max_sigma=3.0).halo < 20


def test_no_blur_at_all_still_makes_two_levels():
    sharp = UncalibratedFocus(planes=2, blur_per_plane=1e-9)
    assert BlurLevels.for_optics(sharp, (0, 1)).count == 2
