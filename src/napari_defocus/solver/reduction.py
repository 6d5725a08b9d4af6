"""The reduced grid on which large stacks are cut."""

import numpy as np

MAX_CUT_SIZE = 1_500_000
"""Greatest number of pixels times labels in one graph; larger stacks are cut on a reduced grid."""


def reduction(planes: int, shape: tuple[int, int]) -> int:
    """Factor by which the grid of the graph cut is coarser than an image of `shape`."""
    size = planes * shape[0] * shape[1]
    return int(np.ceil(np.sqrt(size / MAX_CUT_SIZE)))
