import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from napari_defocus import InputError, depth_from_focus, focus_curve, focus_measure, focus_measure_volume


@pytest.fixture(scope="module")
def stack():
    images = np.random.default_rng(4).random((6, 20, 30)) * 255
    images[:, 12:, :10] = 128  # no texture
    return images.astype(np.uint8)


OPTIONS = {"measure": "tenengrad", "window": 5, "step": 2}


@pytest.mark.parametrize("pixel", [(0, 0), (7, 11), (19, 29), (3, 28)])
def test_curve_is_that_of_the_depth_map(stack, pixel):
    positions = [5, 4, 3, 2, 1, 0.5]
    result = depth_from_focus(stack, positions, unit="mm", median=1, **OPTIONS)
    curve = focus_curve(stack, *pixel, positions, unit="mm", **OPTIONS)
    assert curve.peak == pytest.approx(result.depth[pixel], abs=1e-4)
    assert_array_equal(curve.positions, positions[::-1])
    wanted = [focus_measure(plane / np.float32(255), **OPTIONS)[pixel] for plane in stack[::-1]]
    assert_allclose(curve.values, wanted, rtol=1e-4)
    assert curve.unit == "mm"


def test_fit_goes_through_the_three_values_at_the_peak():
    strengths = np.exp(-0.5 * (np.arange(7) - 2.7) ** 2 / 1.5)
    stack = (0.5 + strengths[:, None, None] * (np.random.default_rng(0).random((9, 9)) - 0.5)) * 0.9
    curve = focus_curve(stack, 4, 4)
    assert curve.peak == pytest.approx(2.7, abs=1e-3)
    positions, values = curve.fitted(7)
    assert_allclose(positions, np.arange(7))
    assert_allclose(values[2:5], curve.values[2:5], rtol=1e-3)
    assert curve.reliability > 35


def test_what_has_no_peak_says_so(stack):
    even = focus_curve(stack, 18, 2)
    assert even.even
    assert not even.known
    assert even.fitted()[0].size == 0
    rising = np.random.default_rng(0).random((9, 9)) * np.linspace(0.1, 1, 5)[:, None, None]
    at_end = focus_curve(rising, 4, 4)
    assert not at_end.even
    assert not at_end.known
    assert at_end.peak == 4


def test_only_what_is_needed_is_read(stack):
    read = []

    def plane(block_info=None):
        read.append(block_info[None]["chunk-location"][0])
        return stack[read[-1]][None]

    lazy = da.map_blocks(
        plane, chunks=((1,) * 6, (20,), (30,)), dtype=np.uint8, meta=np.empty((0,) * 3, np.uint8)
    )
    volume = focus_measure_volume(lazy, **OPTIONS)
    assert read == []
    found = volume[3].compute()
    assert read == [3]
    assert_allclose(found, focus_measure(stack[3] / np.float32(255), **OPTIONS), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("lazy", [False, True])
def test_volume_of_a_colour_stack(lazy):
    stack = np.random.default_rng(2).random((4, 10, 12, 3)).astype(np.float32)
    volume = focus_measure_volume(da.from_array(stack, chunks=(3, 4, 5, 3)) if lazy else stack, window=1)
    assert volume.shape == (4, 10, 12)
    assert volume.dtype == np.float32
    grey = stack @ np.array([0.2125, 0.7154, 0.0721], np.float32)
    assert_allclose(volume.compute(), [focus_measure(plane, window=1) for plane in grey], atol=1e-5)


@pytest.mark.parametrize("pixel", [(-1, 0), (20, 0), (0, 30)])
def test_pixel_outside(stack, pixel):
    with pytest.raises(InputError, match="lies outside the images of 20 x 30 px"):
        focus_curve(stack, *pixel)


def test_bad_white(stack):
    with pytest.raises(InputError, match="white must be above 0"):
        focus_curve(stack, 0, 0, white=0)
    with pytest.raises(InputError, match="white must be above 0"):
        focus_measure_volume(stack, white=-1.0)
