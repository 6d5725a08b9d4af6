"""The blur operator of a run, and the depth that it starts from, as blur coordinates."""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver.initialization import Start
from napari_defocus.solver.prior_scales import trusted_blur_of
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]

MAX_BLUR_SHARE = 1 / 6
"""Greatest standard deviation of a full-support blur, as a share of the shorter image side."""

MAX_BLUR = 48.0
"""Greatest standard deviation of a full-support blur, px: beyond it planes look alike, and tiles grow."""


def blur_operator(optics: Optics, settings: SolverSettings, shape: tuple[int, int]) -> BlurOperator:
    """Blur operator for images of `shape`, with the depth range in `settings`."""
    assert settings.depth_range is not None
    basis = BlurBasis.for_optics(
        optics,
        settings.depth_range,
        kernel_size=kernel_size(settings, shape),
        tolerance=settings.blur_tolerance,
        max_sigma=max(1.0, min(MAX_BLUR, min(shape) * MAX_BLUR_SHARE)),
        kernel=settings.blur_kernel,
    )
    trusted = trusted_blur_of(optics, settings)
    return BlurOperator(optics, basis, settings.boundary, settings.threads, trusted)


def kernel_size(settings: SolverSettings, shape: tuple[int, int]) -> int | None:
    """Side of the kernels' window for images of `shape`; None is full support."""
    if settings.kernel_size == "proportional":  # the paper: 3.9 % of the mean side, odd, at least 7
        return max(7, int(0.039 * (shape[0] + shape[1]) / 2) | 1)
    return settings.kernel_size


def start_coordinates(operator: BlurOperator, start: Start, settings: SolverSettings) -> Floats:
    """Blur coordinates of the peaks, or of the focus positions of the labelled planes, in the depth range."""
    optics = operator.optics
    if start.peaks is not None:
        depth = optics.from_blur_coordinate(start.peaks)
    else:
        depth = optics.focus_positions_array
    coordinates = operator.coordinates(np.clip(depth, *(settings.depth_range or (-np.inf, np.inf))))
    return coordinates if start.peaks is not None else coordinates[start.labels]
