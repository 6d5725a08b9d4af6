"""Peaks between planes, and the start revised by the blur model."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import maximum_filter
from stacks import PAPER, model_stack, texture

from napari_defocus import SolverSettings, ThinLens
from napari_defocus.solver.glare import Glare
from napari_defocus.solver.initialization import Start
from napari_defocus.solver.model_start import (
    MODEL_EPOCHS,
    TRIAL_EPOCHS,
    in_doubt,
    residuals,
    revised,
    revises,
)
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.run_operator import blur_operator, start_coordinates
from napari_defocus.solver.unknowns import Unknowns

LENS = ThinLens.from_camera(50, 2.8, 30, [1.0, 1.25, 1.67, 2.5, 5.0], blur_scale=0.5)
RANGE = (0.9, 6.0)
SHAPE = (96, 120)
SETTINGS = SolverSettings(depth_range=RANGE, white=1.0)


def marked(shape):
    """Plain ground with small marks, (Y, X)."""
    rows, columns = np.indices(shape)
    return np.where((rows % 24 < 4) & (columns % 30 < 5), 0.1, 0.7).astype(np.float32)


def start_at(depth):
    """Start with all of a stack at some depth, (Y, X)."""
    coordinate = blur_operator(LENS, SETTINGS, SHAPE).coordinates(depth)
    nearest = np.abs(LENS.centers[:, None, None] - coordinate).argmin(axis=0).astype(np.int32)
    return Start(nearest, coordinate.astype(np.float32), Noise.white(1e-3))


def revise(stack, start, progress=None):
    """What the blur model alone makes of a start."""
    observations = load_stack(stack, 1.0)
    doubt = in_doubt(observations, start)
    if not doubt.any():
        return start
    run = Unknowns(observations, LENS, SETTINGS, start)
    run.improve_depth(lambda share: None)
    run.improve_image(SETTINGS.image_iterations(1), lambda share: None)
    return revised(run, start, doubt, progress)


def right(start, depth):
    """Share of pixels whose peak is within a third of a px of blur of the true depth."""
    operator = blur_operator(LENS, SETTINGS, SHAPE)
    error = start_coordinates(operator, start, SETTINGS) - operator.coordinates(np.full(SHAPE, depth))
    return (np.abs(error) * LENS.blur_scale * np.abs(LENS.slopes).max() < 1 / 3).mean()


@pytest.mark.parametrize(("image", "changes"), [(marked(SHAPE), True), (texture(SHAPE, seed=3)[0], False)])
def test_wrong_peaks_give_way_to_the_model_on_plain_ground_only(image, changes):
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), image[None], RANGE, kernel="disc")
    stack = stack + 0.001 * np.random.default_rng(0).standard_normal(stack.shape)
    wrong = start_at(np.where(maximum_filter(marked(SHAPE) < 0.5, 7), 1.25, 2.0))
    shares = []
    new = revise(stack, wrong, shares.append)
    if changes:
        assert right(new, 1.25) > right(wrong, 1.25) + 0.15
        assert shares == sorted(shares)
        assert shares[-1] == 1
    else:
        assert new is wrong


def test_a_model_that_explains_no_more_is_given_up_after_the_trial(monkeypatch):
    calls = []
    improve = Unknowns.improve_depth
    monkeypatch.setattr(
        Unknowns, "improve_depth", lambda run, share: (calls.append(run), improve(run, share))
    )
    monkeypatch.setattr("napari_defocus.solver.model_start.FAR_LESS", 0.1)
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), marked(SHAPE)[None], RANGE, kernel="disc")
    wrong = start_at(np.where(maximum_filter(marked(SHAPE) < 0.5, 7), 1.25, 2.0))
    wrong = replace(wrong, noise=Noise.white(np.sqrt(1e-7)))
    assert revise(stack, wrong) is wrong
    assert 2 < len(calls) <= 1 + TRIAL_EPOCHS


def test_a_model_that_wins_next_to_nothing_is_given_up(monkeypatch):
    calls = []
    improve = Unknowns.improve_depth
    monkeypatch.setattr(
        Unknowns, "improve_depth", lambda run, share: (calls.append(run), improve(run, share))
    )
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), marked(SHAPE)[None], RANGE, kernel="disc")
    wrong = start_at(np.where(maximum_filter(marked(SHAPE) < 0.5, 7), 1.25, 2.0))
    assert revise(stack, wrong) is not wrong
    assert len(calls) == 1 + MODEL_EPOCHS
    monkeypatch.setattr("napari_defocus.solver.model_start.LEAST_WON", 1.1)
    calls.clear()
    assert revise(stack, wrong) is wrong
    assert len(calls) <= 1 + TRIAL_EPOCHS


def test_texture_is_looked_for_tile_by_tile(monkeypatch):
    image = np.where(np.arange(SHAPE[1]) < 60, texture(SHAPE, seed=3)[0], 0.7).astype(np.float32)
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), image[None], RANGE, kernel="disc")
    observations, start = load_stack(stack, 1.0), start_at(np.full(SHAPE, 1.25, np.float32))
    whole = in_doubt(observations, start)
    assert 0.1 < whole.mean() < 0.9
    monkeypatch.setattr("napari_defocus.solver.model_start.TILE", (32, 40))
    assert_array_equal(in_doubt(observations, start), whole)


def test_residuals_are_measured_square_by_square(monkeypatch):
    image = texture(SHAPE, seed=3)[0][None]
    stack = model_stack(LENS, np.full(SHAPE, 1.4, np.float32), image, RANGE, kernel="disc")
    run = Unknowns(load_stack(stack, 1.0), LENS, SETTINGS, start_at(np.full(SHAPE, 1.25, np.float32)))
    whole = residuals(run)
    assert whole.mean() > 1e-5
    monkeypatch.setattr("napari_defocus.solver.model_start.MEASURED_AT_ONCE", 40)
    assert_allclose(residuals(run), whole, rtol=1e-3, atol=1e-9)


def test_where_noise_is_all_that_is_left_the_model_is_not_tried(monkeypatch):
    calls = []
    monkeypatch.setattr("napari_defocus.solver.model_start.Unknowns", lambda *given, **more: calls.append(1))
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), marked(SHAPE)[None], RANGE, kernel="disc")
    noisy = stack + 0.02 * np.random.default_rng(0).standard_normal(stack.shape).astype(np.float32)
    right = replace(start_at(np.full(SHAPE, 1.25, np.float32)), noise=Noise.white(0.02))
    assert revise(noisy, right) is right
    assert in_doubt(load_stack(noisy, 1.0), right).any()
    assert not calls


def test_where_lights_dazzle_the_start_stands():
    stack = model_stack(LENS, np.full(SHAPE, 1.25, np.float32), marked(SHAPE)[None], RANGE, kernel="disc")
    wrong = start_at(np.where(maximum_filter(marked(SHAPE) < 0.5, 7), 1.25, 2.0))
    pairs = np.zeros((LENS.planes, *SHAPE), bool)
    pairs[:3, :, :60] = True
    beside = np.full(SHAPE, -1, np.int32)
    wrong = replace(wrong, glare=Glare(pairs, pairs, beside, beside >= 0))
    new = revise(stack, wrong)
    assert_array_equal(new.peaks[:, :60], wrong.peaks[:, :60])
    assert (new.peaks != wrong.peaks).any()


def test_it_is_left_out_where_no_peak_draws_the_depth():
    assert revises(LENS, SETTINGS)
    assert not revises(LENS, SETTINGS.replace(revise_start=False))
    assert not revises(LENS, SETTINGS.replace(focus_prior=0.0))
    assert not revises(LENS, PAPER)
