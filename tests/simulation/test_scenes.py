"""The library of scenes: each can be rendered, and its lens suits it."""

import inspect

import numpy as np
import pytest

from napari_defocus.optics import Microscope
from napari_defocus.simulation import render_focal_stack, true_depth
from napari_defocus.simulation.scenes import SCENES
from napari_defocus.simulation.setup import camera, objective
from napari_defocus.simulation.textures import BUNDLED, bright_dots, bundled_image, fractal_noise, wood


@pytest.mark.parametrize("name", SCENES)
def test_scene_can_be_rendered(name):
    scene, optics, shape = SCENES[name](shape=(24, 32))
    stack = render_focal_stack(scene, optics, shape, lens_samples=4, supersampling=1)
    assert stack.radiance.shape[:3] == (optics.planes, 24, 32)
    assert np.isfinite(stack.radiance).all()
    assert stack.images.std() > 5
    assert stack.all_in_focus.shape == stack.images.shape[1:]


@pytest.mark.parametrize("name", SCENES)
def test_focus_brackets_the_depth(name):
    setup = SCENES[name]()
    depth = true_depth(*setup)
    optics = setup.optics
    # At every depth some plane is blurred by no more than about half of the step between planes.
    step = np.diag(optics.blur_radius(optics.focus_positions_array), 1)
    assert (step > 0.6).all()
    assert (step < 3).all()
    assert optics.blur_radius(depth).min(axis=0).max() < 0.6 * step.max()
    # And the scene makes use of the planes.
    nearest = optics.blur_radius(depth).argmin(axis=0)
    assert np.ptp(nearest) >= 0.7 * (optics.planes - 1)


@pytest.mark.parametrize("name", SCENES)
def test_scene_is_the_same_at_another_resolution(name):
    coarse, fine = (true_depth(*SCENES[name](shape=(side * 60, side * 80))) for side in (1, 2))
    blocks = np.median(fine.reshape(60, 2, 80, 2).swapaxes(1, 2).reshape(60, 80, 4), axis=2)
    close = np.abs(blocks - coarse) < 0.05 * np.ptp(coarse)
    assert close.mean() > 0.8


@pytest.mark.parametrize("name", SCENES)
def test_planes_can_be_chosen(name):
    assert SCENES[name](planes=5).optics.planes == 5
    assert set(inspect.signature(SCENES[name]).parameters) == {"shape", "planes"}


def test_the_library_covers_both_kinds_of_lens():
    kinds = [isinstance(make().optics, Microscope) for make in SCENES.values()]
    assert 3 <= sum(kinds) <= len(kinds) - 5


@pytest.mark.parametrize("name", BUNDLED)
def test_bundled_images_come_without_a_download(name, monkeypatch):
    def refuse(*args, **kwargs):
        raise AssertionError("a bundled texture must not be fetched")

    monkeypatch.setattr("skimage.data._fetchers._fetch", refuse)
    bundled_image.cache_clear()
    image = bundled_image(name)
    assert image.dtype == np.float32
    assert 0 <= image.min() < image.max() <= 1


def test_procedural_textures_are_in_range_and_repeatable():
    for make in (lambda: fractal_noise((32, 48), seed=1), lambda: wood(64), lambda: bright_dots((32, 32), 3)):
        first, second = make(), make()
        np.testing.assert_array_equal(first, second)
        assert np.isfinite(first).all()
        assert first.min() >= 0
    assert bright_dots((32, 32), 3).max() > 1
    noise = fractal_noise((64, 64), slope=1, stretch=8, seed=1)
    across, along = (np.abs(np.diff(noise, axis=axis)).mean() for axis in (0, 1))
    assert across > 2 * along


def test_lenses_of_other_sizes():
    macro = camera((20, 36), 3, nearest=0.25, farthest=0.5, f_number=4, focal_length=0.1)
    assert macro.aperture_diameter == pytest.approx(0.025)
    np.testing.assert_allclose(macro.focus_distances, [0.25, 0.3333, 0.5])
    scope = objective((20, 40), 2, 0.0, 1.0, numerical_aperture=0.4, field_width=80.0)
    assert (scope.numerical_aperture, scope.pixel_size) == (0.4, 2.0)
