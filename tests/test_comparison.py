import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import InputError, compare_depths
from napari_defocus.metrics import depth_metrics

TRUTH = np.array([[1.0, 2.0], [4.0, 8.0]])
GUESS = np.array([[1.1, 2.0], [5.0, 4.0]])  # errors 0.1, 0, 1, -4


def test_hand_computed():
    found = compare_depths(GUESS, TRUTH, unit="m", truth=True)
    assert_allclose(found.error, [[0.1, 0], [1, -4]], atol=1e-6)
    assert found.error.dtype == np.float32
    assert found.unit == "m"
    assert found.metrics == pytest.approx(
        depth_metrics(GUESS, TRUTH)
        | {"bias": -2.9 / 4, "mae": 5.1 / 4, "median_abs": 0.55, "p95_abs": 3.55, "pixels": 4}
    )


def test_whole_numbers_do_not_wrap():
    found = compare_depths(np.full((2, 2), 3, np.uint8), np.full((2, 2), 5, np.uint8))
    assert_array_equal(found.error, -2)


def test_two_results_are_compared_where_both_are_known():
    first, second = GUESS.copy(), TRUTH.copy()
    first[0, 0], second[1, 1] = np.nan, np.inf
    found = compare_depths(first, second)
    assert found.metrics["pixels"] == 2
    assert_array_equal(np.isfinite(found.error), [[False, True], [True, False]])
    assert found.metrics["rmse"] == pytest.approx(np.sqrt(0.5))


def test_an_unknown_depth_is_no_gain_against_the_truth():
    guess = np.where(TRUTH == 8, np.nan, GUESS)
    found = compare_depths(guess, TRUTH, truth=True)
    assert np.isnan(found.metrics["rmse"])
    assert found.metrics["pixels"] == 4
    assert found.metrics["delta3"] == 0.75


def test_heights_below_zero_have_no_relative_errors():
    assert "abs_rel" not in compare_depths(GUESS - 3, TRUTH - 3).metrics


def test_mask():
    found = compare_depths(GUESS, TRUTH, mask=TRUTH < 8)
    assert found.metrics["pixels"] == 3
    assert np.isnan(found.error[1, 1])


def test_histogram_holds_every_pixel_and_is_centred():
    rng = np.random.default_rng(0)
    errors = rng.normal(0, 1, (100, 100))
    errors[0, :5] = 50, -60, np.nan, np.nan, np.nan
    found = compare_depths(errors, np.zeros_like(errors))
    counts, edges = found.histogram()
    assert counts.sum() == found.metrics["pixels"] == 9997
    assert found.limit == pytest.approx(2.6, abs=0.15)  # 99 % of a normal distribution
    assert_allclose(edges, -edges[::-1])
    assert abs(int(counts.argmax()) - 50) < 12
    assert counts[0] > 30


@pytest.mark.parametrize("error", [0.0, 3.0])
def test_equal_and_nearly_equal_maps_have_limits(error):
    second = np.ones((20, 20))
    first = second.copy()
    first[0, 0] += error
    found = compare_depths(first, second)
    assert found.limit > 0
    assert found.histogram()[0].sum() == 400


@pytest.mark.parametrize("units", [("um", "µm"), ("um", None), (None, "um"), ("micron", "um")])
def test_same_units(units):
    assert compare_depths(GUESS, TRUTH, unit=units[0], reference_unit=units[1]).unit in ("um", "micron")


@pytest.mark.parametrize(
    ("first", "second", "options", "says"),
    [
        (GUESS, TRUTH, {"unit": "m", "reference_unit": "plane"}, "differ in unit, m and plane; convert"),
        (np.ones((3, 4)), np.ones((4, 3)), {}, "differ in shape, 4 x 3 and 3 x 4 px; crop"),
        (np.ones((3, 4, 3)), np.ones((3, 4)), {}, r"two axes \(Y, X\), but this one has shape \(3, 4, 3\)"),
        (GUESS, np.full((2, 2), np.nan), {}, "No pixel is known in both"),
        (GUESS, TRUTH, {"mask": [[True]]}, "mask has shape"),
    ],
)
def test_refused(first, second, options, says):
    with pytest.raises(InputError, match=says):
        compare_depths(first, second, **options)
