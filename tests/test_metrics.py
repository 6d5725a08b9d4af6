import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from napari_defocus.errors import InputError
from napari_defocus.metrics import (
    abs_rel,
    c1_metrics,
    delta,
    depth_metrics,
    log10_error,
    psnr,
    rmse,
    sparsification,
    sparsification_area,
    ssim,
)

TRUTH = np.array([[1.0, 2.0], [4.0, 8.0]])
GUESS = np.array([[1.1, 2.0], [5.0, 4.0]])  # ratios 1.1, 1, 1.25, 2; errors 0.1, 0, 1, -4


def test_hand_computed_depth():
    assert rmse(GUESS, TRUTH) == pytest.approx(np.sqrt((0.01 + 0 + 1 + 16) / 4))
    assert abs_rel(GUESS, TRUTH) == pytest.approx((0.1 + 0 + 0.25 + 0.5) / 4)
    assert delta(GUESS, TRUTH, 1) == 0.5  # 1.25 itself is a miss
    assert delta(GUESS, TRUTH, 2) == 0.75
    assert delta(GUESS, TRUTH, 3) == 0.75  # 1.25 ** 3 is 1.95
    assert delta(GUESS, TRUTH, 1, threshold=2.1) == 1.0


def test_hand_computed_log10():
    guess = np.array([[10.0, 0.2], [4.0, 8.0]])  # ten times too far, ten times too near, right, right
    assert log10_error(guess, TRUTH) == pytest.approx((1 + 1 + 0 + 0) / 4)
    assert log10_error(guess, TRUTH, mask=TRUTH < 4) == pytest.approx(1)
    assert log10_error(np.where(TRUTH == 8, 0, TRUTH), TRUTH) == np.inf
    assert np.isnan(log10_error(np.where(TRUTH == 8, -1, TRUTH), TRUTH))
    assert log10_error(guess, np.where(TRUTH == 1, 0, TRUTH)) == pytest.approx(1 / 3)
    assert np.isnan(log10_error(guess, -TRUTH))


def test_hand_computed_c1_errors():
    truth = np.array([[10.0, 69.9], [70.0, np.nan]])  # 70 m itself is too far
    guess = np.array([[11.0, 69.9], [7.0, 5.0]])
    assert c1_metrics(guess, truth) == {
        "c1_rmse": pytest.approx(np.sqrt(1 / 2)),
        "c1_abs_rel": pytest.approx(0.1 / 2),
        "c1_log10": pytest.approx(np.log10(1.1) / 2),
        "c1_pixels": 2,
    }
    assert c1_metrics(guess, truth, limit=71)["c1_pixels"] == 3
    assert c1_metrics(guess, truth, mask=truth < 60)["c1_rmse"] == pytest.approx(1)
    with pytest.raises(InputError, match="mask has shape"):
        c1_metrics(guess, truth, mask=[True])


def test_c1_errors_where_everything_is_far():
    metrics = c1_metrics([[5.0, 6.0]], [[80.0, 81.0]])
    assert metrics["c1_pixels"] == 0
    assert np.isnan([metrics["c1_rmse"], metrics["c1_abs_rel"], metrics["c1_log10"]]).all()


def test_all_depth_metrics():
    assert depth_metrics(GUESS, TRUTH) == {
        "rmse": rmse(GUESS, TRUTH),
        "abs_rel": abs_rel(GUESS, TRUTH),
        "log10": log10_error(GUESS, TRUTH),
        "delta1": 0.5,
        "delta2": 0.75,
        "delta3": 0.75,
        "pixels": 4,
    }


def test_mask_and_unknown_truth_do_not_count():
    mask = TRUTH < 8
    assert rmse(GUESS, TRUTH, mask=mask) == pytest.approx(np.sqrt(1.01 / 3))
    assert delta(GUESS, TRUTH, mask=mask) == pytest.approx(2 / 3)
    unknown = np.where(mask, TRUTH, np.nan)
    assert depth_metrics(GUESS, unknown) == depth_metrics(GUESS, TRUTH, mask=mask)
    assert depth_metrics(GUESS, unknown)["pixels"] == 3


def test_prediction_that_is_not_finite_is_no_gain():
    guess = np.where(TRUTH == 8, np.nan, TRUTH)
    assert np.isnan(rmse(guess, TRUTH))
    assert np.isnan(abs_rel(guess, TRUTH))
    assert delta(guess, TRUTH) == 0.75
    assert delta(np.where(TRUTH == 8, -8.0, TRUTH), TRUTH) == 0.75
    assert delta(np.where(TRUTH == 8, 0.0, TRUTH), TRUTH) == 0.75


def test_heights_around_zero_have_no_ratios():
    metrics = depth_metrics(GUESS - 2, TRUTH - 2)
    assert set(metrics) == {"rmse", "pixels"}
    assert metrics["rmse"] == pytest.approx(rmse(GUESS, TRUTH))
    assert np.isnan(abs_rel(-GUESS, -TRUTH))
    assert np.isnan(delta(-GUESS, -TRUTH))


