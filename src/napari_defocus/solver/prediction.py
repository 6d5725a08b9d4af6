"""What the blur model predicts for a part of the stack."""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.blocks import Block, widened

Floats = NDArray[np.float32]

MEASURED_AT_ONCE = 512
"""Side of the squares that are predicted at once to measure a residual, px: bounds the memory."""


def predict_tile(operator: BlurOperator, image: Floats, coordinates: Floats, tile: Tile) -> Floats:
    """Planes of a tile, (planes, channels, y, x), from the image (channels, Y, X) and the depth around it."""
    block = Block(tile, widened(tile, operator.halo, (coordinates.shape[0], coordinates.shape[1])))
    wide = block.outer.slices
    around = np.ascontiguousarray(image[(..., *wide)]), np.ascontiguousarray(coordinates[wide])
    return operator.forward(*around)[(..., *block.inside)]
