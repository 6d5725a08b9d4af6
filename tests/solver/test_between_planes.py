"""Peaks of the focus measure between planes, on stacks by the solver's own model."""

import numpy as np
import pytest
from focus_scene import INNER, LENS, SHAPE, step, with_grain
from numpy.testing import assert_allclose, assert_array_equal
from stacks import model_stack, texture

from napari_defocus import ThinLens, UncalibratedFocus, solve
from napari_defocus.solver import between_planes
from napari_defocus.solver.between_planes import peak_coordinates
from napari_defocus.solver.focus_start import noise_of
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.prior_scales import px_per_coordinate

FAST = ThinLens.from_camera(50, 2.8, 30, [1.0, 1.25, 1.67, 2.5, 5.0], blur_scale=0.5)


def slant(contrast, noise):
    """Error, planes, of the peaks of a slanted plane whose texture has little or much contrast."""
    optics = UncalibratedFocus(planes=8, blur_per_plane=1.6, blur_scale=0.5)
    truth = np.broadcast_to(np.linspace(0, 7, SHAPE[1]), SHAPE)
    image = 0.5 + contrast * (texture(SHAPE, seed=7) - 0.5)
    stack = with_grain(model_stack(optics, truth, image, (0, 7), kernel="disc"), noise)
    labels = np.round(truth).astype(np.int32)
    found = peak_coordinates(load_stack(stack, 1.0), optics, Noise.white(noise), None, labels)
    return np.abs(found - truth)[INNER].mean()


@pytest.mark.parametrize(("contrast", "kept"), [(1.0, 0), (0.2, 1)])
def test_of_both_scales_the_one_that_tells_more_places_the_peak(monkeypatch, contrast, kept):
    """Fine detail where it stands out from the noise, else coarse detail."""
    scales, noise = between_planes.SCALES, 0.01
    both = slant(contrast, noise)
    alone = []
    for scale in scales:
        monkeypatch.setattr(between_planes, "SCALES", (scale,))
        alone.append(slant(contrast, noise))
    assert np.argmin(alone) == kept
    assert both < 1.15 * alone[kept]
    assert both < 0.9 * alone[1 - kept]


def test_where_there_is_no_peak_it_is_the_labels():
    flat = load_stack(np.full((5, 20, 30), 0.5), 1.0)
    labels = np.random.default_rng(0).integers(0, 5, (20, 30)).astype(np.int32)
    found = peak_coordinates(flat, LENS, noise_of(flat), None, labels)
    assert_array_equal(found, np.sort(LENS.centers)[labels].astype(np.float32))


def test_without_noise_or_texture_it_is_the_labels_too():
    flat = load_stack(np.full((5, 20, 30), 0.5), 1.0)
    labels = np.full((20, 30), 2, np.int32)
    found = peak_coordinates(flat, LENS, Noise.white(0.0), None, labels)
    assert (found == np.float32(np.sort(LENS.centers)[2])).all()


def test_where_planes_are_close_together_peaks_leave_the_steps_of_the_labels():
    """Labels of a slope in steps of 4 planes, 0.8 px of blur; they are left by half a pixel at most."""
    optics = UncalibratedFocus(planes=24, blur_per_plane=0.2)
    truth = np.broadcast_to(np.linspace(2, 21, SHAPE[1]), SHAPE)
    stack = with_grain(model_stack(optics, truth, texture(SHAPE, seed=7), (0, 23), kernel="disc"), 0.002)
    labels = (4 * np.round(truth / 4)).astype(np.int32)
    found = peak_coordinates(load_stack(stack, 1.0), optics, Noise.white(0.002), None, labels)
    assert np.abs(labels - truth)[INNER].mean() > 0.9
    assert np.abs(found - truth)[INNER].mean() < 0.5
    assert np.abs(found - labels).max() <= 2.5


def test_half_a_pixel_of_blur_is_the_limit_wherever_planes_are_close_together():
    """At even distances the planes are 6 px of blur apart near by and 0.03 px far away."""
    lens = ThinLens.from_camera(50, 8, 12, np.linspace(0.5, 10, 30), blur_scale=0.5)
    centers = np.sort(lens.centers)
    rng = np.random.default_rng(0)
    stack = load_stack(rng.random((30, 40, 60)), 1.0)
    labels = rng.integers(0, 30, (40, 60)).astype(np.int32)
    found = peak_coordinates(stack, lens, Noise.white(0.01), None, labels)
    blur = np.abs(found - centers[labels]) * px_per_coordinate(lens)
    planes = np.abs(np.interp(found, centers, np.arange(30)) - labels)
    assert ((blur <= 0.501) | (planes <= 1.201)).all()
    assert (planes > 1.3).sum() > 50
    assert (blur > 1).sum() > 5


def test_a_peak_far_from_its_label_is_not_that_labels():
    truth, stack = step()
    wrong = np.where(truth == 3, 4, 0).astype(np.int32)  # three planes beside, in the order of focus
    found = peak_coordinates(load_stack(stack, 1.0), LENS, Noise.white(0.01), None, wrong)
    centers = np.sort(LENS.centers)
    assert np.abs(found - centers[wrong]).max() <= 1.2 * np.diff(centers).max()
    assert (found == centers[wrong].astype(np.float32)).mean() > 0.6  # the others found a bump of the noise


def test_two_planes_have_no_peak_between():
    lens = LENS.replace(focus_distances=(1.0, 2.0))
    two = load_stack(np.random.default_rng(0).random((2, 20, 30)), 1.0)
    labels = np.zeros((20, 30), np.int32)
    found = peak_coordinates(two, lens, Noise.white(0.01), None, labels)
    assert (found == np.float32(lens.centers.min())).all()
    assert np.isfinite(solve(two.planes[:, 0], lens).depth).all()


@pytest.mark.parametrize("sigma", [0.45, 1.0])
def test_peaks_of_a_curve_that_falls_as_a_power_are_found_between_planes(sigma):
    apart = np.abs(np.diff(np.sort(FAST.centers))).mean() * np.abs(FAST.slopes).max() * FAST.blur_scale
    true = np.linspace(-0.45, 0.45, 19)
    variance = between_planes.LEAST_BLUR**2 + sigma**2 + FAST.sigma_of_radius(0.0) ** 2
    before, here, after = (-1.7 * np.log(variance + (apart * (step - true)) ** 2) for step in (-1, 0, 1))
    vertex = ((after - before) / (2 * (2 * here - before - after))).astype(np.float32)
    assert np.abs(vertex - true).max() > 0.02  # the parabola alone is drawn to the planes
    assert_allclose(between_planes.between_planes(vertex, FAST, sigma), true, atol=2e-3)
    beyond = np.array([-1, -0.5, 0.5, 0.8], np.float32)
    assert_array_equal(between_planes.between_planes(beyond, FAST, sigma), beyond)
