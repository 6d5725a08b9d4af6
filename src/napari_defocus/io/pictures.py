"""All-in-focus images as people look at them."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

DARK = 0.5
"""An image is dark if all but `BRIGHTER` of its pixels are below this share of white."""

BRIGHTER = 1e-3

LOOKED_AT = 512
"""About how many rows and columns tell how bright an image is."""


def as_picture(image: ArrayLike) -> NDArray[np.float32]:
    """Return an image clipped to [0, 1], and brightened if it is dark.

    As of 12 bits in a 16-bit file or of dim fluorescence, which would be seen as black.

    Parameters
    ----------
    image : array_like, (Y, X) or (Y, X, 3)
        Image in which 1 is white.
    """
    image = np.nan_to_num(np.asarray(image, np.float32))
    rows, columns = (max(length // LOOKED_AT, 1) for length in image.shape[:2])
    brightest = float(np.quantile(image[::rows, ::columns], 1 - BRIGHTER)) if image.size else 1.0
    return np.clip(image / np.float32(brightest) if 0 < brightest < DARK else image, 0, 1)
