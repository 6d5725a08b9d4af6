"""The start by the focus measure on a whole stack in memory: noise, graph cut, refinement, peaks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver import focus_labels
from napari_defocus.solver.between_planes import peak_coordinates
from napari_defocus.solver.blocks import Block, grid, widened
from napari_defocus.solver.focus_labels import CoarseCosts, Labels, Pairs
from napari_defocus.solver.noise import Noise, NoiseSample, noise_from
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.reduction import reduction
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]
Share = Callable[[float], None] | None

TILE = 256
"""Side of the tiles that are worked on at once, px."""

SAMPLES = 4
"""Squares in each direction in which the noise is looked at."""

SAMPLE_SIDE = 160
"""Greatest side of such a square, px."""


def samples(shape: tuple[int, int]) -> list[Tile]:
    """Squares of an image of `shape` in which the noise is looked at; together all of a small one."""
    spans = []
    for length in shape:
        count = min(SAMPLES, -(-length // SAMPLE_SIDE))
        side = min(SAMPLE_SIDE, length // count)
        spans.append([(int(at), side) for at in np.linspace(0, length - side, count)])
    return [Tile(y0, x0, height, width) for y0, height in spans[0] for x0, width in spans[1]]


def noise_of(observations: Observations) -> Noise:
    """Noise of a stack."""
    return noise_from(
        [NoiseSample.of(observations.window(tile.slices)) for tile in samples(observations.shape)]
    )


def cut_labels(
    observations: Observations,
    optics: Optics,
    noise: Noise,
    unusable: Pairs,
    settings: SolverSettings,
    progress: Share = None,
) -> Labels:
    """Index of each pixel's sharpest plane (Y, X), by the graph cut on the focus measure."""
    shape, order = observations.shape, np.argsort(optics.centers).astype(np.int32)
    factor = reduction(observations.count, shape)
    blocks = grid(shape, -(-TILE // factor) * factor, focus_labels.REACH)  # no cell in two tiles

    tiles = {block.inner: block for block in blocks}

    def coarse(tile: Tile) -> CoarseCosts:
        block = tiles[tile]
        window, pairs = observations.window(block.outer.slices), pairs_in(unusable, block.outer)
        return focus_labels.coarse_costs(window, optics, noise, pairs, block.inside, factor)

    parts = [part for _, part in map_tiles(coarse, list(tiles), settings.threads, part_of(progress, 0, 0.4))]
    costs, guide, scale = joined(parts, blocks)
    share = part_of(progress, 0.4, 0.6)
    labels = focus_labels.cut_coarse(costs, guide, optics, noise, settings, factor, share)
    if factor == 1:
        return order[labels]
    first = enlarged(labels, Tile(0, 0, *shape), factor)
    share = part_of(progress, 0.6, 1)
    return order[refined(observations, optics, noise, unusable, scale, settings, first, factor, share)]


def refined(
    observations: Observations,
    optics: Optics,
    noise: Noise,
    unusable: Pairs,
    scale: tuple[float, float],
    settings: SolverSettings,
    labels: Labels,
    factor: int,
    progress: Share = None,
) -> Labels:
    """Coarse labels (Y, X) refined tile by tile (:func:`focus_labels.refine`), in the order of focus."""

    def refine(window: Observations, pairs: Pairs, first: Labels) -> Labels:
        return focus_labels.refine(window, optics, noise, pairs, scale, settings, first, factor)

    found = np.empty(observations.shape, np.int32)
    return _tile_by_tile(refine, found, observations, unusable, labels, settings.threads, progress)


def peaks(
    observations: Observations,
    optics: Optics,
    noise: Noise,
    unusable: Pairs,
    labels: Labels,
    threads: int | None,
    progress: Share = None,
) -> Floats:
    """Blur coordinates (Y, X) of the peaks of the focus measure next to the labels (plane indices)."""
    rank = np.argsort(np.argsort(optics.centers)).astype(np.int32)

    def place(window: Observations, pairs: Pairs, own: Labels) -> Floats:
        return peak_coordinates(window, optics, noise, pairs, rank[own])

    found = np.empty(observations.shape, np.float32)
    return _tile_by_tile(place, found, observations, unusable, labels, threads, progress)


def _tile_by_tile(
    make: Callable[[Observations, Pairs, Labels], NDArray[Any]],
    found: NDArray[Any],
    observations: Observations,
    unusable: Pairs,
    labels: Labels,
    threads: int | None,
    progress: Share,
) -> NDArray[Any]:
    """Fill `found` (Y, X) with what is made of the stack, its unusable pairs and its labels in windows."""

    def work(tile: Tile) -> NDArray[Any]:
        block = Block(tile, widened(tile, focus_labels.REACH, observations.shape))
        window, pairs = observations.window(block.outer.slices), pairs_in(unusable, block.outer)
        return make(window, pairs, labels[block.outer.slices])[block.inside]

    for tile, part in map_tiles(work, split(observations.shape, (TILE, TILE)), threads, progress):
        found[tile.slices] = part
    return found


def joined(parts: list[CoarseCosts], blocks: list[Block]) -> tuple[Floats, Floats, tuple[float, float]]:
    """Costs, guide and roughness of the whole image from those of its blocks, given row by row."""
    rows: dict[int, list[CoarseCosts]] = {}
    for block, part in zip(blocks, parts, strict=True):
        rows.setdefault(block.inner.y0, []).append(part)

    def whole(name: str) -> Floats:
        return np.concatenate(
            [np.concatenate([getattr(part, name) for part in row], axis=2) for row in rows.values()], axis=1
        )

    weights = [part.pixels for part in parts]
    across, down = np.average([part.roughness for part in parts], axis=0, weights=weights)
    return whole("costs"), whole("guide"), (float(across), float(down))


def enlarged(labels: Labels, tile: Tile, factor: int) -> Labels:
    """Labels of the cells (cells, cells) that the pixels of a tile lie in."""
    rows = np.arange(tile.y0, tile.y0 + tile.height) // factor
    columns = np.arange(tile.x0, tile.x0 + tile.width) // factor
    return labels[np.ix_(rows, columns)]


def pairs_in(unusable: Pairs, tile: Tile) -> Pairs:
    """Return the pairs of plane and pixel within a tile."""
    return None if unusable is None else unusable[(..., *tile.slices)]