def test_hand_computed_psnr():
    image, truth = np.zeros((4, 4)), np.full((4, 4), 0.1)
    assert psnr(image, truth) == pytest.approx(20)
    assert psnr(image * 255, truth * 255, data_range=255) == pytest.approx(20)
    assert psnr(truth, truth) == np.inf


def test_ssim():
    rng = np.random.default_rng(0)
    image = rng.random((16, 20, 3))
    assert ssim(image, image) == pytest.approx(1)
    # The mean of the three channels, each as a grey image.
    noisy = np.clip(image + rng.normal(0, 0.1, image.shape), 0, 1)
    assert ssim(noisy, image) == pytest.approx(
        np.mean([ssim(noisy[..., c], image[..., c]) for c in range(3)])
    )
    assert ssim(noisy, image) < 0.99
    # Two constant images: (2 a b + c1) / (a^2 + b^2 + c1), c1 = 0.01^2.
    flat = ssim(np.full((16, 16), 0.2), np.full((16, 16), 0.4))
    assert flat == pytest.approx((2 * 0.08 + 1e-4) / (0.04 + 0.16 + 1e-4), rel=1e-6)


@given(npst.arrays(np.float64, (3, 4), elements=st.floats(0.1, 100)), st.floats(1.01, 3))
def test_a_common_factor(truth, factor):
    assert abs_rel(truth * factor, truth) == pytest.approx(factor - 1)
    assert rmse(truth * factor, truth) == pytest.approx((factor - 1) * np.sqrt(np.mean(truth**2)))
    assert delta(truth * factor, truth, threshold=factor * 1.001) == 1
    assert delta(truth * factor, truth, threshold=factor * 0.999) == 0
    assert delta(truth, truth * factor, threshold=factor * 1.001) == 1


@pytest.mark.parametrize(
    "measure", [rmse, abs_rel, delta, log10_error, c1_metrics, depth_metrics, psnr, ssim]
)
def test_different_shapes(measure):
    with pytest.raises(InputError, match=r"shape \(2, 2\) but its truth \(3, 2\)"):
        measure(GUESS, np.ones((3, 2)))


def test_nothing_to_compare():
    with pytest.raises(InputError, match="no finite value"):
        rmse(GUESS, np.full((2, 2), np.nan))
    with pytest.raises(InputError, match="mask has shape"):
        rmse(GUESS, TRUTH, mask=[True])


def test_hand_computed_sparsification():
    confidence = [[0.9, 0.9], [0.5, 0.1]]  # squared errors 0.01 and 0, 1, 16
    curve = sparsification(GUESS, TRUTH, confidence, [0, 0.25, 0.5, 0.75])
    # The two that are left at last are of equal confidence: each stands for both.
    np.testing.assert_allclose(curve**2, [17.01 / 4, 1.01 / 3, 0.01 / 2, 0.01 / 2])
    # Half a pixel dropped is half of its squared error.
    between = sparsification(GUESS, TRUTH, confidence, [0.125])
    np.testing.assert_allclose(between**2, (1.01 + 8) / 3.5)


def test_sparsification_of_the_relative_error():
    confidence = [[0.9, 0.8], [0.5, 0.1]]
    curve = sparsification(GUESS, TRUTH, confidence, [0, 0.25, 0.5], relative=True)
    np.testing.assert_allclose(curve, [0.85 / 4, 0.35 / 3, 0.1 / 2])
    assert curve[0] == pytest.approx(abs_rel(GUESS, TRUTH))


def test_hand_computed_area_between_curves():
    assert sparsification_area([2, 2, 1], [2, 1, 1], [0, 0.25, 0.5]) == pytest.approx(0.25)
    assert sparsification_area([2, 1, 0], [2, 1, 0], [0, 0.25, 0.5]) == 0
    assert sparsification_area([0, 0], [0, 0], [0, 0.5]) == 0


def test_sparsification_by_the_error_itself_is_best():
    rng = np.random.default_rng(0)
    truth, guess, confidence = rng.uniform(1, 2, (3, 20, 30))
    shares = np.linspace(0, 0.95, 20)
    best = sparsification(guess, truth, -np.abs(guess - truth), shares)
    other = sparsification(guess, truth, confidence, shares)
    assert (np.diff(best) < 0).all()
    assert (best[1:] < other[1:]).all()
    assert best[0] == pytest.approx(rmse(guess, truth))
    np.testing.assert_allclose(sparsification(guess, truth, np.ones_like(truth), shares), best[0])


def test_sparsification_refuses_what_it_cannot_use():
    with pytest.raises(InputError, match="from 0 to below 1"):
        sparsification(GUESS, TRUTH, GUESS, [0.5, 1.0])
    with pytest.raises(InputError, match="confidence has NaN"):
        sparsification(GUESS, TRUTH, np.where(TRUTH > 4, np.nan, 1), [0.1])
    with pytest.raises(InputError, match="shape"):
        sparsification(GUESS, TRUTH, np.ones(4), [0.1])
