"""Local regression of the depth: against a fit by numpy, on slopes, edges and noise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from napari_defocus import InputError, SolverSettings
from napari_defocus.solver.bilateral import BIWEIGHT, bilateral
from napari_defocus.solver.regression import (
    NARROW,
    NARROWEST,
    PASSES,
    QUIET,
    REACH,
    SCATTER,
    WIDE,
    local_planes,
    regression,
)
from napari_defocus.solver.regression_kernels import ROUND

SPREAD = 0.1


def slope(shape=(40, 50)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (0.03 * x - 0.02 * y + 1).astype(np.float32)


def noise(shape, size, seed=0):
    return np.random.default_rng(seed).normal(0, size, shape).astype(np.float32)


def fitted(values, row, column, window):
    """What one pixel gets, by weighted least squares, pass by pass."""
    radius, stride, deviation = window
    rows, columns = (np.arange(at - radius, at + radius + 1, stride) for at in (row, column))
    y, x = np.meshgrid(rows[(rows >= 0) & (rows < values.shape[0])], columns, indexing="ij")
    inside = (x >= 0) & (x < values.shape[1])
    y, x = y[inside], x[inside]
    z, dy, dx = values[y, x].astype(float), y - row, x - column
    plane, width = np.array([values[row, column], 0.0, 0.0]), SPREAD
    for _ in range(PASSES):
        apart = z - plane[0] - plane[1] * dx - plane[2] * dy
        weight = np.exp(-0.5 * (dx**2 + dy**2) / deviation**2)
        weight *= np.maximum(1 - apart**2 / (BIWEIGHT * width**2), 0) ** 2
        middle = [np.average(value, weights=weight) for value in (z, dx, dy)]
        centred = np.stack([dx - middle[1], dy - middle[2]])
        spread = np.cov(centred, aweights=weight, ddof=0)
        rise = np.average(centred * (z - middle[0]), axis=1, weights=weight)
        slopes = np.linalg.solve(spread + ROUND * np.eye(2), rise)
        plane = np.array([middle[0] - slopes @ middle[1:], *slopes])
        variance = np.average((z - middle[0]) ** 2, weights=weight) - slopes @ rise
        width = np.clip(SCATTER * np.sqrt(variance), NARROWEST * SPREAD, SPREAD)
    noisy = variance / (variance + (QUIET * SPREAD) ** 2)
    return values[row, column] + noisy * (plane[0] - values[row, column])


@pytest.mark.parametrize("window", [NARROW, WIDE])
@pytest.mark.parametrize("place", [(20, 25), (0, 0), (39, 3), (12, 49)])
def test_each_pixel_is_a_weighted_least_squares_fit(place, window):
    values = slope() + noise((40, 50), 0.05)
    values[:, 30:] += 1
    expected = fitted(values, *place, window)
    assert_allclose(regression(values, SPREAD, window=window)[place], expected, atol=2e-5)


def blobs(shape, size):
    """Noise that is alike over some pixels, as that of a depth is that was smoothed."""
    rough = gaussian_filter(noise(shape, 1.0), 4)
    return np.asarray(size * rough / rough.std(), np.float32)


def test_a_plane_is_fitted_to_more_where_the_peaks_are_noisy():
    true = slope((90, 120))
    depth = true + blobs(true.shape, 0.03)
    noisy = local_planes(depth, SPREAD, true + noise(true.shape, 0.3))
    quiet = local_planes(depth, SPREAD, true + noise(true.shape, 0.01))
    narrow = local_planes(depth, SPREAD)
    assert_array_equal(narrow, regression(depth, SPREAD))
    error = [np.std((found - true)[10:-10, 10:-10]) for found in (narrow, quiet, noisy)]
    assert error[2] < 0.7 * error[0]
    assert error[1] > 0.9 * error[0]


@pytest.mark.parametrize("peaks_off", [0.0, 0.5])
def test_a_bent_surface_stays_bent_where_the_noise_does_not_explain_it(peaks_off):
    """However far off the peaks are, as long as they are so all around."""
    y, x = np.mgrid[:90, :120]
    bent = (1 + 0.08 * np.sin(x / 9) * np.cos(y / 9)).astype(np.float32)
    found = local_planes(bent, SPREAD, bent + np.float32(peaks_off) + noise(bent.shape, 0.05))
    narrow = regression(bent, SPREAD)
    assert np.std(found - narrow) < 0.15 * np.std(regression(narrow, SPREAD, window=WIDE) - narrow)


def test_a_pixel_is_not_changed_by_what_is_beyond_the_reach():
    depth = slope((2 * REACH + 40, 60)) + noise((2 * REACH + 40, 60), 0.05)
    peaks = depth + noise(depth.shape, 0.2, seed=1)
    other, other_peaks = depth.copy(), peaks.copy()
    other[:20], other_peaks[:20] = 7, 3
    found, again = local_planes(depth, SPREAD, peaks), local_planes(other, SPREAD, other_peaks)
    assert_array_equal(found[20 + REACH :], again[20 + REACH :])
    assert (found[20 : 20 + NARROW.radius] != again[20 : 20 + NARROW.radius]).any()


def test_a_plane_stays_as_it_is_up_to_the_frame():
    assert_allclose(regression(slope(), SPREAD), slope(), atol=3e-3)
    assert_allclose(regression(np.full((30, 30), 2, np.float32), SPREAD), 2, atol=1e-6)


def test_a_smooth_bend_without_noise_stays():
    y, x = np.mgrid[:40, :50]
    bent = (1 + 0.0002 * ((x - 25) ** 2 + (y - 20) ** 2)).astype(np.float32)
    bend = np.abs(bilateral(bent, SPREAD) - bent)[10:-10, 10:-10].max()
    assert np.abs(regression(bent, SPREAD) - bent).max() < 0.3 * bend


def test_noise_on_a_slope_is_taken_out_better_than_by_a_bilateral_filter():
    true = slope() * 3
    values = true + noise(true.shape, 0.05)
    error = [
        np.std(found - true) for found in (values, bilateral(values, SPREAD), regression(values, SPREAD))
    ]
    assert error[2] < 0.4 * error[0]
    assert error[2] < 0.6 * error[1]


def test_an_edge_between_two_surfaces_stays():
    true = np.where(np.arange(50) < 25, slope(), 4 - slope()).astype(np.float32)
    found = regression(true + noise(true.shape, 0.02), SPREAD)
    assert np.abs(found - true).max() < 0.08


@pytest.mark.parametrize("unit", [1e-3, 1e-6, 1e3])
def test_the_unit_of_the_values_changes_nothing(unit):
    values = slope() + noise((40, 50), 0.05)
    peaks = values + noise((40, 50), 0.2, seed=1)
    there = local_planes((values * unit).astype(np.float32), SPREAD * unit, (peaks * unit).astype(np.float32))
    assert_allclose(there / unit, local_planes(values, SPREAD, peaks), atol=1e-5)


def test_threads_change_nothing():
    values = slope() + noise((40, 50), 0.05)
    assert_array_equal(regression(values, SPREAD, threads=1), regression(values, SPREAD, threads=3))


def test_a_negative_width_is_refused():
    with pytest.raises(InputError, match="regression"):
        SolverSettings(regression=-0.1)
