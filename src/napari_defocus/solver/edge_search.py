"""Search of a tile for the depth edges that its rays explain best."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_defocus.optics.rays import FARTHEST
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import occlusion_kernels, reroute_kernels
from napari_defocus.solver.blocks import Block
from napari_defocus.solver.ray_tile import SEARCH, RayTile, edge_band, least_step

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

AGAIN = 3
"""Side of the square around a pixel that has changed that is visited again, px."""

DISTANCES = 1, 2, 4
"""Distances of the neighbours whose depths are tried, px."""

CANDIDATES = 4
"""Most depths that are tried at a pixel."""

SPAN = 0.14
"""Step of depth from which on the smoothness costs no more, as a share of the range of depth."""

CONTRAST = 100.0
"""Squared difference of two pixels that divides the smoothness between them by e, in units of the misfit."""


class Effort(NamedTuple):
    """How depth edges are searched for.

    Attributes
    ----------
    visited : tuple of int
        Side of the square around a depth edge whose pixels are visited, in each round, px: nine of ten pixels
        that get another depth are next to an edge, and they take the edge with them.
    smoothness : float
        Cost of an edge between two pixels, in units of the misfit.
    """

    visited: tuple[int, ...]
    smoothness: float


FIRST = Effort((4, 3, 3), 3.0)
"""Of the first search, after which a median takes away single pixels."""

LAST = Effort((3, 3), 4.0)
"""Of the last."""


def search_tile(
    part: RayTile, block: Block, all_labels: Ints, image: Floats, misfit: float, effort: Effort
) -> tuple[Ints, Floats]:
    """Levels of a tile's inner pixels after the search, and the image that goes with them.

    The image is solved for once, around all edges that there are at first; then the search keeps it up to
    date, as it does what the rays see.

    Parameters
    ----------
    part : RayTile
        The outer tile and what its rays reach.
    block : Block
        The tile: the outer one is searched, the inner one kept.
    all_labels : ndarray, (Y, X), int32
        Levels of the whole image.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image, whole.
    misfit : float
        Typical squared residual, which scales the smoothness.
    effort : Effort
        Rounds and smoothness.

    Returns
    -------
    labels : ndarray, (y, x), int32
    image : ndarray, (channels, y, x), float32
        With more noise than :func:`occlusion.solve_band` leaves.
    """
    window, rays = part.window, part.rays
    width, levels = window.shape[1], len(rays.levels)
    labels = np.ascontiguousarray(window.cut(all_labels))
    whole = part.flat(image)
    searched = np.zeros(window.shape, bool)
    searched[_within(block.outer, window.tile)] = True
    channels = whole.shape[1]
    offsets = rays.offsets(width)
    most = offsets.shape[1] * offsets.shape[2]
    runs = np.empty((len(offsets), 6, most), np.int32)
    begins, ends = np.empty((2, len(offsets), levels + 1), np.int32)
    slot_at = np.empty(2 * FARTHEST * (width + 1) + 1, np.int32)
    spans = zip(*rays.spans(SEARCH.sharp), strict=True)
    slots = max(
        reroute_kernels.find_runs(
            offsets[plane], *span, labels.size, runs[plane], begins[plane], ends[plane], slot_at
        )
        for plane, span in enumerate(spans)
    )
    used = part.used
    neighbours = np.array(
        [
            step * (dy * width + dx)
            for step in DISTANCES
            for dy in (-1, 0, 1)
            for dx in (-1, 0, 1)
            if dy or dx
        ],
        np.int32,
    )
    free, guide = part.free(edge_band(labels, levels, SEARCH.band)), part.mosaic(labels)
    traced = part.trace(labels, free, SEARCH.sharp)
    alike, clear = np.ones(len(traced.pixels), np.float32), np.ones(labels.size, np.float32)
    solved = part.solve_image(traced, whole, guide, free, SEARCH, alike, clear)
    residual = traced.forward(solved) - part.observed(traced)
    solved = traced.with_sides(solved)
    pair_of = np.full((len(rays.reach), labels.size), -1, np.int32)
    pair_of[traced.planes, traced.pixels] = np.arange(len(traced.pixels))
    stop_at = np.full((len(offsets), offsets.shape[1] * labels.size), -1, np.int8)
    reroute_kernels.find_stops(traced.planes, traced.pixels, traced.stops, stop_at)
    before = labels
    for count, side in enumerate(effort.visited):
        wanted = edge_band(labels, levels, side) & searched
        if count:
            wanted &= maximum_filter(labels != before, AGAIN)
        todo = np.flatnonzero(wanted).astype(np.int32)[:: -1 if count % 2 else 1].copy()
        if len(todo) == 0:
            break
        before, labels = labels, labels.copy()
        guide = part.mosaic(labels) if count else guide
        occlusion_kernels.search(
            todo,
            width,
            labels.ravel(),
            np.concatenate([window.source, window.source + labels.size])[: len(solved)],
            offsets,
            used,
            runs,
            begins,
            ends,
            rays.spans(FARTHEST)[1],
            rays.tolerance,
            len(solved) - labels.size,
            np.float32(rays.side_light),
            pair_of,
            traced.hits,
            stop_at,
            residual,
            solved,
            part.stack,
            part.sharpest,
            guide,
            neighbours,
            least_step(levels),
            max(1, int(SPAN * levels)),
            np.float32(effort.smoothness * misfit * channels),
            np.float32(1 / (channels * (CONTRAST * misfit + 1e-3))),
            np.float32(SEARCH.pull),
            np.float32(part.observations.white),
            np.empty(CANDIDATES, np.int32),
            np.empty(channels, np.float32),
            np.empty(8, np.int32),
            np.empty(8, np.float32),
            np.empty(len(used) + 1, np.int32),
            np.empty(len(used) + 1, np.float32),
            np.empty(2 + channels, np.float64),
            np.empty((3, len(used) * most), np.int32),
            *np.empty((2, len(used) * most), np.int32),
            *np.empty((2, len(used), channels, slots), np.float32),
            np.empty((len(used), slots), np.float32),
        )
    here = _within(block.inner, window.tile)
    image_here = solved[: labels.size].T.reshape(channels, *window.shape)[(..., *here)]
    return np.ascontiguousarray(labels[here]), np.ascontiguousarray(image_here)


def _within(tile: Tile, outer: Tile) -> tuple[slice, slice]:
    """A tile as an index of the window of an outer one."""
    y0, x0 = tile.y0 - outer.y0 + FARTHEST, tile.x0 - outer.x0 + FARTHEST
    return slice(y0, y0 + tile.height), slice(x0, x0 + tile.width)
