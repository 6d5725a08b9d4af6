"""The depths that the grid search tries."""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.solver.prior_scales import px_per_coordinate
from napari_defocus.solver.settings import SolverSettings

LEAST, MOST = 9, 512


def candidate_coordinates(
    optics: Optics, depth_range: tuple[float, float], settings: SolverSettings
) -> NDArray[np.float32]:
    """Blur coordinates of the candidate depths, (candidates,), rising.

    Uniform in the blur coordinate, so that the radius of every plane changes evenly from one to the next, or
    uniform in depth as in the paper.
    """
    ends = np.sort(optics.to_blur_coordinate(np.asarray(depth_range)))
    count = settings.candidates
    if count is None:
        travel = px_per_coordinate(optics) * float(ends[1] - ends[0])
        count = int(np.clip(np.ceil(travel / settings.candidate_step) + 1, LEAST, MOST))
    if settings.candidate_spacing == "blur":
        return np.linspace(ends[0], ends[1], count).astype(np.float32)
    depths = np.linspace(*depth_range, count)
    return np.sort(optics.to_blur_coordinate(depths)).astype(np.float32)
