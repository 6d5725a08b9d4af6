"""Faint stacks brought to more contrast, so that a share of white means the same in all of them.

What the solver holds intensities against (least noise, how much alike two pixels look) was settled on stacks
that use their range. Twelve bits in a 16-bit file use a sixteenth of it, dim fluorescence a hundredth.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.solver.observations import Observations

Counts = NDArray[np.int64]

STEPS = 65535
"""Steps up to white in which values are counted."""

BEYOND = 1e-3
"""Share of the values beyond each end of the contrast: lamps and hot pixels, dust."""


def with_contrast(observations: Observations, least: float) -> Observations:
    """Return the stack with a contrast of at least `least` of 1; itself where it has that, or for 0."""
    return observations.brighter(gain_for(value_counts(observations), least)) if least else observations


def image_with_contrast(image: ArrayLike, least: float) -> NDArray[np.float32]:
    """Return an image (Y, X[, 3]) in which 1 is white brought to more contrast as a stack is."""
    image = np.nan_to_num(np.asarray(image, np.float32))
    gain = gain_for(value_counts(Observations(image[None, None], 1.0, False)), least)
    return image * np.float32(gain)


def value_counts(observations: Observations) -> Counts:
    """How many values of a stack there are at each step from black to white, (`STEPS` + 1,)."""
    planes, scale = observations.planes, observations.scale / observations.white
    counts = np.zeros(STEPS + 1, np.int64)
    if planes.dtype.kind != "u":
        for plane in planes:
            steps = np.clip(plane * np.float32(scale * STEPS), 0, STEPS).astype(np.uint16)
            counts += np.bincount(steps.ravel(), minlength=STEPS + 1)
        return counts
    values = np.arange(np.iinfo(planes.dtype).max + 1)
    steps = np.minimum(np.rint(values * (scale * STEPS)), STEPS).astype(np.intp)
    for plane in planes:
        np.add.at(counts, steps, np.bincount(plane.ravel(), minlength=len(values)))
    return counts


def gain_for(counts: Counts, least: float) -> float:
    """Factor, at least 1, that takes the contrast of the values counted to `least` of white."""
    below = np.cumsum(counts) / counts.sum()
    darkest, brightest = np.searchsorted(below, (BEYOND, 1 - BEYOND))
    if brightest == darkest:  # even but for less than that
        darkest, brightest = np.flatnonzero(counts)[[0, -1]]
    return max(least * STEPS / float(brightest - darkest), 1.0) if brightest > darkest else 1.0
