"""Local regression of the depth: against a fit by numpy, on slopes, edges and noise."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import InputError, SolverSettings
from napari_defocus.solver.bilateral import BIWEIGHT, DEVIATION, bilateral
from napari_defocus.solver.regression import (
    NARROWEST,
    PASSES,
    QUIET,
    RADIUS,
    SCATTER,
    STRIDE,
    regression,
)
from napari_defocus.solver.regression_kernels import ROUND

SPREAD = 0.1


def slope(shape=(40, 50)):
    y, x = np.mgrid[: shape[0], : shape[1]]
    return (0.03 * x - 0.02 * y + 1).astype(np.float32)


def noise(shape, size, seed=0):
    return np.random.default_rng(seed).normal(0, size, shape).astype(np.float32)


def fitted(values, row, column):
    """What one pixel gets, by weighted least squares, pass by pass."""
    rows, columns = (np.arange(at - RADIUS, at + RADIUS + 1, STRIDE) for at in (row, column))
    y, x = np.meshgrid(rows[(rows >= 0) & (rows < values.shape[0])], columns, indexing="ij")
    inside = (x >= 0) & (x < values.shape[1])
    y, x = y[inside], x[inside]
    z, dy, dx = values[y, x].astype(float), y - row, x - column
    plane, width = np.array([values[row, column], 0.0, 0.0]), SPREAD
    for _ in range(PASSES):
        apart = z - plane[0] - plane[1] * dx - plane[2] * dy
        weight = np.exp(-0.5 * (dx**2 + dy**2) / DEVIATION**2)
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


@pytest.mark.parametrize("place", [(20, 25), (0, 0), (39, 3), (12, 49)])
def test_each_pixel_is_a_weighted_least_squares_fit(place):
    values = slope() + noise((40, 50), 0.05)
    values[:, 30:] += 1
    assert_allclose(regression(values, SPREAD)[place], fitted(values, *place), atol=2e-5)


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


def test_threads_change_nothing():
    values = slope() + noise((40, 50), 0.05)
    assert_array_equal(regression(values, SPREAD, threads=1), regression(values, SPREAD, threads=3))


def test_a_negative_width_is_refused():
    with pytest.raises(InputError, match="regression"):
        SolverSettings(regression=-0.1)
