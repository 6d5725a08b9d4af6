"""Noise of a focal stack, estimated from the stack."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.observations import Observations

MASK = np.outer([1, -2, 1], [1, -2, 1]).astype(np.float32)
"""Second difference in both directions: blind to any image that is smooth along one of them."""

MEDIAN_TO_SIGMA = 0.6745

LEAST_NOISE = 0.5 / 255
"""Least noise assumed: no lens obeys the blur model better than this."""


def estimate_noise(observations: Observations) -> float:
    """Standard deviation of the noise, in units of white.

    Median absolute response to a mixed second difference (after Immerkaer, "Fast noise variance estimation",
    CVIU 1996, with the median in place of the mean), the least over the planes since blurred planes show
    noise alone; rounding to integers is added.
    """
    deviations = [_plane_noise(observations.plane(index)) for index in range(observations.count)]
    rounding = observations.scale / np.sqrt(12) if observations.planes.dtype.kind == "u" else 0.0
    return float(max(np.hypot(min(deviations), rounding), LEAST_NOISE))


def _plane_noise(plane: NDArray[np.float32]) -> float:
    norm = float(np.sqrt((MASK**2).sum()))
    responses = [np.abs(ndimage.convolve(channel, MASK)) for channel in plane]
    return float(np.median(responses)) / (MEDIAN_TO_SIGMA * norm)
