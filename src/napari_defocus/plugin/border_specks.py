"""Specks at the border of a height map, which would stand in the 3-D view as spikes.

At the border a depth has fewer neighbours to be held by. A few pixels that are torn off there are more often
wrong than something small that the border happens to cut; in the midst of the map they are left alone.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

__all__ = ["border_specks"]

TORN = 0.2
"""Step between neighbours, as a part of the range of heights, from which they do not hang together."""

LARGEST = 0.0005
"""Share of the map's pixels that a speck has at most."""

BORDER = 2
"""Rows and columns on each side that are the border."""


def border_specks(height: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
    """Return which pixels are in a speck at the border.

    Parameters
    ----------
    height : ndarray, (Y, X)
        Height of each pixel; NaN where there is none.

    Returns
    -------
    ndarray of bool, (Y, X)
        Pixels in parts of few that are torn off from all around them, where parts that touch each other reach
        the border and are few still.
    """
    finite = height[np.isfinite(height)]
    if not finite.size:
        return np.zeros(height.shape, bool)
    low, high = np.percentile(finite, (0.5, 99.5))
    part = _parts(height, TORN * (high - low))
    torn = (np.bincount(part.ravel()) <= LARGEST * height.size)[part] & np.isfinite(height)
    speck, _ = label(torn, np.ones((3, 3)))
    taken = np.bincount(speck.ravel()) <= LARGEST * height.size
    at_border = np.zeros_like(taken)
    outer = np.ones(height.shape, bool)
    outer[BORDER:-BORDER, BORDER:-BORDER] = False
    at_border[speck[outer]] = True
    found: NDArray[np.bool_] = (taken & at_border)[speck] & torn
    return found


def _parts(height: NDArray[np.floating[Any]], step: float) -> NDArray[np.int32]:
    """Number the parts of a map within which neighbours differ by no more than a step."""
    index = np.arange(height.size).reshape(height.shape)
    ends = []
    for ahead, behind in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        close = np.abs(height[ahead] - height[behind]) <= step  # never next to a NaN
        ends.append((index[ahead][close], index[behind][close]))
    first, second = (np.concatenate(each) for each in zip(*ends, strict=True))
    graph = coo_array((np.ones(len(first), np.uint8), (first, second)), shape=(height.size, height.size))
    return connected_components(graph, directed=False)[1].reshape(height.shape)
