"""The confidence: what it promises, where it must be low, and that it is the same however a run goes."""

from itertools import pairwise

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from stacks import model_stack, ramp, texture

from napari_defocus import (
    Microscope,
    SolverSettings,
    ThinLens,
    UncalibratedFocus,
    alternating_minimization,
    solve,
)
from napari_defocus.simulation import render_focal_stack
from napari_defocus.simulation.scenes import etched_surface
from napari_defocus.simulation.sensor import Sensor
from napari_defocus.solver import finish, so_far
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.confidence import TOLERANCE, from_border

SHAPE = (96, 128)
LENS = ThinLens.from_camera(50, 8, 30, [1.0, 1.2, 1.5, 2.0, 3.0, 5.0], blur_scale=0.5)
RANGE = (0.9, 6.0)
SETTINGS = SolverSettings(epochs=1, depth_range=RANGE)


def last_state(stack, optics=LENS, settings=SETTINGS):
    *_, state = alternating_minimization(stack, optics, settings)
    return state


@pytest.fixture(scope="module")
def rendered():
    """Noisy stack of a surface with steps, with its height; none of those that the fit has seen."""
    setup = etched_surface(SHAPE, 12)
    stack = render_focal_stack(*setup, lens_samples=32, supersampling=1, seed=3)
    images = Sensor(bits=8, read_noise=0.008, full_well=1e4).expose(stack.radiance, seed=3)
    return last_state(images, setup.optics, SolverSettings()), stack.depth


@pytest.fixture(scope="module")
def ramp_stack():
    stack = model_stack(LENS, ramp(RANGE, SHAPE), texture(SHAPE, seed=2), RANGE, kernel="disc")
    return stack + np.random.default_rng(0).normal(0, 0.005, stack.shape).astype(np.float32)


def is_right(state, truth):
    error = np.abs(state.estimate.coordinates - state.optics.to_blur_coordinate(truth))
    return error * state.estimate.px_per_coordinate <= TOLERANCE


def test_the_more_confident_the_more_often_right(rendered):
    state, truth = rendered
    right = is_right(state, truth)
    edges = [0, 0.95, 0.98, 1.0]
    inside = [(state.confidence > low) & (state.confidence <= high) for low, high in pairwise(edges)]
    assert min(mask.sum() for mask in inside) > 500
    shares = [right[mask].mean() for mask in inside]
    assert shares[0] + 0.05 < shares[1] < shares[2] - 0.01
    assert abs(state.confidence.mean() - right.mean()) < 0.1


def test_dropping_the_least_confident_lowers_the_error(rendered):
    state, truth = rendered
    square = (state.depth - truth) ** 2
    kept = state.confidence > np.quantile(state.confidence, 0.2)
    assert square[kept].mean() < 0.5 * square.mean()


def test_the_near_side_of_a_step_is_doubted(rendered):
    state, truth = rendered
    coordinates = state.optics.to_blur_coordinate(truth)
    step = np.abs(np.diff(coordinates, axis=1, prepend=coordinates[:, :1])) > 0.1 * np.ptp(coordinates)
    beside = step | np.roll(step, 1, axis=1) | np.roll(step, -1, axis=1)
    right = is_right(state, truth)
    assert right[beside].mean() < right.mean() - 0.2
    doubt = state.confidence.mean() - state.confidence[beside].mean()
    assert doubt > 0.15 * (right.mean() - right[beside].mean())  # it is doubted, if too little


@pytest.mark.parametrize(
    ("level", "noise", "most"), [(0, 0, 0.5), (1, 0, 0.5), (0.5, 0, 0.5), (0.5, 0.005, 0.8)]
)
def test_flat_black_and_white_places_are_doubted(ramp_stack, level, noise, most):
    stack = np.clip(ramp_stack, 0, 1)
    stack[:, 30:66, 50:86] = level + np.random.default_rng(1).normal(0, noise, (6, 36, 36))
    confidence = last_state(stack, settings=SETTINGS.replace(white=1.0)).confidence
    assert confidence[38:58, 58:78].mean() < most
    assert np.median(confidence[:, :40]) > 0.95


def test_shape_type_bounds_and_repetition(ramp_stack):
    first, second = (last_state(ramp_stack) for _ in range(2))
    assert first.confidence.shape == SHAPE
    assert first.confidence.dtype == np.float32
    assert 0 <= first.confidence.min() <= first.confidence.max() <= 1
    assert_array_equal(first.confidence, second.confidence)
    assert first.confidence is first.confidence


