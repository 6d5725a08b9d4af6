"""The cut with truncation and weights, and the relaxation, against every labelling of tiny images."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from marks import needs_gco
from numpy.testing import assert_array_equal

from napari_defocus.solver import graph_cut, label_kernels
from napari_defocus.solver.edge_contrast import LEAST_WEIGHT, NeighbourWeights
from napari_defocus.solver.graph_cut import cut

TINY = (2, 4)
by_each = pytest.mark.parametrize("by", [pytest.param("gco", marks=needs_gco), "own"], indirect=True)


@pytest.fixture
def by(request, monkeypatch):
    """Whose expansions the cut takes."""
    monkeypatch.setattr(graph_cut, "gco_available", lambda: request.param == "gco")


def even(shape):
    return NeighbourWeights(
        np.ones((shape[0], shape[1] - 1), np.float32), np.ones((shape[0] - 1, shape[1]), np.float32)
    )


def some_weights(rng, shape):
    """Weights with some edges, in the steps in which the cut tells them apart."""
    across, down = (
        np.where(rng.random(form) < 0.3, 8 / 256, rng.integers(64, 257, form) / 256).astype(np.float32)
        for form in ((shape[0], shape[1] - 1), (shape[0] - 1, shape[1]))
    )
    return NeighbourWeights(across, down)


def energy(labels, cost, smoothness, truncation=np.inf, weights=None):
    weights = weights or even(labels.shape)
    across = np.minimum(np.abs(np.diff(labels, axis=1)), truncation) * weights.across
    down = np.minimum(np.abs(np.diff(labels, axis=0)), truncation) * weights.down
    data = np.take_along_axis(cost, labels[..., None], -1).sum()
    return float(data + smoothness * (across.sum() + down.sum()))


def least_energy(cost, *parameters):
    labellings = product(range(cost.shape[-1]), repeat=cost[..., 0].size)
    return min(energy(np.reshape(labels, cost.shape[:2]), cost, *parameters) for labels in labellings)


@by_each
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("labels", [2, 3])
@pytest.mark.parametrize("truncation", [None, 1.0, 1.5])
def test_cut_with_truncation_and_weights_finds_the_least_energy(by, seed, labels, truncation):
    rng = np.random.default_rng(seed)
    shape = TINY if labels == 2 else (2, 3)
    cost = rng.random((*shape, labels)).astype(np.float32)
    weights = some_weights(rng, shape)
    parameters = (0.4, np.inf if truncation is None else truncation, weights)
    found = cut(cost, 0.4, truncation=truncation, weights=weights)
    assert energy(found, cost, *parameters) == pytest.approx(least_energy(cost, *parameters), abs=1e-4)


@by_each
def test_weights_of_1_change_nothing(by):
    cost = np.random.default_rng(1).random((12, 15, 4)).astype(np.float32)
    plain = cut(cost, 0.3)
    weighted = cut(cost, 0.3, weights=even((12, 15)))
    assert energy(weighted, cost, 0.3) == pytest.approx(energy(plain, cost, 0.3), rel=1e-3)


def test_weights_are_eased_by_half_between_two_pixels_that_know():
    weights = NeighbourWeights(np.full((2, 2), 0.8, np.float32), np.full((1, 3), 0.6, np.float32))
    eased = weights.eased(np.array([[1, 1, 0], [0.5, 0, 0]], np.float32))
    np.testing.assert_allclose(eased.across, [[0.4, 0.8], [0.8, 0.8]])
    np.testing.assert_allclose(eased.down, [[0.45, 0.6, 0.6]])


@by_each
def test_truncation_lets_a_small_thing_stand_far_before_the_ground(by):
    """A square four labels off is smoothed away unless its rim costs as little as a small step."""
    cost = np.zeros((9, 9, 5), np.float32)
    cost[..., 1:] = 0.5
    cost[3:6, 3:6] = [1, 1, 1, 1, 0]
    assert (cut(cost, 0.25)[3:6, 3:6] == 0).all()
    assert (cut(cost, 0.25, truncation=1.5)[3:6, 3:6] == 4).all()


@by_each
def test_labels_change_where_the_weights_are_small(by):
    cost = np.zeros((6, 12, 2), np.float32)
    cost[:, :3, 1] = cost[:, 9:, 0] = 1  # nothing is known of the columns between
    weights = even((6, 12))
    weights.across[:, 6] = LEAST_WEIGHT
    assert_array_equal(cut(cost, 0.5, weights=weights), np.broadcast_to(np.arange(12) > 6, (6, 12)))


@by_each
@pytest.mark.parametrize("smoothness", [0.0, 1e-45, 0.3])
def test_where_all_costs_are_alike_all_labels_are(by, smoothness):
    labels = cut(np.full((5, 6, 3), 0.7, np.float32), smoothness)
    assert (labels == labels[0, 0]).all()


@needs_gco
def test_the_next_cut_can_begin_after_one_that_failed(monkeypatch):
    import gco

    def fail(*_, **__):
        raise MemoryError

    cost = np.random.default_rng(0).random((4, 5, 3)).astype(np.float32)
    with monkeypatch.context() as patch:
        patch.setattr(gco.GCO, "create_general_graph", fail)
        with pytest.raises(MemoryError):
            cut(cost, 0.3)
    assert cut(cost, 0.3).shape == (4, 5)


@needs_gco
@given(
    labels=st.integers(2, 9),
    smoothness=st.floats(1e-5, 1e3),
    truncation=st.floats(1, 10),
    weighted=st.booleans(),
)
@hypothesis_settings(deadline=None, max_examples=60)
def test_costs_handed_to_gco_keep_the_triangle_inequality(labels, smoothness, truncation, weighted):
    import gco

    seen = []

    class Watched(gco.GCO):
        def set_smooth_cost(self, costs):
            seen.append(np.array(costs, np.int64))
            super().set_smooth_cost(costs)

    cost = np.random.default_rng(0).random((2, 2, labels)).astype(np.float32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gco, "GCO", Watched)
        cut(cost, smoothness, truncation=truncation, weights=even((2, 2)) if weighted else None)
    (pairs,) = seen
    assert (np.diag(pairs) == 0).all()
    assert_array_equal(pairs, pairs.T)
    assert (pairs[:, :, None] <= pairs[:, None, :] + pairs.T[None]).all()


def relax(labels, cost, smoothness, truncation, weights, backwards=False):
    """One sweep in place; cost (Y, X, labels)."""
    planes = np.ascontiguousarray(np.moveaxis(cost, -1, 0))
    return label_kernels.relax_labels(
        planes,
        weights.across,
        weights.down,
        np.float32(smoothness),
        np.float32(truncation),
        backwards,
        labels,
    )


@pytest.mark.parametrize("truncation", [1.5, np.inf])
@pytest.mark.parametrize("seed", range(5))
def test_relaxation_never_raises_the_energy(seed, truncation):
    rng = np.random.default_rng(seed)
    cost, weights = rng.random((20, 25, 6)).astype(np.float32), some_weights(rng, (20, 25))
    labels = rng.integers(0, 6, (20, 25)).astype(np.int32)
    energies, changes = [energy(labels, cost, 0.4, truncation, weights)], []
    for sweep in range(30):
        before = labels.copy()
        changes.append(relax(labels, cost, 0.4, truncation, weights, sweep % 2 == 1))
        assert (changes[-1] > 0) == (labels != before).any()
        energies.append(energy(labels, cost, 0.4, truncation, weights))
    assert (np.diff(energies) <= 1e-4).all()
    assert energies[-1] < 0.8 * energies[0]
    assert changes[0] > 100
    assert changes[-1] == 0


def test_relaxation_without_smoothness_is_the_least_cost():
    rng = np.random.default_rng(2)
    cost, labels = rng.random((7, 8, 4)).astype(np.float32), np.zeros((7, 8), np.int32)
    relax(labels, cost, 0.0, 1.5, even((7, 8)))
    assert_array_equal(labels, cost.argmin(-1))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("truncation", [1.5, np.inf])
def test_relaxation_of_the_best_labelling_leaves_it(seed, truncation):
    rng = np.random.default_rng(seed)
    cost, weights = rng.random((2, 3, 3)).astype(np.float32), some_weights(rng, (2, 3))
    labellings = [np.reshape(labels, (2, 3)) for labels in product(range(3), repeat=6)]
    best = min(labellings, key=lambda labels: energy(labels, cost, 0.4, truncation, weights))
    labels = best.astype(np.int32)
    assert relax(labels, cost, 0.4, truncation, weights) == 0
    assert_array_equal(labels, best)


def test_relaxation_mends_a_lone_pixel_and_brings_coarse_steps_to_the_slanted_edge():
    """A border in steps of 3 px along an edge that the image shows and the costs hardly tell."""
    shape = (12, 18)
    rows, columns = np.indices(shape)
    truth = np.where(rows + columns < 14, 0, 3).astype(np.int32)
    cost = np.full((*shape, 4), 0.1, np.float32)
    np.put_along_axis(cost, truth[..., None], 0, -1)
    cost[4, 2] = [0.3, 0.3, 0, 0.3]
    weights = NeighbourWeights(
        np.where(np.diff(truth, axis=1), LEAST_WEIGHT, 1).astype(np.float32),
        np.where(np.diff(truth, axis=0), LEAST_WEIGHT, 1).astype(np.float32),
    )
    labels = np.ascontiguousarray(np.kron(truth[1::3, 1::3], np.ones((3, 3), np.int32)))
    labels[4, 2] = 2
    assert (labels != truth).sum() > 10
    for sweep in range(4):
        relax(labels, cost, 0.5, 1.5, weights, sweep % 2 == 1)
    assert_array_equal(labels, truth)
