"""Noise of a focal stack, estimated from the stack."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.observations import Observations

MASK = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
"""Difference of two Laplacians: blind to any image that is locally quadratic; its norm is 6."""

MIDDLE_OF_NORMAL = 0.6773
"""Mean of the middle fifth of the absolute values of normal deviates."""

LEAST_NOISE = 0.1 / 255
"""Least noise that is reckoned with, of white."""

LEAST_IN_BYTES = 1.0
"""Least noise of an 8-bit stack, grey levels: rounding and compression hide what is less."""


def plane_noise(observations: Observations) -> NDArray[np.float64]:
    """Standard deviation of the noise in the luminance of each plane, (planes,), of white.

    The mask of Immerkaer, "Fast noise variance estimation", 1996, with the middle of its absolute responses,
    to which texture counts little.
    """
    responses = (
        ndimage.convolve(observations.grey(index), MASK, mode="nearest")
        for index in range(observations.count)
    )
    found = np.array([_middle(np.abs(response)) for response in responses]) / (6 * MIDDLE_OF_NORMAL)
    least = LEAST_IN_BYTES * observations.scale if observations.planes.dtype == np.uint8 else 0.0
    return np.maximum(found, least)


def noise_level(parts: Sequence[NDArray[np.float64]]) -> float:
    """Noise of a stack from that of each plane in some parts of it: of the plane with least texture."""
    return max(float(np.median(np.array(parts), axis=0).min()), LEAST_NOISE)


def _middle(values: NDArray[np.float32]) -> float:
    """Mean of the middle fifth of the values: as robust as the median, and finer where they are whole."""
    ordered = np.sort(values, axis=None)
    first, last = int(0.4 * ordered.size), int(np.ceil(0.6 * ordered.size))
    return float(ordered[first:last].mean(dtype=np.float64))
