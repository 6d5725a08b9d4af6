import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from stacks import model_stack, texture

from napari_defocus import CancelledError, InputError, UncalibratedFocus, depth_from_focus
from napari_defocus.solver.focus_measure import modified_laplacian, sum_modified_laplacian
from napari_defocus.solver.focus_peak import PeakFinder

SHAPE = (60, 80)


def curve_of(values):
    finder = PeakFinder((1, 1))
    for value in values:
        finder.add(np.full((1, 1), value, np.float32))
    return finder.curve()


@pytest.fixture(scope="module")
def slope():
    free = UncalibratedFocus(planes=9, blur_per_plane=1.0)
    depth = np.broadcast_to(np.linspace(0.8, 7.2, SHAPE[1]), SHAPE).astype(np.float32)
    image = texture(SHAPE, 3)
    return depth, np.moveaxis(image, 0, -1), model_stack(free, depth, image, (0, 8))


def test_modified_laplacian_against_the_definition():
    image = np.random.default_rng(0).random((9, 11)).astype(np.float32)
    for step in (1, 2):
        padded = np.pad(image, step, mode="edge")
        for y, x in np.ndindex(9, 11):
            py, px = y + step, x + step
            wanted = abs(2 * padded[py, px] - padded[py - step, px] - padded[py + step, px]) + abs(
                2 * padded[py, px] - padded[py, px - step] - padded[py, px + step]
            )
            assert modified_laplacian(image, step)[y, x] == pytest.approx(wanted, abs=1e-5)


def test_sum_over_the_window():
    image = np.random.default_rng(1).random((20, 20)).astype(np.float32)
    plain = modified_laplacian(image)
    assert sum_modified_laplacian(image, 5)[10, 10] == pytest.approx(plain[8:13, 8:13].sum(), rel=1e-4)


@pytest.mark.parametrize("true", [2.0, 2.3, 2.5, 2.71])
def test_gaussian_peak_is_found_exactly(true):
    curve = curve_of(5.0 * np.exp(-0.5 * (np.arange(7) - true) ** 2 / 1.7))
    assert curve.position[0, 0] == pytest.approx(true, abs=1e-4)
    assert curve.variance[0, 0] == pytest.approx(1.7, rel=1e-3)
    assert curve.height[0, 0] == pytest.approx(5.0, rel=1e-3)
    assert curve.known[0, 0]


@pytest.mark.parametrize(
    ("values", "position", "known"),
    [
        ([5, 3, 1], 0, False),  # the first plane
        ([1, 3, 5], 2, False),  # the last plane
        ([0, 0, 0], 0, False),  # nothing at all
        ([2, 2, 2], 0, False),  # flat
        ([0, 4, 0], 1, True),  # a single plane
        ([1, 4, 4, 1], 1.5, True),  # a tie
        ([0, 4, 4, 0], 1.5, True),  # a tie beside zeros
        ([1, 4, 4, 4, 1], 2, True),  # a plateau
    ],
)
def test_difficult_curves(values, position, known):
    curve = curve_of(values)
    assert np.isfinite(curve.position).all()
    assert abs(curve.position[0, 0] - position) <= 0.5
    assert curve.known[0, 0] == known


def test_depth_of_a_slope(slope):
    depth, image, stack = slope
    result = depth_from_focus(stack, window=5)
    inner = (slice(5, -5), slice(8, -8))
    assert np.median(np.abs(result.depth - depth)[inner]) < 0.3
    mosaic_error = np.abs(result.all_in_focus - image)[inner].mean()
    assert mosaic_error < 0.5 * np.abs(stack[4] - image)[inner].mean()
    assert result.method == "focus"
    assert result.losses == ()
    assert result.unit == "plane"


def test_positions_give_units_in_any_order(slope):
    _, _, stack = slope
    plain = depth_from_focus(stack)
    positions = 10.0 + 3.0 * np.arange(9)
    assert_allclose(depth_from_focus(stack, positions, unit="um").depth, 10 + 3 * plain.depth, rtol=1e-5)
    turned = depth_from_focus(stack[::-1], positions[::-1], unit="um")
    assert_allclose(turned.depth, 10 + 3 * plain.depth, rtol=1e-5)
    assert turned.unit == "um"


def test_confidence_is_low_where_nothing_can_be_known(slope):
    stack = slope[2][..., 0].copy()
    stack[:, 20:40, 20:40] = 0.5
    result = depth_from_focus(stack)
    assert result.confidence[25:35, 25:35].max() == 0
    assert result.confidence[:15].mean() > 0.3
    rising = np.array([texture(SHAPE)[0] * strength for strength in (0.2, 0.5, 1.0)])
    assert depth_from_focus(rising).confidence.max() <= 0.11


def test_integer_types_keep_their_white_level(slope):
    stack = (slope[2] * 65535).astype(np.uint16)
    assert_allclose(
        depth_from_focus(stack).all_in_focus, depth_from_focus(slope[2], white=1.0).all_in_focus, atol=2e-3
    )


def test_input_is_not_changed(slope):
    stack = slope[2].copy()
    depth_from_focus(stack)
    assert_array_equal(stack, slope[2])


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"positions": [1, 2]}, "9 planes but 2"),
        ({"positions": [1] * 9}, "same focus position"),
        ({"positions": [np.nan] * 9}, "finite"),
        ({"positions": ["a"] * 9}, "numbers"),
        ({"white": 0}, "white"),
        ({"window": 4}, "window"),
        ({"median": 0}, "median"),
        ({"step": 0}, "step"),
    ],
)
def test_bad_parameters(slope, options, says):
    with pytest.raises(InputError, match=says):
        depth_from_focus(slope[2], **options)


def test_can_be_stopped(slope):
    def stop(share, message):
        raise CancelledError

    with pytest.raises(CancelledError):
        depth_from_focus(slope[2], progress=stop)
