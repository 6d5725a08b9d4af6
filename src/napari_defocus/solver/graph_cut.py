"""Multi-label graph cut by alpha-expansion: costs in whole numbers, and the expansions in turn."""

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from napari_defocus.solver.edge_contrast import NeighbourWeights
from napari_defocus.solver.expansion import ExpansionGraph
from napari_defocus.solver.gco_graph import gco_available, gco_graph

Integers = NDArray[np.int32]

COST_SCALE = 2_000_000
"""Largest integer cost: well below the 10,000,000 at which GCO refuses a term, and far above rounding."""

MAX_CYCLES = 5

WEIGHT_STEPS = 256
"""Steps in which weights between neighbours are told apart."""


class Graph(Protocol):
    """A labelling of a pixel grid, label 0 everywhere at first, that expansions improve."""

    def expand(self, label: int) -> bool:
        """Give the label to the pixels for which that lowers the energy most; returns whether it did."""
        ...

    def labels(self) -> Integers:
        """Return the labels, (Y, X)."""
        ...


@dataclass(frozen=True, eq=False)
class IntegerCosts:
    """An energy in whole numbers, which neither overflow nor break the triangle inequality.

    Attributes
    ----------
    unary : ndarray, (sites, labels), int32
        Costs of the labels, the least of each site 0; sites row by row.
    across : ndarray, (Y, X - 1), int32
        Weights between neighbours in a row.
    down : ndarray, (Y - 1, X), int32
        Weights between neighbours in a column.
    apart : ndarray, (labels, labels), int32
        Costs of two labels side by side, times the weight.
    """

    unary: Integers
    across: Integers
    down: Integers
    apart: Integers


def integer_costs(data_cost: NDArray[np.float32], smoothness: float) -> tuple[Integers, int]:
    """Scale costs to integers that keep their precision and cannot overflow.

    Parameters
    ----------
    data_cost : ndarray, (sites, labels)
        Data costs, any finite values.
    smoothness : float
        Cost of one label of difference between neighbours.

    Returns
    -------
    unary : ndarray, (sites, labels), int32
        Data costs with the least of each site at 0.
    pairwise : int
        Smoothness on the same scale.
    """
    cost = data_cost - data_cost.min(axis=1, keepdims=True)
    greatest = max(float(cost.max()), smoothness * (data_cost.shape[1] - 1))
    scale = COST_SCALE / greatest if greatest > np.finfo(np.float32).tiny else 1.0  # else all cost the same
    pairwise = round(smoothness * scale)
    return np.rint(cost * scale).astype(np.int32), max(pairwise, 1) if smoothness > 0 else 0


def cut(
    data_cost: NDArray[np.float32],
    smoothness: float,
    progress: Callable[[float], None] | None = None,
    *,
    truncation: float | None = None,
    weights: NeighbourWeights | None = None,
) -> Integers:
    """Labels that minimise data cost plus smoothness times label differences, 4-connected.

    By gco-wrapper where it is installed, else by the project's own expansion; the labels are the same.

    Parameters
    ----------
    data_cost : ndarray, (Y, X, labels), float32
        Cost of each label at each pixel.
    smoothness : float
        Cost of one label of difference between neighbours, not negative.
    progress : callable, optional
        Gets the share of the expansions that are done; may raise to stop between two.
    truncation : float, optional
        Label difference beyond which neighbours cost no more, at least 1. None: none.
    weights : NeighbourWeights, optional
        Factors up to 1 on the smoothness between neighbours. None: 1.

    Returns
    -------
    labels : ndarray, (Y, X), int32
    """
    costs = _in_whole_numbers(data_cost, smoothness, truncation, weights)
    parts = costs.unary, costs.across, costs.down, costs.apart
    graph: Graph
    with gco_graph(*parts) if gco_available() else nullcontext(ExpansionGraph(*parts)) as graph:
        _expand(graph, data_cost.shape[2], progress)
        return graph.labels()


def _in_whole_numbers(
    data_cost: NDArray[np.float32],
    smoothness: float,
    truncation: float | None,
    weights: NeighbourWeights | None,
) -> IntegerCosts:
    height, width, labels = data_cost.shape
    unary, pairwise = integer_costs(data_cost.reshape(-1, labels), smoothness)
    steps = np.arange(labels, dtype=np.float64)
    apart = np.abs(steps[:, None] - steps[None, :])
    if truncation is not None:
        apart = np.minimum(apart, truncation)
    if weights is None:
        across, down = np.ones((height, width - 1), np.int32), np.ones((height - 1, width), np.int32)
    else:
        pairwise //= WEIGHT_STEPS  # the two are multiplied, both whole
        across, down = (
            np.maximum(np.rint(between * WEIGHT_STEPS), 1).astype(np.int32)
            for between in (weights.across, weights.down)
        )
    # whole numbers keep the triangle inequality; with floats GCO may see it broken and end the process
    return IntegerCosts(unary, across, down, np.rint(apart * pairwise).astype(np.int32))


def _expand(graph: Graph, labels: int, progress: Callable[[float], None] | None) -> None:
    """Expand each label in turn until as many as there are have changed nothing."""
    unchanged = 0
    for turn in range(MAX_CYCLES * labels):
        unchanged = 0 if graph.expand(turn % labels) else unchanged + 1
        if unchanged == labels:
            return
        if progress is not None:
            progress((turn + 1) / (MAX_CYCLES * labels))
