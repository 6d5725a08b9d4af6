"""Noise taken out of the all-in-focus image by non-local means."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import denoise_nl_means

from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver.blocks import Block, widened

Floats = NDArray[np.float32]

PATCH = 5
"""Side of the patches that are compared, px."""

DISTANCE = 6
"""Distance up to which a pixel is averaged with others whose patches look alike, px."""

REACH = DISTANCE + PATCH // 2
"""Distance from which a pixel is seen, px."""

TILE = (256, 256)
"""Size of the tiles, px."""


def denoised(
    image: Floats,
    noise: float,
    strength: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Mean of pixels around which the image looks alike, the non-local means of Buades, Coll & Morel (2005).

    Parameters
    ----------
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    noise : float
        Standard deviation of the noise, in units of white.
    strength : float
        Difference up to which patches look alike, in units of the noise.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    alike = strength * noise
    if alike <= 0:
        return image
    new = np.empty_like(image)

    def mean(tile: Tile) -> Floats:
        block = Block(tile, widened(tile, REACH, image.shape[1:]))
        part = np.moveaxis(image[(..., *block.outer.slices)], 0, -1)
        found = denoise_nl_means(part, PATCH, DISTANCE, alike, fast_mode=True, channel_axis=-1)
        found = found.reshape(part.shape)  # it drops the axis of a single channel
        return np.asarray(np.moveaxis(found, -1, 0)[(..., *block.inside)], np.float32)

    for tile, found in map_tiles(mean, split(image.shape[1:], TILE), threads, progress):
        new[(..., *tile.slices)] = found
    return new
