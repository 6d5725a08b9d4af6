"""Cells about scattered points: of tissue, grains, facets and nets."""

import numpy as np
from scipy.spatial import cKDTree

from napari_defocus.simulation.scene import FloatArray
from napari_defocus.simulation.textures import FloatImage


def nearest_cells(points: FloatArray, seeds: FloatArray) -> tuple[np.ndarray, FloatArray]:
    """The cell of each point, and how far it is from the cell's wall (0 on it), in the points' unit.

    Parameters
    ----------
    points : ndarray (..., 2)
        Where to look.
    seeds : ndarray (n, 2)
        Middles of the cells, at least 2.
    """
    distances, index = cKDTree(seeds).query(points, k=2)
    return index[..., 0], np.asarray(distances[..., 1] - distances[..., 0]) / 2


def cell_image(shape: tuple[int, int], count: int, seed: int) -> tuple[np.ndarray, FloatImage]:
    """Cells of a picture, and each pixel's distance from the wall in units of the mean cell's side.

    The pattern is not periodic: use it with a mirrored texture.
    """
    side = np.sqrt(shape[0] * shape[1] / count)
    seeds = np.random.default_rng(seed).uniform((0, 0), shape, (count, 2))
    index, wall = nearest_cells(np.moveaxis(np.indices(shape), 0, -1).astype(float), seeds)
    return index, np.asarray(wall / side, np.float32)
