"""The stack without what lights beyond white add to it, as far as the model can tell."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter

from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import split
from napari_defocus.solver.glare import Glare
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prediction import predict_tile

Floats = NDArray[np.float32]

TILE = 128
"""Side of the tiles in which glare is looked for, px."""

ASIDE = 2
"""Distance from the pixels beside a lamp up to which its glare is dimmed, px.

There it is strong in planes of little blur. Farther off it is in planes of much, which count little, and what
it looks like still tells of the depth.
"""


def dimmed(
    observations: Observations,
    glare: Glare,
    operator: BlurOperator,
    image: Floats,
    coordinates: Floats,
    noise: float,
) -> Observations:
    """Stack whose pairs of plane and pixel in glare near lamps are no brighter than the model predicts them.

    Light only adds. A pair in glare that is brighter than predicted tells nothing, and now its residual is 0;
    one that is darker tells that the prediction is wrong, however much glare there is, and stays. That is how
    observations that are bounds only are filled in while maximizing a likelihood (Dempster et al. 1977); it
    is done again as depth and image become better.

    Parameters
    ----------
    observations : Observations
        The focal stack; it stays as it is.
    glare : Glare
        What saturated lights cover.
    operator : BlurOperator
        Blur model.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    noise : float
        Standard deviation of the noise, of white. By so much a pair may be brighter, or all would get darker.
    """
    if not glare.lamps.any():
        return observations
    planes, margin = observations.planes.copy(), np.float32(noise / observations.scale)
    near = maximum_filter(glare.lamps, 2 * ASIDE + 1)
    for tile in split(observations.shape, (TILE, TILE)):
        pairs = glare.pairs[(..., *tile.slices)] & near[tile.slices]
        if not pairs.any():
            continue
        predicted = predict_tile(operator, image, coordinates, tile) / np.float32(observations.scale)
        if planes.dtype.kind != "f":
            predicted = np.rint(predicted)
        here = planes[(..., *tile.slices)]
        brighter = pairs[:, None] & (here > predicted + margin)
        np.copyto(here, predicted.astype(planes.dtype), where=brighter)
    return replace(observations, planes=planes)