def test_every_state_of_a_run_can_be_the_last(ramp_stack):
    colour = np.stack([ramp_stack] * 3, axis=-1)
    for state in alternating_minimization(colour, LENS, SETTINGS):
        result = finish(state)
        assert_array_equal(result.confidence, state.estimate.confidence())
        assert_array_equal(result.outliers, result.confidence < SETTINGS.outlier_confidence)
        assert_array_equal(so_far(state).depth, state.depth)
        assert not so_far(state).confidence.any()


def test_one_thread_or_several_and_any_order_of_planes(ramp_stack):
    plain = last_state(ramp_stack)
    alone = last_state(ramp_stack, settings=SETTINGS.replace(threads=1))
    assert_array_equal(alone.confidence, plain.confidence)
    turned = LENS.replace(focus_distances=LENS.focus_distances[::-1])
    settings = SETTINGS.replace(initialization="focus")
    there, back = last_state(ramp_stack, LENS, settings), last_state(ramp_stack[::-1], turned, settings)
    assert (np.abs(back.confidence - there.confidence) < 1e-3).mean() > 0.99


def test_uncalibrated_planes_may_be_counted_from_either_end():
    depth = np.where(np.arange(SHAPE[1]) < 64, 1.5, 5.5) + np.zeros(SHAPE)
    free = UncalibratedFocus(planes=8, blur_per_plane=0.8)
    stack = model_stack(free, depth, texture(SHAPE, seed=4), (-1, 8), kernel="disc")
    settings = SolverSettings(epochs=1, initialization="focus")
    there, back = (last_state(planes, free, settings) for planes in (stack, stack[::-1]))
    assert abs(back.confidence[:, 58:70].mean() - there.confidence[:, 58:70].mean()) < 0.05


def test_the_scale_of_lengths_does_not_count(ramp_stack):
    scope = Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=np.arange(6) * 4.0, unit="um")
    depth = np.broadcast_to(np.linspace(-2, 22, SHAPE[1]), SHAPE)
    stack = model_stack(scope, depth, texture(SHAPE, seed=5), (-4, 24), kernel="disc")
    small = last_state(stack, scope, SolverSettings(epochs=1))
    positions = [position * 1e-3 for position in scope.focus_positions]
    other = Microscope(numerical_aperture=0.3, pixel_size=0.5e-3, focus_positions=positions, unit="mm")
    large = last_state(stack, other, SolverSettings(epochs=1))
    assert (np.abs(small.confidence - large.confidence) < 1e-2).mean() > 0.99


def test_the_table_knows_all_evidence_and_nothing_else(ramp_stack):
    evidence = dict(last_state(ramp_stack).estimate.evidence())
    assert set(Calibration.of("defocus").weights) == set(evidence)
    assert all(np.isfinite(values).all() for values in evidence.values())
    assert set(Calibration.of("focus").weights) == {"reliability"}


def test_the_distance_from_the_border_counts_up_to_a_few_pixels():
    expected = [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 0], [0, 1, 2, 2, 1, 0], [0, 1, 1, 1, 1, 0], [0] * 6]
    np.testing.assert_array_equal(from_border((5, 6), 9), expected)
    np.testing.assert_array_equal(from_border((5, 6), 1), np.minimum(expected, 1))


def test_evidence_adds_up_to_odds():
    calibration = Calibration.from_dict(
        {"intercept": 0.5, "weights": {"one": 2.0, "other": -1.0}, "note": ""}
    )
    one, other = np.random.default_rng(0).normal(size=(2, 4, 5)).astype(np.float32)
    confidence = calibration.probability([("one", one), ("other", other)])
    np.testing.assert_allclose(confidence, 1 / (1 + np.exp(-(0.5 + 2 * one - other))), rtol=1e-5)
    assert confidence.dtype == np.float32
    assert Calibration.from_dict(calibration.to_dict()) == calibration


def test_where_nothing_is_seen_nothing_is_known():
    optics = UncalibratedFocus(planes=4, blur_per_plane=1.0)
    flat = solve(np.full((4, 40, 40), 0.4, np.float32), optics, SolverSettings(epochs=1, white=1.0))
    assert (flat.confidence == 0).all()
