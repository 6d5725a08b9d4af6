import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.optics.resolution import (
    TOLERANCE,
    blur_between_planes,
    depth_resolution,
    known,
    report_on,
    visible_steps,
)

# D / (2 p) * f = 0.01 / (2 * 0.00001) * 0.1 = 50, and R = 50 * Zf / (Zf - f) * |1/Z - 1/Zf|
LENS = ThinLens(
    focal_length=0.1,
    aperture_diameter=0.01,
    pixel_pitch=1e-5,
    focus_distances=[1.1, 2.1],
    blur_scale=0.5,
)
# tan(asin(0.6)) = 0.75
SCOPE = Microscope(
    numerical_aperture=0.6, pixel_size=0.5, focus_positions=[0, 2, 4], blur_scale=0.5, in_focus_blur=0.0
)


def test_blur_between_planes_of_a_lens_by_hand():
    # slopes 50 * 1.1 / 1.0 = 55 and 50 * 2.1 / 2.0 = 52.5; 1/1.1 - 1/2.1 = 1 / 2.31
    assert blur_between_planes(LENS) == pytest.approx([0.5 * 55 / 2.31])


def test_blur_between_planes_of_a_microscope_by_hand():
    # 2 um * 0.75 / 0.5 um = 3 px of radius, half of it as a standard deviation
    assert blur_between_planes(SCOPE) == pytest.approx([1.5, 1.5])


def test_blur_between_planes_does_not_depend_on_their_order():
    mixed = SCOPE.replace(focus_positions=[4, 0, 2])
    assert blur_between_planes(mixed) == pytest.approx(blur_between_planes(SCOPE))


def test_resolution_of_a_microscope_by_hand():
    # 0.5 px of blur at 0.5 * 0.75 / 0.5 = 0.75 px a um
    assert depth_resolution(SCOPE, [1.0, 3.0]) == pytest.approx([0.5 / 0.75] * 2)


def test_resolution_of_a_lens_by_hand():
    # du = 0.5 / (0.5 * 55) = 1 / 55 about u = 1 / 1.6
    u, half = 1 / 1.6, 1 / 110
    assert depth_resolution(LENS, 1.6) == pytest.approx(1 / (u - half) - 1 / (u + half))


def test_resolution_is_what_the_blur_model_says():
    depths = np.linspace(1.2, 5, 7)
    extents = depth_resolution(LENS, depths)
    for depth, extent in zip(depths, extents, strict=True):
        # the interval (a, b) with b - a = extent whose middle in 1 / Z is that of the depth
        w = 1 / depth
        d = (-1 + np.sqrt(1 + (extent * w) ** 2)) / extent
        change = np.abs(LENS.blur_sigma(1 / (w - d)) - LENS.blur_sigma(1 / (w + d)))
        assert change.max() == pytest.approx(TOLERANCE, rel=1e-6)


def test_blur_in_focus_hides_small_depths():
    hidden = SCOPE.replace(in_focus_blur=1.0)
    # 1 um from the nearest planes, 3 um from the farthest: R = 4.5 px, sigma = hypot(2.25, 1)
    factor = 2.25 / np.hypot(2.25, 1.0)
    assert depth_resolution(hidden, 1.0) == pytest.approx(0.5 / (0.75 * factor))


def test_no_resolution_below_the_least_blur():
    blunt = LENS.replace(min_blur=100.0)
    assert np.isinf(depth_resolution(blunt, [1.2, 2.0])).all()
    assert visible_steps(blunt, (1.1, 2.1)) == 0


def test_no_resolution_where_the_next_depth_would_be_beyond_infinity():
    assert np.isfinite(depth_resolution(LENS, 109.0))  # u = 1 / 109 is above half of du, 1 / 110
    assert np.isinf(depth_resolution(LENS, 111.0))


def test_number_of_depths_by_hand():
    # 4 um at 0.75 px a um: 3 px of blur, 6 steps of half a pixel
    assert visible_steps(SCOPE, (0, 4)) == pytest.approx(6)


def test_report_of_good_optics_has_no_warning():
    report = report_on(SCOPE)
    assert report.blur_per_step == pytest.approx((1.5, 1.5))
    assert report.ends == (-2, 6)
    assert report.resolution == pytest.approx((2 / 3, 2 / 3))
    assert report.unit == "um"
    assert report.warnings == ()


@pytest.mark.parametrize(
    ("optics", "mend"),
    [
        (LENS, "larger f-number"),
        (SCOPE.replace(focus_positions=[0, 20, 40]), "smaller z steps"),
        (UncalibratedFocus(planes=3, blur_per_plane=8.0), "smaller focus steps"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_planes_too_far_apart(optics, mend):
    (warning,) = report_on(optics).warnings
    assert "too far apart" in warning
    assert mend in warning


@pytest.mark.parametrize(
    ("optics", "mend"),
    [
        (LENS.replace(aperture_diameter=2e-4), "smaller f-number"),
        (SCOPE.replace(focus_positions=[0, 0.1, 0.2]), "numerical aperture"),
        (UncalibratedFocus(planes=3, blur_per_plane=0.1), "larger blur per plane"),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_depth_range_that_cannot_be_told_apart(optics, mend):
    (warning,) = report_on(optics).warnings
    assert "cannot be told apart" in warning
    assert mend in warning


def test_far_part_that_looks_alike():
    lens = LENS.replace(aperture_diameter=2e-3)
    assert report_on(lens).warnings == ()
    (warning,) = report_on(lens, (1, 60)).warnings
    # 0.5 px at 0.5 * 11 px m: u from 1 / 60 to 1 / 60 + 1 / 11, near 9.3 m
    assert "farther than 9.3 m can hardly be told apart" in warning


def test_empty_depth_range_is_refused():
    with pytest.raises(InputError, match="depth_range is empty"):
        report_on(LENS, (3, 2))


def test_what_has_to_be_estimated_is_not_known():
    assert known(LENS)
    assert not known(UncalibratedFocus(planes=3))
