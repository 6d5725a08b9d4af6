"""Expansions by gco-wrapper, with its traps closed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int32]

_LOCK = Lock()  # GCO keeps its graphs in one unguarded table


def gco_available() -> bool:
    """Whether gco-wrapper is installed and loads."""
    try:
        with warnings.catch_warnings():  # it asks NumPy for its bool, of which 1.26 warns
            warnings.simplefilter("ignore", FutureWarning)
            import gco  # noqa: F401
    except (ImportError, OSError, AttributeError, RuntimeError):
        return False
    return True


class GcoGraph:
    """A grid of pixels in GCO.

    Parameters
    ----------
    graph : GCO
        The graph.
    shape : (int, int)
        Rows and columns of the grid.
    """

    def __init__(self, graph: Any, shape: tuple[int, int]) -> None:
        self._graph = graph
        self._shape = shape

    def expand(self, label: int) -> bool:
        """Expand a label; returns whether that changed anything."""
        return bool(self._graph.expansion_on_alpha(label))

    def labels(self) -> Integers:
        """Return the labels, (Y, X)."""
        return np.asarray(self._graph.get_labels(), np.int32).reshape(self._shape)


@contextmanager
def gco_graph(unary: Integers, across: Integers, down: Integers, apart: Integers) -> Iterator[GcoGraph]:
    """Graph of an energy in GCO, for as long as the block lasts; other threads wait for theirs.

    Parameters are the attributes of :class:`IntegerCosts`.
    """
    from gco import GCO

    height, width = len(across), down.shape[1]
    sites = np.arange(height * width, dtype=np.int32).reshape(height, width)
    first = np.concatenate([sites[:, :-1].ravel(), sites[:-1].ravel()])
    second = np.concatenate([sites[:, 1:].ravel(), sites[1:].ravel()])
    with _LOCK:
        graph = GCO()
        graph.create_general_graph(height * width, len(apart), energy_is_float=False)
        try:
            graph.set_data_cost(unary)
            graph.set_all_neighbors(first, second, np.concatenate([across.ravel(), down.ravel()]))
            graph.set_smooth_cost(apart)
            yield GcoGraph(graph, (height, width))
        finally:
            graph.destroy_graph()
