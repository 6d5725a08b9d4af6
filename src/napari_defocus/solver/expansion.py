"""Expansions by the project's own minimum cut of a pixel grid."""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.solver import expansion_kernels

Integers = NDArray[np.int32]


class ExpansionGraph:
    """A labelling of a pixel grid that expansions improve, with room for their graphs: 40 bytes a pixel.

    Parameters are the attributes of :class:`IntegerCosts`.
    """

    def __init__(self, unary: Integers, across: Integers, down: Integers, apart: Integers) -> None:
        height, width = len(across), down.shape[1]
        self._costs = np.ascontiguousarray(unary.T).reshape(-1, height, width), across, down, apart
        self._labels = np.zeros((height, width), np.int32)
        self._stride = width + 2
        nodes = (height + 2) * (width + 2)
        self._room = np.empty((4, nodes), np.int32)
        self._excess, self._intake, self._heights, self._queue = np.empty((4, nodes), np.int32)
        self._queued = np.empty(nodes, np.bool_)
        self._ring = np.empty(3, np.int64)

    def expand(self, label: int) -> bool:
        """Expand a label; returns whether that changed anything."""
        graph = self._room, self._excess, self._intake
        expansion_kernels.build_graph(self._labels, *self._costs, label, *graph)
        lower = expansion_kernels.cut_graph(
            self._stride, *graph, self._heights, self._queue, self._queued, self._ring
        )
        if lower:
            expansion_kernels.take_label(label, self._heights, self._labels)
        return bool(lower)

    def labels(self) -> Integers:
        """Return the labels, (Y, X)."""
        return self._labels
