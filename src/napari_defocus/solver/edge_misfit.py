"""How far the rays miss the stack, as a scale for the search for depth edges."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.ray_tile import SEARCH, RayTile, rays_of
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]

LEAST_MISFIT = (0.5 / 255) ** 2
"""Least mean squared residual that the smoothness is scaled with."""

SAMPLE, SAMPLES = 16, 24
"""Side of the squares in which the misfit is measured, px, and about how many there are."""


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
    rays = rays_of(optics, settings, SEARCH)
    labels = rays.labels(coordinates)
    found = []
    for tile in tiles:
        part = RayTile.of(rays, observations, None, tile, SEARCH)
        traced = part.trace(np.ascontiguousarray(part.window.cut(labels)), part.pixels, SEARCH.sharp)
        rows, columns = np.divmod(traced.pixels, part.window.shape[1])
        at = traced.planes, slice(None), part.window.rows[rows], part.window.columns[columns]
        observed = observations.planes[at] * np.float32(observations.scale)  # few of the window's are wanted
        squares = (traced.forward(part.flat(image)) - observed) ** 2
        size = len(part.window.source)
        total = np.bincount(traced.pixels, squares.mean(axis=1), size)
        count = np.bincount(traced.pixels, minlength=size)
        found.append((total[count > 0] / count[count > 0]).astype(np.float32))
    return np.concatenate([np.empty(0, np.float32), *found])


def typical(found: Floats) -> float:
    """Median of misfits, and no less than what 8 bits leave."""
    return max(float(np.median(found)) if len(found) else 0.0, LEAST_MISFIT)
