"""The project's own expansions against GCO's, scipy's maximum flow and every labelling."""

from itertools import product

import numpy as np
import pytest
from marks import needs_gco
from numpy.testing import assert_array_equal
from scipy.ndimage import gaussian_filter
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

from napari_defocus.solver import expansion_kernels
from napari_defocus.solver.expansion import ExpansionGraph
from napari_defocus.solver.gco_graph import gco_graph


def problem(seed, shape=(30, 40), labels=6, *, plain=0.3):
    """Costs of a noisy relief in whole numbers; a share of the pixels is plain, so that there are ties."""
    rng = np.random.default_rng(seed)
    relief = gaussian_filter(rng.random(shape), 5)
    relief = (labels - 1) * (relief - relief.min()) / np.ptp(relief)
    unary = 40 * np.abs(np.arange(labels) - relief[..., None]) + rng.integers(0, 200, (*shape, labels))
    unary[rng.random(shape) < plain] = 0
    across, down = (
        rng.integers(1, 4, form).astype(np.int32)
        for form in ((shape[0], shape[1] - 1), (shape[0] - 1, shape[1]))
    )
    steps = np.arange(labels)
    apart = 30 * np.minimum(np.abs(steps[:, None] - steps), 2)
    return unary.reshape(-1, labels).astype(np.int32), across, down, apart.astype(np.int32)


def energy(labels, unary, across, down, apart):
    data = np.take_along_axis(unary, labels.reshape(-1, 1), 1).sum()
    return (
        data
        + (across * apart[labels[:, :-1], labels[:, 1:]]).sum()
        + (down * apart[labels[:-1], labels[1:]]).sum()
    )


@needs_gco
@pytest.mark.parametrize("seed", range(4))
def test_labels_are_those_of_gco_after_each_expansion(seed):
    costs = problem(seed)
    ours = ExpansionGraph(*costs)
    with gco_graph(*costs) as theirs:
        for label in [*range(6), *range(6)]:
            assert ours.expand(label) == theirs.expand(label)
            assert_array_equal(ours.labels(), theirs.labels())
    assert len(np.unique(ours.labels())) > 3


@pytest.mark.parametrize("seed", range(4))
def test_each_expansion_finds_the_least_energy_that_it_can(seed):
    shape = (3, 4)
    costs = problem(seed, shape, 3, plain=0.0)
    graph = ExpansionGraph(*costs)
    for label in (1, 2, 0, 1):
        before = graph.labels().copy()
        reachable = [
            np.where(np.reshape(takes, shape), label, before) for takes in product([False, True], repeat=12)
        ]
        changed = graph.expand(label)
        assert energy(graph.labels(), *costs) == min(energy(labels, *costs) for labels in reachable)
        assert changed == (energy(graph.labels(), *costs) < energy(before, *costs))


@pytest.mark.parametrize("seed", range(3))
def test_the_cut_is_as_small_as_the_greatest_flow(seed):
    """The energy that an expansion saves is what cannot be taken up."""
    costs = problem(seed)
    graph = ExpansionGraph(*costs)
    graph.expand(2)
    graph.expand(4)
    before = graph.labels().copy()
    room, excess, intake = (np.empty_like(array) for array in (graph._room, graph._excess, graph._intake))
    expansion_kernels.build_graph(before, *graph._costs, 3, room, excess, intake)
    nodes, stride = excess.size, graph._stride
    places, source, sink = np.arange(nodes), nodes, nodes + 1
    near = places[:, None] + [1, -1, stride, -stride]
    ends = [(places, near[:, way], room[way]) for way in range(4)]
    ends += [(np.full(nodes, source), places, excess), (places, np.full(nodes, sink), intake)]
    first, second, capacity = (np.concatenate(parts) for parts in zip(*ends, strict=True))
    kept = capacity > 0
    network = csr_array((capacity[kept], (first[kept], second[kept])), shape=(nodes + 2, nodes + 2))
    network.indices, network.indptr = network.indices.astype(np.int32), network.indptr.astype(np.int32)
    flow = maximum_flow(network, source, sink).flow_value
    graph.expand(3)
    saved = energy(before, *costs) - energy(graph.labels(), *costs)
    assert saved > 0
    assert saved == excess.sum() - flow


def test_what_cannot_be_lowered_is_left():
    costs = problem(0)
    graph = ExpansionGraph(*costs)
    lower = True
    while lower:
        lower = sum(graph.expand(label) for label in range(6)) > 0
    labels = graph.labels().copy()
    assert not graph.expand(3)
    assert_array_equal(graph.labels(), labels)
