"""The bilateral filter of the depth."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus import CancelledError
from napari_defocus.solver.bilateral import BIWEIGHT, DEVIATION, RADIUS, bilateral


def plain_filter(values, spread):
    """The same pixel by pixel."""
    out = np.empty_like(values)
    for y, x in np.ndindex(values.shape):
        rows = np.arange(max(y - RADIUS, 0), min(y + RADIUS + 1, values.shape[0]))
        columns = np.arange(max(x - RADIUS, 0), min(x + RADIUS + 1, values.shape[1]))
        window = values[np.ix_(rows, columns)]
        near = np.exp(-0.5 * ((rows[:, None] - y) ** 2 + (columns - x) ** 2) / DEVIATION**2)
        alike = np.maximum(1 - (window - values[y, x]) ** 2 / (BIWEIGHT * spread**2), 0) ** 2
        out[y, x] = (near * alike * window).sum() / (near * alike).sum()
    return out


def test_it_is_that_of_a_plain_loop():
    values = np.random.default_rng(0).normal(0, 0.2, (23, 31)).astype(np.float32)
    assert_allclose(bilateral(values, 0.15), plain_filter(values.astype(np.float64), 0.15), atol=1e-5)


def test_noise_goes_and_a_step_stays():
    truth = np.where(np.arange(80) < 37, 1.0, 3.0) * np.ones((50, 1))
    noisy = (truth + np.random.default_rng(1).normal(0, 0.05, truth.shape)).astype(np.float32)
    found = bilateral(noisy, 0.12, threads=1)
    assert np.abs(found - truth).mean() < 0.2 * np.abs(noisy - truth).mean()
    assert np.abs(found - truth).max() < 0.1
    assert_allclose(bilateral(truth.astype(np.float32), 0.12), truth, atol=1e-6)


def test_it_can_be_stopped():
    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        bilateral(np.zeros((40, 40), np.float32), 0.1, progress=stop)
