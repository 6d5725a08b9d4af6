"""The motion of many windows."""

import numpy as np
import pytest

from napari_defocus.alignment import matching
from napari_defocus.alignment.matching import fit, values_of

RADIUS = 100.0
VALUES = np.array([1.2, -0.7, 2.5, -4.5])
"""Growth and rotation as the way of a corner, shift x and shift y, px."""


def windows(noise):
    """Centres of windows, their shifts by that motion with a tenth far off, and weights."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-60, 60, (400, 2))
    x, y = points.T / RADIUS
    growth, turn, shift_x, shift_y = VALUES
    flow = np.stack([growth * x - turn * y + shift_x, growth * y + turn * x + shift_y], 1)
    flow += rng.normal(0, noise, flow.shape)
    flow[::10] += rng.uniform(-20, 20, (40, 2))
    return points, flow, rng.uniform(0.2, 1, 400)


def test_windows_that_are_far_off_do_not_count():
    found = fit(*windows(noise=0.02), RADIUS, "similarity")
    np.testing.assert_allclose(values_of(found.motion, RADIUS), VALUES, atol=0.01)


def test_a_solver_that_changes_the_jacobian_finds_the_same(monkeypatch):
    """As SciPy before 1.16 does."""
    expected = fit(*windows(noise=0.02), RADIUS, "similarity")
    solve = matching.least_squares

    def spoiling(residuals, values, jacobian, **options):
        def spoilt(values):
            found = jacobian(values)
            kept = found.copy()
            found *= 0.5
            return kept

        return solve(residuals, values, spoilt, **options)

    monkeypatch.setattr(matching, "least_squares", spoiling)
    found = fit(*windows(noise=0.02), RADIUS, "similarity")
    np.testing.assert_array_equal(values_of(found.motion, RADIUS), values_of(expected.motion, RADIUS))
    assert found.covariance == pytest.approx(expected.covariance)
