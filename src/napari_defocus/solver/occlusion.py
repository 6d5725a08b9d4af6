"""Depth edges put where the rays through the aperture say, and the all-in-focus image around them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.rays import FARTHEST
from napari_defocus.optics.tiles import Tile, map_tiles
from napari_defocus.solver.blocks import Block, grid, widened
from napari_defocus.solver.edge_search import FIRST, LAST, Effort, search_tile
from napari_defocus.solver.glare import FARTHEST_LIGHT, Glare
from napari_defocus.solver.near_detail import REACH as DETAIL_REACH
from napari_defocus.solver.near_detail import with_near_detail
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.prior_scales import hides_focus
from napari_defocus.solver.ray_fit import RayFit, ray_samples, sample_tiles
from napari_defocus.solver.ray_tile import (
    IMAGE,
    SEARCH,
    RayTile,
    clear_weights,
    edge_band,
    rays_of,
    seen_weights,
)
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.weighted_median import RADIUS, median_of_run

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]
Progress = Callable[[float], None]

SIDE = 128
"""Side of the tiles, px: small enough to stop soon, large enough that most work is not in the rim."""

LEAST_SIDE = SIDE // 2
"""Least side of a tile at the frame, px: a narrower one, nearly all rim, is joined to the one before."""

MARGIN = 8
"""Width of the rim around a tile that is searched for the tile's sake, px."""

RAYS_SHARE = np.float32(0.75)
"""Share of the image through the rays around edges; the other is the image by blur alone. Their errors are of
different kinds, so that on most scenes their mean is nearer the truth than either (Bates & Granger 1969)."""

FIRM, FIRMER = 2.0, 4.0
"""Factors on the support that the last vote needs in a grey image, where much looks alike by chance and the
rays outweigh it: in general, and where the rays know how dark sides are."""

SEARCH_SHARE = 0.4
"""Rough share of a search in the whole time."""

REACH = MARGIN + SEARCH.spill + FARTHEST + FARTHEST_LIGHT + RADIUS + DETAIL_REACH
"""Distance of what either part looks at around a pixel, px: what a tile of the search sees, the lights that
outshine that, what comes before the search, and what the median after it sees."""

HALO = REACH // SIDE * SIDE + max(REACH % SIDE, LEAST_SIDE)
"""Halo of the blocks of a large image, px. What is left beyond whole tiles is no narrower than a tile may be:
else it would be joined to the tile before, which in the whole image ends there."""


def applies(optics: Optics, settings: SolverSettings) -> bool:
    """Whether depth edges are looked for: where it is known which side is near, and planes are ever sharp."""
    known = not isinstance(optics, UncalibratedFocus)
    return settings.occlusion and known and not hides_focus(optics, settings)


