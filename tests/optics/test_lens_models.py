import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus

DISTANCES = (1.0, 1.5, 2.5, 4.0, 6.0)


def camera(**changes):
    values = {
        "focal_length": 0.05,
        "aperture_diameter": 0.05 / 8,
        "pixel_pitch": 12e-6,
        "focus_distances": DISTANCES,
    }
    return ThinLens(**values | changes)


def objective(**changes):
    values = {"numerical_aperture": 0.4, "pixel_size": 0.325, "focus_positions": [0.0, 2.0, 4.0]}
    return Microscope(**values | changes)


@given(depth=st.floats(0.2, 50.0))
def test_thin_lens_radius_is_the_circle_of_confusion(depth):
    lens = camera()
    for plane, focus in enumerate(DISTANCES):
        expected = (0.05 / 8) / (2 * 12e-6) * abs(depth - focus) / depth * 0.05 / (focus - 0.05)
        assert_allclose(lens.blur_radius(depth)[plane], expected, rtol=1e-9, atol=1e-12)


def test_from_camera_is_the_same_lens_in_metres():
    made = ThinLens.from_camera(50, 8, 12, DISTANCES)
    assert made.unit == "m"
    assert_allclose(made.blur_radius(2.2), camera().blur_radius(2.2))


def test_blur_does_not_depend_on_the_unit_of_length():
    in_mm = camera(
        focal_length=50,
        aperture_diameter=50 / 8,
        pixel_pitch=0.012,
        focus_distances=[1000 * z for z in DISTANCES],
        unit="mm",
    )
    assert_allclose(in_mm.blur_sigma(1700.0), camera().blur_sigma(1.7))


def test_microscope_radius_is_the_cone():
    scope = objective(refractive_index=1.33, blur_scale=0.5, in_focus_blur=0.0)
    slope = np.tan(np.arcsin(0.4 / 1.33)) / 0.325
    assert_allclose(scope.blur_radius(5.0), slope * np.array([5.0, 3.0, 1.0]))
    assert_allclose(scope.blur_sigma(5.0), 0.5 * slope * np.array([5.0, 3.0, 1.0]))


def test_microscope_in_focus_blur_comes_from_diffraction():
    assert objective().effective_in_focus_blur == pytest.approx(0.21 * 0.55 / (0.4 * 0.325))
    assert objective(in_focus_blur=0.2).effective_in_focus_blur == 0.2
    assert objective().replace(numerical_aperture=0.8).effective_in_focus_blur == pytest.approx(
        0.21 * 0.55 / (0.8 * 0.325)
    )


def test_default_wavelength_is_green_in_any_unit():
    in_mm = objective(pixel_size=0.000325, focus_positions=[0, 0.002, 0.004], unit="mm")
    assert in_mm.wavelength == pytest.approx(0.55e-3)
    assert in_mm.effective_in_focus_blur == pytest.approx(objective().effective_in_focus_blur)
    assert objective(unit="µm").wavelength == pytest.approx(0.55)


def test_uncalibrated_radius_grows_with_plane_distance():
    free = UncalibratedFocus(planes=3, blur_per_plane=1.5)
    assert_allclose(free.blur_radius([0.0, 1.5]), [[0, 2.25], [1.5, 0.75], [3.0, 0.75]])
    assert free.depth_unit == "plane"


def test_clamp_and_quadrature():
    clamped = camera(min_blur=2.0)
    assert clamped.blur_sigma(1.0)[0] == 2.0
    soft = camera(in_focus_blur=0.6, blur_scale=0.5)
    assert_allclose(soft.blur_sigma(2.0), np.hypot(0.5 * soft.blur_radius(2.0), 0.6))


def test_shape_of_sigma_is_planes_then_depth():
    assert camera().blur_sigma(np.full((3, 4), 2.0)).shape == (5, 3, 4)
    assert camera().planes == 5


@pytest.mark.parametrize("optics", [camera(), objective(), UncalibratedFocus(planes=4, blur_per_plane=1.0)])
def test_default_depth_range_holds_every_focus_position(optics):
    near, far = optics.default_depth_range()
    assert near < optics.focus_positions_array.min()
    assert far > optics.focus_positions_array.max()
    assert optics.check_depth_range((near, far)) == (near, far)


@pytest.mark.parametrize("optics", [camera(), objective(), UncalibratedFocus(planes=4, blur_per_plane=1.0)])
def test_blur_coordinate_round_trip(optics):
    depth = np.linspace(*optics.default_depth_range(), 7)
    assert_allclose(optics.from_blur_coordinate(optics.to_blur_coordinate(depth)), depth)
    radius = optics.slopes[:, None] * np.abs(optics.to_blur_coordinate(depth) - optics.centers[:, None])
    assert_allclose(optics.blur_radius(depth), radius)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: camera(focal_length=1.0), "focal_length"),
        (lambda: camera(focal_length=-0.05), "focal_length"),
        (lambda: camera(pixel_pitch=float("nan")), "pixel_pitch"),
        (lambda: camera(aperture_diameter=0), "aperture_diameter"),
        (lambda: camera(focus_distances=[1.0]), "focus_distances"),
        (lambda: camera(focus_distances=[1.0, float("nan")]), "focus_distances"),
        (lambda: camera(focus_distances=[2.0, 2.0]), "focus_distances"),
        (lambda: camera(focus_distances="far"), "focus_distances"),
        (lambda: camera(blur_scale=-1), "blur_scale"),
        (lambda: camera(min_blur=-0.1), "min_blur"),
        (lambda: ThinLens.from_camera(50, 0, 12, DISTANCES), "f_number"),
        (lambda: ThinLens.from_camera(50, -8, 12, DISTANCES), "f_number"),
        (lambda: ThinLens.from_camera(-50, 8, 12, DISTANCES), "focal_length_mm"),
        (lambda: ThinLens.from_camera(50, 8, float("nan"), DISTANCES), "pixel_pitch_um"),
        (lambda: camera(focus_distances=[-1.0, 2.0]), "focus_distances must be above 0"),
        (lambda: camera(unit="banana"), "unit"),
        (lambda: objective(unit=5), "unit"),
        (lambda: objective(numerical_aperture=True), "numerical_aperture"),
        (lambda: objective(numerical_aperture=1.2), "numerical_aperture"),
        (lambda: objective(pixel_size="small"), "pixel_size"),
        (lambda: UncalibratedFocus(planes=1), "planes"),
        (lambda: UncalibratedFocus(planes=4, blur_per_plane=-1.0), "blur_per_plane"),
    ],
)
def test_bad_parameters_are_named(make, named):
    with pytest.raises(InputError, match=named) as caught:
        make()
    assert str(caught.value).count("\n") == 0


@pytest.mark.parametrize(
    ("depth_range", "says"),
    [
        ((2.0, 2.0), "empty"),
        ((3.0, 1.0), "empty"),
        ((-1.0, 3.0), "behind the lens"),
        ((0.0, 3.0), "behind the lens"),
        ((1.0, float("inf")), "finite"),
        ((1.0,), "two numbers"),
    ],
)
def test_bad_depth_ranges(depth_range, says):
    with pytest.raises(InputError, match=says):
        camera().check_depth_range(depth_range)


def test_a_microscope_may_look_below_zero():
    assert objective().check_depth_range((-3, 3)) == (-3.0, 3.0)


def test_unknown_blur_per_plane_is_said():
    with pytest.raises(InputError, match="blur_per_plane"):
        UncalibratedFocus(planes=4).blur_sigma(1.0)


def test_plane_count_must_fit():
    with pytest.raises(InputError, match=r"4 planes.*5 focus positions"):
        camera().check_planes(4)
