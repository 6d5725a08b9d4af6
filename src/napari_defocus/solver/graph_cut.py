"""Multi-label graph cut by alpha-expansion (gco-wrapper), with its traps closed."""

from collections.abc import Callable
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from napari_defocus.solver.edge_contrast import NeighbourWeights

COST_SCALE = 2_000_000
"""Largest integer cost: well below the 10,000,000 at which GCO refuses a term, and far above rounding."""

MAX_CYCLES = 5

WEIGHT_STEPS = 256
"""Steps in which weights between neighbours are told apart."""

_LOCK = Lock()  # GCO keeps its graphs in one unguarded table


def graph_cut_available() -> bool:
    """Whether gco-wrapper is installed and loads."""
    try:
        import gco  # noqa: F401
    except (ImportError, OSError, AttributeError, RuntimeError):
        return False
    return True


def integer_costs(data_cost: NDArray[np.float32], smoothness: float) -> tuple[NDArray[np.int32], int]:
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
    greatest = max(float(cost.max()), smoothness * (data_cost.shape[1] - 1), np.finfo(np.float32).tiny)
    scale = COST_SCALE / greatest
    pairwise = round(smoothness * scale)
    return np.rint(cost * scale).astype(np.int32), max(pairwise, 1) if smoothness > 0 else 0


def cut(
    data_cost: NDArray[np.float32],
    smoothness: float,
    progress: Callable[[float], None] | None = None,
    *,
    truncation: float | None = None,
    weights: NeighbourWeights | None = None,
) -> NDArray[np.int32]:
    """Labels that minimise data cost plus smoothness times label differences, 4-connected.

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
    from gco import GCO

    height, width, labels = data_cost.shape
    unary, pairwise = integer_costs(data_cost.reshape(-1, labels), smoothness)
    steps = np.arange(labels, dtype=np.float64)
    apart = np.abs(steps[:, None] - steps[None, :])
    if truncation is not None:
        apart = np.minimum(apart, truncation)
    sites = np.arange(height * width, dtype=np.int32).reshape(height, width)
    first = np.concatenate([sites[:, :-1].ravel(), sites[:-1].ravel()])
    second = np.concatenate([sites[:, 1:].ravel(), sites[1:].ravel()])
    factors = np.ones(len(first), np.int32)
    if weights is not None:
        pairwise //= WEIGHT_STEPS  # GCO multiplies the two, both whole
        between = np.concatenate([weights.across.ravel(), weights.down.ravel()])
        factors = np.maximum(np.rint(between * WEIGHT_STEPS), 1).astype(np.int32)
    # whole numbers keep the triangle inequality; with floats GCO may see it broken and end the process
    smooth_cost = np.rint(apart * pairwise).astype(np.int32)
    with _LOCK:
        graph = GCO()
        graph.create_general_graph(height * width, labels, energy_is_float=False)
        try:
            graph.set_data_cost(unary)
            graph.set_all_neighbors(first, second, factors)
            graph.set_smooth_cost(smooth_cost)
            _expand(graph, labels, progress)
            return np.asarray(graph.get_labels(), np.int32).reshape(height, width)
        finally:
            graph.destroy_graph()


def _expand(graph: object, labels: int, progress: Callable[[float], None] | None) -> None:
    """Expand each label in turn until a whole cycle changes nothing."""
    for cycle in range(MAX_CYCLES):
        changed = False
        for label in range(labels):
            changed |= bool(graph.expansion_on_alpha(label))  # type: ignore[attr-defined]
            if progress is not None:
                progress((cycle + (label + 1) / labels) / MAX_CYCLES)
        if not changed:
            return
