"""Depth edges put where the rays through the aperture say, and the all-in-focus image around them."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.rays import FARTHEST, ApertureRays
from napari_defocus.optics.tiles import Tile, map_tiles
from napari_defocus.solver import occlusion_kernels
from napari_defocus.solver.blocks import Block, grid, widened
from napari_defocus.solver.glare import GREATEST_REACH, RIM, glare
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.ray_tile import NEAR, PULL, SHARP, RayTile, edge_band, least_step
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Progress = Callable[[float], None]

SIDE = 128
"""Side of the tiles, px."""

SEARCH_RAYS, SEARCH_STEP, SEARCH_APART = 16, 0.75, 1.0
"""Rays a pixel in the search, and distances of its levels and of its planes, px of reach."""

IMAGE_RAYS, IMAGE_STEP, IMAGE_APART = 32, 0.5, 0.5
"""The same for the image, which more planes free of noise."""

MARGIN = 8
"""Width of the rim around a tile that is searched for the tile's sake, px."""

SPILL = int(SHARP) + 1
"""Width of the rim around what is searched whose rays count, px."""

SOFT = 3
"""Side of the square by which the band is widened before the image is solved for, px."""

ROUNDS = 2
DISTANCES = 1, 2, 4
"""Distances of the neighbours whose depths are tried, px."""

CANDIDATES = 4
"""Most depths that are tried at a pixel."""

SMOOTHNESS = 10.0
"""Cost of an edge between two pixels, in units of the misfit."""

SPAN = 0.15
"""Step of depth from which on the smoothness costs no more, as a share of the range of depth."""

CONTRAST = 18.0
"""Squared difference of two pixels that divides the smoothness between them by e, in units of the misfit."""

LEAST_MISFIT = (0.5 / 255) ** 2
"""Least mean squared residual that the smoothness is scaled with."""

SAMPLE, SAMPLES = 32, 64
"""Side of the squares in which the misfit is measured, px, and about how many there are."""

RUNS = 24
"""Pixels of a plane that one ray can cross within what counts, at most."""

BLOCK_HALO = MARGIN + SPILL + FARTHEST + int(GREATEST_REACH + RIM)
"""Halo of the blocks of a large image, px: what a tile sees, and the lights that outshine that."""


def applies(optics: Optics, settings: SolverSettings) -> bool:
    """Whether depth edges are looked for: only where it is known which side is near."""
    return settings.occlusion and not isinstance(optics, UncalibratedFocus)


def resolve_edges(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    coordinates: Floats,
    image: Floats,
    progress: Progress,
    *,
    misfit: float | None = None,
) -> tuple[Floats, Floats]:
    """Depth and image with their edges put right; away from edges both stay as they are.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : Optics
        Blur of each plane, complete, with larger blur coordinates nearer.
    settings : SolverSettings
        With the depth range filled in.
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image.
    progress : callable
        Gets the share that is done; may raise to stop.
    misfit : float, optional
        Typical squared residual (:func:`misfits`). None: measured here.

    Returns
    -------
    coordinates, image
        New ones.
    """
    lights = glare(observations, optics)
    if misfit is None:
        squares = sample_tiles(observations.shape)
        misfit = typical(misfits(observations, optics, settings, coordinates, image, squares))
    blocks = grid(observations.shape, SIDE, MARGIN)
    inner = {block.inner: block for block in blocks}
    rays = rays_of(optics, settings, SEARCH_RAYS, SEARCH_STEP)
    labels = rays.labels(coordinates)
    edges = edge_band(labels, len(rays.levels))
    new_coordinates, new_image = coordinates.copy(), image.copy()

    def search(tile: Tile) -> Ints | None:
        block = inner[tile]
        if not edges[block.outer.slices].any():
            return None
        traced = widened(block.outer, SPILL, observations.shape)
        part = RayTile.of(rays, observations, lights, traced, SEARCH_APART)
        return search_tile(part, block, labels, image, misfit)

    places = [block.inner for block in blocks]
    first = lambda share: progress(0.6 * share)  # noqa: E731
    for tile, found in map_tiles(search, places, settings.threads, first):
        if found is not None:
            changed = found != labels[tile.slices]
            new_coordinates[tile.slices][changed] = rays.levels[found[changed]]
    fine = rays_of(optics, settings, IMAGE_RAYS, IMAGE_STEP)
    fine_labels = fine.labels(new_coordinates)
    fine_edges = edge_band(fine_labels, len(fine.levels))

    def solve(tile: Tile) -> Floats | None:
        traced = widened(tile, SPILL, observations.shape)
        if not fine_edges[traced.slices].any():
            return None
        part = RayTile.of(fine, observations, lights, traced, IMAGE_APART)
        solved = image_of_tile(part, fine_labels, image)
        return solved[(..., *Block(tile, traced).inside)]

    last = lambda share: progress(0.6 + 0.4 * share)  # noqa: E731
    for tile, solved in map_tiles(solve, places, settings.threads, last):
        if solved is not None:
            new_image[(..., *tile.slices)] = solved
    return new_coordinates, new_image


def rays_of(optics: Optics, settings: SolverSettings, count: int, step: float) -> ApertureRays:
    """Rays of a run."""
    assert settings.depth_range is not None
    return ApertureRays.for_optics(
        optics, settings.depth_range, count=count, step=step, kernel=settings.blur_kernel
    )


