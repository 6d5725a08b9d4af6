"""Thin things and rims in front that the depth map has lost, set back to where their focus measure peaks.

A pixel that takes a nearer depth alone hides what is behind it and explains little; only with its neighbours
it pays. So the search for depth edges, pixel by pixel, does not find a twig that the smooth depth has
swallowed, though it keeps one that is there. The focus measure has seen it, among much that is wrong: what is
put here is a start for the search, which takes away what the rays do not bear out.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import label, minimum_filter, uniform_filter

from napari_defocus.optics.rays import ApertureRays
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver.blocks import Block, widened
from napari_defocus.solver.focus_cost import REACH as COST_REACH
from napari_defocus.solver.focus_cost import focus_costs, trust_of
from napari_defocus.solver.focus_start import pairs_in
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

TRUSTED = 0.8
"""Least trust in a peak of the focus measure, 0 to 1."""

TEXTURED = 0.7
"""Least mean trust around a pixel: on plain ground peaks tell of the texture beside it."""

TEXTURE_WINDOW = 31
"""Side of the window of that mean, px."""

NEARER = 3
"""Levels by which a peak must be nearer than the depth, at least."""

PLANES_NEARER = 1.5
"""The same in planes: a peak is no more exact than they are close."""

SURROUNDINGS = 9
"""Side of the square with whose nearest depth a peak is compared, px."""

BEHIND = 5
"""Levels by which a peak may be behind that: beside an edge those in between tell of neither side."""

LEAST_SIZE = 4
"""Least number of such pixels that touch."""

REACH = max(COST_REACH + TEXTURE_WINDOW // 2, SURROUNDINGS // 2 + LEAST_SIZE)
"""Distance from which a pixel's new depth is seen, px."""

TILE = (256, 256)
"""Tiles in which the focus measure is looked at, px."""


def with_near_detail(
    observations: Observations,
    rays: ApertureRays,
    coordinates: Floats,
    centers: NDArray[np.float64],
    noise: Noise,
    lights: Mask | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Depth with pixels at the peak of their focus measure where that is in front of what is around them.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    rays : ApertureRays
        What makes levels, the nearest first, of blur coordinates.
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    centers : ndarray, (planes,)
        Blur coordinates of the planes.
    noise : Noise
        Noise of the stack.
    lights : ndarray, (planes, Y, X), bool, optional
        Pairs of plane and pixel that tell nothing (glare).
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.

    Returns
    -------
    ndarray, (Y, X), float32
    """
    sharpest, trusted = np.empty(observations.shape, np.int32), np.empty(observations.shape, bool)

    def look(tile: Tile) -> tuple[Ints, Mask]:
        block = Block(tile, widened(tile, COST_REACH + TEXTURE_WINDOW // 2, observations.shape))
        costs = focus_costs(observations.window(block.outer.slices), noise, pairs_in(lights, block.outer))
        trust = trust_of(costs)
        textured = uniform_filter(trust, TEXTURE_WINDOW, mode="nearest") >= TEXTURED
        inside = block.inside
        return costs[(..., *inside)].argmin(axis=0), ((trust >= TRUSTED) & textured)[inside]

    for tile, (planes, sure) in map_tiles(look, split(observations.shape, TILE), threads, progress):
        sharpest[tile.slices], trusted[tile.slices] = planes, sure
    at_planes = rays.labels(centers.astype(np.float32))
    peaks, levels = at_planes[sharpest], rays.labels(coordinates)
    taken = lost(peaks, levels, np.sort(at_planes)) & trusted
    return np.where(of_size(taken), rays.levels[peaks], coordinates).astype(np.float32)


def lost(peaks: Ints, levels: Ints, planes: Ints) -> Mask:
    """Whether peaks are well in front of the depth, and not between it and something nearer, (Y, X).

    Parameters
    ----------
    peaks, levels : ndarray, (Y, X), int32
        Levels of the peaks and of the depth.
    planes : ndarray, (planes,), int32
        Levels of the planes in rising order.
    """
    apart = float(np.median(np.diff(planes))) if len(planes) > 1 else 0.0
    nearer = levels - peaks >= max(NEARER, PLANES_NEARER * apart)
    return np.asarray(nearer & (peaks <= minimum_filter(levels, SURROUNDINGS) + BEHIND))


def of_size(mask: Mask) -> Mask:
    """The mask without its smallest groups of pixels, which touch at least at corners."""
    groups, _ = label(mask, np.ones((3, 3)))
    return np.asarray(mask & (np.bincount(groups.ravel())[groups] >= LEAST_SIZE))
