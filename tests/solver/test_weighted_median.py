"""The weighted median of the depth."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_defocus import CancelledError, InputError, SolverSettings
from napari_defocus.solver.weighted_median import (
    DEVIATION,
    LEVELS,
    MAJORITY,
    RADIUS,
    TOLERANCE,
    weighted_median,
)

ALIKE = 0.035
SPAN = 0.0, 1.0


def plain_median(levels, image, alike):
    """Levels after the vote, pixel by pixel, and by how much each vote was won."""
    out, clear = levels.copy(), np.ones(levels.shape)
    for y, x in np.ndindex(levels.shape):
        rows = np.arange(max(y - RADIUS, 0), min(y + RADIUS + 1, levels.shape[0]))
        columns = np.arange(max(x - RADIUS, 0), min(x + RADIUS + 1, levels.shape[1]))
        window = np.ix_(rows, columns)
        near = np.exp(-0.5 * ((rows[:, None] - y) ** 2 + (columns - x) ** 2) / DEVIATION**2)
        apart = ((image[:, rows[:, None], columns] - image[:, y, x, None, None]) ** 2).mean(axis=0)
        weights = near * np.exp(-apart / (2 * alike**2))
        votes = np.bincount(levels[window].ravel(), weights.ravel(), LEVELS)
        share = votes.cumsum() / votes.sum()
        median = int(np.argmax(share >= 0.5))
        steps = np.arange(LEVELS)
        new, old = (votes[np.abs(steps - level) <= TOLERANCE].sum() for level in (median, levels[y, x]))
        clear[y, x] = min(np.abs(share - 0.5).min(), abs(new / (MAJORITY * old) - 1))
        if abs(median - levels[y, x]) > TOLERANCE and new > MAJORITY * old:
            out[y, x] = median
    return out, clear


@pytest.mark.parametrize("channels", [1, 3])
def test_it_is_that_of_a_plain_loop(channels):
    rng = np.random.default_rng(0)
    levels = np.where(rng.random((26, 33)) < 0.7, 12, rng.integers(0, LEVELS, (26, 33)))
    image = rng.normal(0.5, 0.03, (channels, 26, 33)).astype(np.float32)
    image[:, :, 15:] += 0.3
    levels[:, 15:] += (levels[:, 15:] == 12) * 30
    coordinates = (levels / (LEVELS - 1)).astype(np.float32)
    found = np.rint(weighted_median(coordinates, image, SPAN, ALIKE) * (LEVELS - 1)).astype(int)
    expected, clear = plain_median(levels, image.astype(np.float64), ALIKE)
    sure = clear > 1e-4
    assert sure.mean() > 0.99
    assert (expected != levels).sum() > 50
    assert_array_equal(found[sure], expected[sure])


def bar(texture=0.0, contrast=0.4):
    """Image of a bar of 6 px, depth that is too wide by 2 px on each side, and the true one."""
    columns = np.arange(60)
    image = np.where(abs(columns - 30) <= 3, 0.5 + contrast, 0.5) * np.ones((40, 1))
    image = image + np.random.default_rng(1).normal(0, texture, image.shape)
    wide, true = (np.where(abs(columns - 30) <= half, 0.9, 0.2) * np.ones((40, 1)) for half in (5, 3))
    return image[None].astype(np.float32), wide.astype(np.float32), true.astype(np.float32)


def test_a_bar_that_is_too_wide_shrinks_to_its_edges_in_the_image():
    image, wide, true = bar(texture=0.01)
    found = weighted_median(wide, image, SPAN, ALIKE)
    assert (np.abs(found - true) < 0.02).mean() > 0.99 > (np.abs(wide - true) < 0.02).mean()


def test_what_is_one_surface_stays_exactly():
    image, _, _ = bar(texture=0.05)
    slope = np.linspace(0.2, 0.2 + TOLERANCE / LEVELS, 60, dtype=np.float32) * np.ones((40, 1), np.float32)
    assert_array_equal(weighted_median(slope, image, SPAN, ALIKE), slope)


def test_the_order_of_the_range_and_of_the_depths_does_not_matter():
    image, wide, _ = bar(texture=0.01)
    found = weighted_median(wide, image, SPAN, ALIKE)
    assert_array_equal(weighted_median(wide, image, SPAN[::-1], ALIKE), found)
    np.testing.assert_allclose(1 - weighted_median(1 - wide, image, SPAN, ALIKE), found, atol=1e-2)


def test_it_can_be_stopped():
    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        weighted_median(np.zeros((40, 40), np.float32), np.zeros((1, 40, 40), np.float32), SPAN, 0.1, 1, stop)


def test_a_negative_difference_is_refused():
    with pytest.raises(InputError, match="weighted_median"):
        SolverSettings(weighted_median=-0.1)