def search_tile(part: RayTile, block: Block, all_labels: Ints, image: Floats, misfit: float) -> Ints:
    """Levels of a tile's inner pixels after the search.

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
    """
    window, rays = part.window, part.rays
    width, levels = window.shape[1], len(rays.levels)
    labels = np.ascontiguousarray(window.cut(all_labels))
    whole = window_pixels(part, image)
    searched = np.zeros(window.shape, bool)
    searched[_within(block.outer, window.tile)] = True
    before = labels
    channels = whole.shape[1]
    first, last = rays.spans(SHARP)
    offsets = rays.offsets(width)
    scratch_rays = offsets.shape[0] * offsets.shape[1] * RUNS
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
    for count in range(ROUNDS):
        band = edge_band(labels, levels)
        wanted = band & searched
        if count:
            wanted &= maximum_filter(labels != before, NEAR)
        todo = np.flatnonzero(wanted).astype(np.int32)[:: -1 if count % 2 else 1].copy()
        if len(todo) == 0:
            break
        before = labels.copy()
        free = maximum_filter(band, SOFT) & part.pixels
        traced = part.trace(labels, free)
        pair_of = np.full((len(rays.reach), labels.size), -1, np.int32)
        pair_of[traced.planes, traced.pixels] = np.arange(len(traced.pixels))
        guide = part.mosaic(labels)
        solved = part.solve_image(traced, whole, guide, free)
        residual = traced.forward(solved) - part.observed(traced)
        labels = labels.copy()
        occlusion_kernels.search(
            todo,
            width,
            labels.ravel(),
            window.source,
            offsets,
            first,
            last,
            rays.spans(FARTHEST)[1],
            rays.tolerance,
            pair_of,
            traced.hits,
            traced.stops,
            np.ones(len(traced.pixels), np.float32),
            residual,
            solved,
            part.stack,
            part.sharpest,
            guide,
            neighbours,
            least_step(levels),
            max(1, int(SPAN * levels)),
            np.float32(SMOOTHNESS * misfit * channels),
            np.float32(1 / (channels * (CONTRAST * misfit + 1e-3))),
            np.float32(PULL),
            np.empty(CANDIDATES, np.int32),
            np.empty(channels, np.float32),
            np.empty(8, np.int32),
            np.empty(8, np.float32),
            np.zeros_like(residual),
            np.zeros(len(residual), np.float32),
            np.zeros((len(residual), 2), np.int32),
            np.empty(scratch_rays, np.int32),
            np.empty(scratch_rays, np.int32),
            np.empty(scratch_rays, np.int32),
            np.empty(scratch_rays, np.int16),
        )
    return np.asarray(labels[_within(block.inner, window.tile)])


def image_of_tile(part: RayTile, all_labels: Ints, image: Floats) -> Floats:
    """All-in-focus image of a tile, (channels, Y, X): solved for around depth edges, else as it was."""
    labels = np.ascontiguousarray(part.window.cut(all_labels))
    band = edge_band(labels, len(part.rays.levels))
    free = maximum_filter(band, SOFT) & part.pixels
    traced = part.trace(labels, free)
    solved = part.solve_image(traced, window_pixels(part, image), part.mosaic(labels), free)
    planes = solved.T.reshape(-1, *part.window.shape)
    return np.ascontiguousarray(planes[(..., *part.window.inside)])


def sample_tiles(shape: tuple[int, int]) -> list[Tile]:
    """Squares, spread evenly over an image, in which the misfit is measured."""
    apart = max(SAMPLE, int(np.sqrt(shape[0] * shape[1] / SAMPLES)))
    return [
        Tile(y0, x0, min(SAMPLE, shape[0] - y0), min(SAMPLE, shape[1] - x0))
        for y0 in range((apart - SAMPLE) // 2, shape[0], apart)
        for x0 in range((apart - SAMPLE) // 2, shape[1], apart)
    ]


def misfits(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    coordinates: Floats,
    image: Floats,
    tiles: Sequence[Tile],
) -> Floats:
    """Mean squared residual of the rays at each pixel of some tiles, over planes that are not too blurred."""
    rays = rays_of(optics, settings, SEARCH_RAYS, SEARCH_STEP)
    labels = rays.labels(coordinates)
    found = []
    for tile in tiles:
        part = RayTile.of(rays, observations, None, tile, SEARCH_APART)
        traced = part.trace(np.ascontiguousarray(part.window.cut(labels)), part.pixels)
        squares = (traced.forward(window_pixels(part, image)) - part.observed(traced)) ** 2
        size = len(part.window.source)
        total = np.bincount(traced.pixels, squares.mean(axis=1), size)
        count = np.bincount(traced.pixels, minlength=size)
        found.append((total[count > 0] / count[count > 0]).astype(np.float32))
    return np.concatenate([np.empty(0, np.float32), *found])


def typical(found: Floats) -> float:
    """Median of misfits, and no less than what 8 bits leave."""
    return max(float(np.median(found)) if len(found) else 0.0, LEAST_MISFIT)


def window_pixels(part: RayTile, image: Floats) -> Floats:
    """Image (channels, Y, X) cut to the window, (pixels, channels)."""
    return np.ascontiguousarray(part.window.cut(image).reshape(len(image), -1).T, np.float32)


def _within(tile: Tile, outer: Tile) -> tuple[slice, slice]:
    """A tile as an index of the window of an outer one."""
    y0, x0 = tile.y0 - outer.y0 + FARTHEST, tile.x0 - outer.x0 + FARTHEST
    return slice(y0, y0 + tile.height), slice(x0, x0 + tile.width)