def resolve_edges(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    coordinates: Floats,
    image: Floats,
    progress: Progress,
    *,
    noise: Noise | None = None,
    glare: Glare | None = None,
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
    noise : Noise, optional
        Noise of the stack. None: not known, and what is thin and lost stays lost.
    glare : Glare, optional
        What saturated lights cover. None: there are none.

    Returns
    -------
    coordinates, image
        New ones.
    """
    squares = sample_tiles(observations.shape)
    lights = None if glare is None else glare.pairs
    samples = ray_samples(observations, optics, settings, coordinates, image, squares, lights)
    edges = DepthEdges(observations, optics, settings, lights, RayFit.of([samples]), noise)
    coordinates = edges.first(coordinates, image, part_of(progress, 0, SEARCH_SHARE))
    return edges.last(coordinates, image, part_of(progress, SEARCH_SHARE, 1))


@dataclass(frozen=True, eq=False)
class DepthEdges:
    """What the depth edges of a stack are put right by, in two parts.

    Attributes
    ----------
    observations, optics, settings
        As for :func:`resolve_edges`.
    lights : ndarray, (planes, Y, X), bool, optional
        Pairs of plane and pixel in glare. None: there are none.
    fit : RayFit
        How the rays fit the stack before.
    noise : Noise, optional
        Noise of the stack.
    """

    observations: Observations
    optics: Optics
    settings: SolverSettings
    lights: Mask | None
    fit: RayFit
    noise: Noise | None

    def first(self, coordinates: Floats, image: Floats, progress: Progress) -> Floats:
        """Blur coordinates with near detail set back, after a first search and a weighted median.

        The median goes by the image that the search has made, whose edges are where its depth is. What both
        have changed together, the search that follows could not have changed pixel by pixel.
        """
        if self.noise is not None:
            coordinates = with_near_detail(
                self.observations,
                rays_of(self.optics, self.settings, SEARCH),
                coordinates,
                self.optics.centers,
                self.noise,
                self.lights,
                self.settings.threads,
                part_of(progress, 0, 0.05),
            )
        share = part_of(progress, 0.05, 0.9)
        coordinates, found = self._search(coordinates, image, FIRST, share)
        if not self.settings.weighted_median:
            return coordinates
        return median_of_run(coordinates, found, self.optics, self.settings, part_of(progress, 0.9, 1))

    def last(self, coordinates: Floats, image: Floats, progress: Progress) -> tuple[Floats, Floats]:
        """Blur coordinates after the last search and a weighted median, and the image around the edges.

        The median goes by the image as the rays alone have it.
        """
        coordinates, _ = self._search(coordinates, image, LAST, part_of(progress, 0, 0.6))
        model, share = (self.observations, self.optics, self.settings), part_of(progress, 0.6, 0.95)
        seen = solve_band(*model, coordinates, image, self.lights, share)
        if self.settings.weighted_median:
            grey, share = len(image) == 1, part_of(progress, 0.95, 1)
            firmness = 1.0 if not grey else FIRMER if self.fit.dark_sides else FIRM
            coordinates = median_of_run(
                coordinates, seen, self.optics, self.settings, share, firmness=firmness
            )
        return coordinates, image + RAYS_SHARE * (seen - image)

    def _search(
        self, coordinates: Floats, image: Floats, effort: Effort, progress: Progress
    ) -> tuple[Floats, Floats]:
        """Blur coordinates after the search, tile by tile, and the image as the search had it.

        A pixel whose level stays keeps its own coordinate exactly. Every tile starts from what is given, so
        that the order in which they are done does not matter.
        """
        observations = self.observations
        rays = rays_of(self.optics, self.settings, SEARCH, self.fit.side_light)
        labels = rays.labels(coordinates)
        edges = edge_band(labels, len(rays.levels), SEARCH.band)
        blocks = {block.inner: block for block in tiles_of(observations.shape, MARGIN)}

        def search(tile: Tile) -> tuple[Ints, Floats] | None:
            block = blocks[tile]
            if not edges[block.outer.slices].any():
                return None
            traced = widened(block.outer, SEARCH.spill, observations.shape)
            part = RayTile.of(rays, observations, self.lights, traced, SEARCH)
            return search_tile(part, block, labels, image, self.fit.misfit, effort)

        new, seen = coordinates.copy(), image.copy()
        for tile, found in map_tiles(search, list(blocks), self.settings.threads, progress):
            if found is not None:
                levels, seen[(..., *tile.slices)] = found
                changed = levels != labels[tile.slices]
                new[tile.slices][changed] = rays.levels[levels[changed]]
        return new, seen


def solve_band(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    coordinates: Floats,
    image: Floats,
    lights: Mask | None,
    progress: Progress,
) -> Floats:
    """Image that the rays say around depth edges, elsewhere as it is, (channels, Y, X).

    Sides count as light here: pairs that see much of them count little.
    """
    rays = rays_of(optics, settings, IMAGE)
    labels = rays.labels(coordinates)
    edges = edge_band(labels, len(rays.levels), IMAGE.band)

    def solve(tile: Tile) -> Floats | None:
        traced = widened(tile, IMAGE.spill, observations.shape)
        if not edges[traced.slices].any():
            return None
        part = RayTile.of(rays, observations, lights, traced, IMAGE)
        return image_of_tile(part, labels, image)[(..., *Block(tile, traced).inside)]

    new = image.copy()
    tiles = [block.inner for block in tiles_of(observations.shape, 0)]
    for tile, solved in map_tiles(solve, tiles, settings.threads, progress):
        if solved is not None:
            new[(..., *tile.slices)] = solved
    return new


def tiles_of(shape: tuple[int, int], margin: int) -> list[Block]:
    """Tiles of an image with a rim each."""
    return grid(shape, SIDE, margin, least=LEAST_SIDE)


def image_of_tile(part: RayTile, all_labels: Ints, image: Floats) -> Floats:
    """All-in-focus image of a tile, (channels, Y, X): solved for around depth edges, else as it was."""
    labels = np.ascontiguousarray(part.window.cut(all_labels))
    free = part.free(edge_band(labels, len(part.rays.levels), IMAGE.band))
    traced = part.trace(labels, free, IMAGE.sharp)
    weights = seen_weights(traced, labels)
    current = part.flat(image)
    target = np.where(part.dazzled.reshape(-1, 1), current, part.mosaic(labels))
    clear = clear_weights(part, traced, labels)
    solved = part.solve_image(traced, current, target, free, IMAGE, weights, clear)
    planes = solved.T.reshape(-1, *part.window.shape)
    return np.ascontiguousarray(planes[(..., *part.window.inside)])
