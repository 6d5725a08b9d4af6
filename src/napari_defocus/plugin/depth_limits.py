"""Contrast limits of depth maps."""

from typing import Any

import numpy as np

__all__ = ["limits_suit", "robust_limits"]

LARGEST_SAMPLE = 512
"""Rows and columns of a depth map that are looked at for its contrast limits."""

MOST_CLIPPED = 0.05
"""Share of the depths beyond the contrast limits up to which these are kept."""

LEAST_SPAN = 0.5
"""Part of the contrast limits that the depths span at least if these are kept."""


def robust_limits(depth: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    """Return limits that leave out a few wild values, from a sample of large maps."""
    finite = _sample(depth)
    if not finite.size:
        return otherwise
    low, high = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return (low, high) if high > low else otherwise


def limits_suit(depth: Any, limits: tuple[float, float]) -> bool:
    """Whether a map can be read in given limits: little is clipped, and it spans a good part of them."""
    finite = _sample(depth)
    if not finite.size:
        return True
    low, high = limits
    clipped = np.count_nonzero((finite < low) | (finite > high)) / finite.size
    least, greatest = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return bool(clipped <= MOST_CLIPPED and greatest - least >= LEAST_SPAN * (high - low))


def _sample(depth: Any) -> Any:
    """The finite depths of every so-manyth pixel of a large map."""
    sample = depth[tuple(slice(None, None, -(-length // LARGEST_SAMPLE)) for length in depth.shape)]
    return sample[np.isfinite(sample)]
