"""Contrast limits of depth maps."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image

from napari_defocus.plugin.depth_layers import depth_layers, entry_of, unit_of

__all__ = ["DepthLimits", "Limits", "limits_suit", "robust_limits"]

Limits = tuple[float, float]

LARGEST_SAMPLE = 512
"""Rows and columns of a depth map that are looked at for its contrast limits."""

MOST_CLIPPED = 0.05
"""Share of the depths beyond the contrast limits up to which these are kept."""

FLAT = 1e-5
"""Span of the depths, in units of the greatest, up to which they are one: the rest is rounding."""

LEAST_SPAN = 0.5
"""Part of the contrast limits that the depths span at least if these are kept."""


def robust_limits(depth: Any, otherwise: Limits) -> Limits:
    """Return limits that leave out a few wild values, from a sample of large maps."""
    finite = _sample(depth)
    if not finite.size:
        return otherwise
    low, high = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return (low, high) if high - low > FLAT * max(abs(low), abs(high)) else otherwise


def limits_suit(depth: Any, limits: Limits) -> bool:
    """Whether a map can be read in given limits: little is clipped, and it spans a good part of them."""
    finite = _sample(depth)
    if not finite.size:
        return True
    low, high = limits
    least, greatest = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return little_clipped(finite, limits) and greatest - least >= LEAST_SPAN * (high - low)


def little_clipped(depth: Any, limits: Limits) -> bool:
    """Whether few depths are beyond given limits."""
    finite = _sample(depth)
    low, high = limits
    return bool(np.count_nonzero((finite < low) | (finite > high)) <= MOST_CLIPPED * finite.size)


class DepthLimits:
    """Contrast limits of the depth map of a run.

    Where it lies over another map of the same stack, the same colour is to mean the same depth: it gets the
    limits of that map unless too much of it would lie beyond them.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    source : str
        Name of the layer of the stack.
    unit : str
        Unit of the depth.
    otherwise : (float, float)
        Limits of a map without depths.
    """

    def __init__(self, viewer: ViewerModel, source: str, unit: str, otherwise: Limits) -> None:
        self._viewer, self._source, self._unit, self._otherwise = viewer, source, unit, otherwise
        self._settled = otherwise
        self.told = ""

    def first(self, depth: Any) -> Limits:
        """Return the limits for the first result."""
        self._settled = self._as_below(depth, None) or robust_limits(depth, self._otherwise)
        return self._settled

    def last(self, layer: Image, depth: Any) -> None:
        """Keep the limits of the first result unless they do not suit the last one; the user's stay."""
        if tuple(layer.contrast_limits) != self._settled:
            self.told = ""
            return
        limits = self._as_below(depth, layer)
        if limits is None and not limits_suit(depth, self._settled):
            limits = robust_limits(depth, self._otherwise)
        if limits is not None:
            layer.contrast_limits = limits

    def _as_below(self, depth: Any, layer: Image | None) -> Limits | None:
        """Limits of the topmost map of the same stack that is seen, if they hold a map; and tell of it."""
        others = (other for other in depth_layers(self._viewer) if other is not layer and other.visible)
        below = next((other for other in others if self._same(other)), None)
        self.told = ""
        if below is None:
            return None
        limits = float(below.contrast_limits[0]), float(below.contrast_limits[1])
        if not little_clipped(depth, limits):
            self.told = f"Colours differ from those of {below.name}, which has other depths."
            return None
        self.told = f"Colours as in {below.name}."
        return limits

    def _same(self, other: Image) -> bool:
        """Whether a map tells depths of the same stack in the same unit; levelled ones are from a plane."""
        entry = entry_of(other)
        alike = entry.get("source") == self._source and unit_of(other) == self._unit
        return alike and not entry.get("levelled")


def _sample(depth: Any) -> Any:
    """The finite depths of every so-manyth pixel of a large map."""
    sample = depth[tuple(slice(None, None, -(-length // LARGEST_SAMPLE)) for length in depth.shape)]
    return sample[np.isfinite(sample)]
