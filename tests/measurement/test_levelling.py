import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus.errors import InputError
from napari_defocus.measurement import fit_plane, remove_tilt


def tilted(shape=(40, 60), slope_y=0.2, slope_x=-0.05, level=7.0, pixel=(0.5, 0.25)):
    y = pixel[0] * (np.arange(shape[0]) - (shape[0] - 1) / 2)
    x = pixel[1] * (np.arange(shape[1]) - (shape[1] - 1) / 2)
    return level + np.add.outer(slope_y * y, slope_x * x)


@pytest.mark.parametrize("robust", [True, False])
def test_plane_is_found_and_removed(robust):
    height = tilted()
    height[3, 5] = np.nan
    plane = fit_plane(height, pixel_size=(0.5, 0.25), robust=robust)
    assert (plane.level, plane.slope_y, plane.slope_x) == pytest.approx((7.0, 0.2, -0.05))
    level = remove_tilt(height, plane)
    assert level.dtype == np.float32
    assert np.isnan(level[3, 5])
    assert_allclose(level[np.isfinite(level)], 7.0, rtol=1e-6)


def test_four_pixels_by_hand():
    # z = 1 + 2 dy + 4 dx about the centre; slopes are per px
    plane = fit_plane([[0.0, 4.0], [2.0, 6.0]], robust=False)
    assert (plane.level, plane.slope_y, plane.slope_x) == pytest.approx((3.0, 2.0, 4.0))
    assert plane.tilt_degrees == pytest.approx(np.degrees(np.arctan(np.sqrt(20))))


def test_step_on_a_third_of_the_map_does_not_tilt_it():
    height = tilted() + np.random.default_rng(0).normal(0, 0.01, (40, 60))
    height[:, 40:] += 5
    robust = fit_plane(height, pixel_size=(0.5, 0.25))
    assert (robust.slope_y, robust.slope_x) == pytest.approx((0.2, -0.05), abs=2e-4)
    assert robust.level == pytest.approx(7.0, abs=1e-3)
    assert robust.share == pytest.approx(2 / 3, abs=0.01)
    plain = fit_plane(height, pixel_size=(0.5, 0.25), robust=False)
    assert abs(plain.slope_x + 0.05) > 0.1


def test_wild_pixels_do_not_count():
    rng = np.random.default_rng(1)
    height = tilted() + rng.normal(0, 0.01, (40, 60))
    height[rng.random(height.shape) < 0.3] += 100 * rng.random()
    plane = fit_plane(height, pixel_size=(0.5, 0.25))
    assert (plane.slope_y, plane.slope_x) == pytest.approx((0.2, -0.05), abs=2e-4)
    assert plane.scatter < 0.03


def test_only_the_region_counts():
    height = tilted()
    height[:20] = 50
    region = np.zeros(height.shape, bool)
    region[20:] = True
    plane = fit_plane(height, pixel_size=(0.5, 0.25), region=region)
    assert (plane.slope_y, plane.slope_x) == pytest.approx((0.2, -0.05))


def test_even_map():
    plane = fit_plane(np.full((5, 5), 3.0))
    assert (plane.level, plane.slope_y, plane.slope_x, plane.share) == (3.0, 0.0, 0.0, 1.0)


def test_large_map_is_thinned():
    height = tilted((1500, 1500), pixel=(1.0, 1.0))
    plane = fit_plane(height)
    assert (plane.slope_y, plane.slope_x) == pytest.approx((0.2, -0.05))


@pytest.mark.parametrize(
    ("height", "region", "says"),
    [
        (np.full((4, 4), np.nan), None, "A plane needs at least 3 pixels"),
        (np.zeros((4, 4)), np.zeros((3, 4), bool), "make them alike"),
        (np.zeros(4), None, "two axes"),
    ],
)
def test_refused(height, region, says):
    with pytest.raises(InputError, match=says):
        fit_plane(height, region=region)
