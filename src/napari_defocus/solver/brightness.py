"""Dark stacks brightened, so that a share of white means the same in all of them.

What the solver holds intensities against (least noise, how much alike two pixels look) was settled on stacks
that use their range. Twelve bits in a 16-bit file use a sixteenth of it, dim fluorescence a hundredth.
"""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.solver.observations import Observations

Counts = NDArray[np.int64]

STEPS = 65535
"""Steps up to white in which values are counted."""

BRIGHTER = 1e-3
"""Share of the values that may be brighter than what counts as the brightest: lamps and hot pixels."""


def brightened(observations: Observations, least: float) -> Observations:
    """Return the stack such that its brightest values reach `least` of 1; itself where they do, or for 0."""
    return observations.brighter(gain_for(value_counts(observations), least)) if least else observations


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
    """Factor, at least 1, that takes the brightest of the values counted to `least` of white."""
    brighter = counts.sum() - np.cumsum(counts)
    brightest = int(np.argmax(brighter <= BRIGHTER * counts.sum()))
    if brightest == 0:  # black but for less than that
        brightest = int(np.flatnonzero(counts)[-1])
    return max(least * STEPS / brightest, 1.0) if brightest else 1.0
