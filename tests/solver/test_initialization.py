import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from marks import needs_gco
from numpy.testing import assert_array_equal
from stacks import PAPER, model_stack, ramp, texture

from napari_defocus.errors import CancelledError
from napari_defocus.optics import ThinLens
from napari_defocus.solver import SolverSettings, initialization, reduction
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.graph_cut import COST_SCALE, cut, integer_costs
from napari_defocus.solver.initialization import mosaic, start_of
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.sharpness import sharpness_cost

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0])
SHAPE = (60, 90)
both_cuts = pytest.mark.parametrize("settings", [PAPER, SolverSettings()], ids=["paper", "focus"])


def energy(labels, cost, smoothness):
    data = np.take_along_axis(cost, labels[..., None], -1).sum()
    return data + smoothness * (np.abs(np.diff(labels, axis=0)).sum() + np.abs(np.diff(labels, axis=1)).sum())


@pytest.fixture(scope="module")
def ramp_stack():
    depth = ramp((1.0, 5.0), SHAPE)
    stack = model_stack(LENS, depth, texture(SHAPE, 3), (0.9, 6.0))
    nearest = np.abs(1 / depth[..., None] - LENS.centers).argmin(-1)
    return load_stack(stack, 1.0), nearest


@given(
    least=st.floats(-1e4, 1e4),
    spread=st.floats(1e-5, 1e4),
    smoothness=st.floats(1e-6, 1e3),
    labels=st.integers(2, 40),
)
@settings(deadline=None)
def test_integer_costs_keep_their_precision_and_never_overflow(least, spread, smoothness, labels):
    cost = (least + spread * np.random.default_rng(0).random((50, labels))).astype(np.float32)
    unary, pairwise = integer_costs(cost, smoothness)
    assert unary.min() >= 0
    assert max(unary.max(), pairwise * (labels - 1)) <= 1.001 * COST_SCALE + labels
    assert pairwise >= 1
    if smoothness * labels < spread and spread > 1e-2 * abs(least):
        assert len(np.unique(unary[0])) == len(np.unique(cost[0]))


def test_cut_finds_the_least_energy_of_a_tiny_problem():
    rng = np.random.default_rng(3)
    cost = rng.random((2, 3, 2)).astype(np.float32)
    labels = cut(cost, 0.3)
    every = np.array(np.meshgrid(*[[0, 1]] * 6)).reshape(6, -1).T.reshape(-1, 2, 3)
    least = min(energy(candidate, cost, 0.3) for candidate in every)
    assert energy(labels, cost, 0.3) == pytest.approx(least, abs=1e-4)


def test_without_smoothness_the_cut_is_the_least_cost():
    cost = np.random.default_rng(4).random((20, 30, 5)).astype(np.float32)
    assert_array_equal(cut(cost, 0.0), cost.argmin(-1))


def test_smoothness_lowers_the_energy_below_that_of_the_least_cost():
    cost = np.random.default_rng(5).random((20, 30, 5)).astype(np.float32)
    assert energy(cut(cost, 0.2), cost, 0.2) < energy(cost.argmin(-1), cost, 0.2)


def test_cut_stops_between_expansions_and_can_be_used_again():
    def stop(share):
        raise CancelledError

    cost = np.random.default_rng(6).random((20, 30, 5)).astype(np.float32)
    with pytest.raises(CancelledError):
        cut(cost, 0.2, stop)
    assert cut(cost, 0.2).shape == (20, 30)


@both_cuts
def test_labels_of_a_ramp_are_the_nearest_planes(ramp_stack, settings):
    observations, nearest = ramp_stack
    start = start_of(observations, LENS, settings)
    assert start.notes == ()
    assert (start.labels == nearest).mean() > 0.7  # 0.29 where integer costs collapse


@both_cuts
def test_reduced_grid_agrees_with_the_full_one(ramp_stack, monkeypatch, settings):
    observations, nearest = ramp_stack
    full = start_of(observations, LENS, settings).labels
    monkeypatch.setattr(reduction, "MAX_CUT_SIZE", observations.count * SHAPE[0] * SHAPE[1] // 7)
    assert reduction.reduction(observations.count, SHAPE) == 3
    reduced = start_of(observations, LENS, settings).labels
    assert (np.abs(reduced - full) <= 1).mean() > 0.98
    assert (reduced == nearest).mean() > 0.65


@pytest.mark.parametrize("settings", [PAPER, SolverSettings(), SolverSettings(initialization="focus")])
def test_start_holds_what_the_settings_ask_for(ramp_stack, settings):
    start = start_of(ramp_stack[0], LENS, settings)
    asked = settings.focus_prior > 0
    assert (start.noise is not None) == asked
    assert (start.peaks is not None) == asked


@both_cuts
def test_progress_of_the_start_rises_and_can_stop_it(ramp_stack, settings):
    shares = []
    start_of(ramp_stack[0], LENS, settings, shares.append)
    assert shares == sorted(shares)
    assert shares[0] > 0
    assert shares[-1] <= 1

    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        start_of(ramp_stack[0], LENS, settings, stop)


@pytest.mark.parametrize("kind", ["sobel", "laplacian", "log"])
def test_sharper_planes_cost_less(kind):
    sharp = texture((40, 40))[0]
    blurred = texture((40, 40), smooth=3.0)[0]
    assert sharpness_cost(sharp, kind, 2.0).mean() < sharpness_cost(blurred, kind, 2.0).mean()


@needs_gco
@both_cuts
def test_without_gco_the_labels_are_the_same(ramp_stack, monkeypatch, settings):
    observations, _ = ramp_stack
    labels = start_of(observations, LENS, settings).labels
    monkeypatch.setitem(sys.modules, "gco", None)
    assert_array_equal(start_of(observations, LENS, settings).labels, labels)


def test_focus_initialization_does_not_need_gco(ramp_stack, monkeypatch):
    observations, _ = ramp_stack
    monkeypatch.setitem(sys.modules, "gco", None)
    start = start_of(observations, LENS, SolverSettings(initialization="focus"))
    assert start.notes == ()
    assert set(np.unique(start.labels)) <= set(range(5))


def test_focus_initialization_is_the_classic_measure(ramp_stack):
    observations, _ = ramp_stack
    labels = start_of(observations, LENS, SolverSettings(initialization="focus")).labels
    measures = [
        sum_modified_laplacian(observations.grey(k), initialization.FOCUS_WINDOW)
        for k in range(observations.count)
    ]
    assert_array_equal(labels, np.argmax(measures, axis=0))


def test_mosaic_takes_each_pixel_from_its_plane(ramp_stack):
    observations, nearest = ramp_stack
    image = mosaic(observations, nearest.astype(np.int32))
    assert_array_equal(image[:, 5, 7], observations.plane(nearest[5, 7])[:, 5, 7])
