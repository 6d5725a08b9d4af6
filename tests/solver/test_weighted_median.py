"""The weighted median of the depth."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from napari_defocus import CancelledError, InputError, SolverSettings, ThinLens, UncalibratedFocus
from napari_defocus.solver.weighted_median import (
    DEVIATION,
    LEVELS,
    MAJORITY,
    POWERS,
    RADIUS,
    TO_NEAR,
    TOLERANCE,
    majorities_of,
    median_of_run,
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
        own = levels[y, x]
        surfaces = [np.abs(levels[window] - level) <= TOLERANCE for level in (median, own)]
        (new, old), (room, own_room) = ([w[s].sum() for s in surfaces] for w in (weights, near))
        likelier = new / room / max((old - 1) / max(own_room - 1, 1e-3), 1e-3)
        found = new / old * likelier ** POWERS[0] * (weights.sum() / near.sum()) ** POWERS[1]
        needed = TO_NEAR if median > own else MAJORITY
        clear[y, x] = min(np.abs(share - 0.5).min(), abs(found / needed - 1))
        if abs(median - own) > TOLERANCE and found > needed:
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


def test_where_nothing_looks_alike_no_thin_thing_is_voted_away():
    image, _, true = bar(texture=0.25, contrast=0.0)
    assert (weighted_median(true, image, SPAN, ALIKE) != true).mean() < 0.02


def test_a_nearer_depth_needs_more_support():
    image, wide, _ = bar(texture=0.01)
    gap = 1.1 - wide  # behind what is around it, and too wide
    supports = (MAJORITY, MAJORITY), (MAJORITY, 20.0)
    changed = [(weighted_median(gap, image, SPAN, ALIKE, majorities=s) != gap).mean() for s in supports]
    assert changed[0] > 0.05
    assert changed[1] == 0


def test_planes_counted_from_either_end_are_treated_alike():
    assert majorities_of(UncalibratedFocus(planes=4)) == (MAJORITY, MAJORITY)
    assert majorities_of(ThinLens.from_camera(50, 2, 20, [1.0, 2.0])) == (MAJORITY, TO_NEAR)


def test_depth_that_the_rays_have_borne_out_is_harder_to_vote_away():
    image, wide, _ = bar(texture=0.03)
    lens, settings = ThinLens.from_camera(50, 2, 20, [1.0, 2.0]), SolverSettings(depth_range=(1.0, 2.0))
    coordinates = 0.5 + 0.5 * wide

    def changed(firmness):
        found = median_of_run(coordinates, image, lens, settings, firmness=firmness)
        return (found != coordinates).sum()

    assert 0 < changed(2.0) < 0.8 * changed(1.0)


def test_what_is_one_surface_stays_exactly():
    image, _, _ = bar(texture=0.05)
    slope = np.linspace(0.2, 0.2 + TOLERANCE / LEVELS, 60, dtype=np.float32) * np.ones((40, 1), np.float32)
    assert_array_equal(weighted_median(slope, image, SPAN, ALIKE), slope)


def test_the_order_of_the_range_and_of_the_depths_does_not_matter():
    image, wide, _ = bar(texture=0.01)
    found = weighted_median(wide, image, SPAN, ALIKE)
    assert_array_equal(weighted_median(wide, image, SPAN[::-1], ALIKE), found)
    found = weighted_median(wide, image, SPAN, ALIKE, majorities=(MAJORITY, MAJORITY))
    turned = 1 - weighted_median(1 - wide, image, SPAN, ALIKE, majorities=(MAJORITY, MAJORITY))
    np.testing.assert_allclose(turned, found, atol=1e-2)


def test_it_can_be_stopped():
    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        weighted_median(
            np.zeros((40, 40), np.float32), np.zeros((1, 40, 40), np.float32), SPAN, 0.1, progress=stop
        )


def test_a_negative_difference_is_refused():
    with pytest.raises(InputError, match="weighted_median"):
        SolverSettings(weighted_median=-0.1)
