"""The unknowns of a run, depth and all-in-focus image, and the half-steps that improve them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_levels import BlurLevels
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver.aif_step import aif_step
from napari_defocus.solver.candidates import candidate_coordinates
from napari_defocus.solver.depth_step import depth_step
from napari_defocus.solver.initialization import mosaic
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.result import SolverState, Step
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]

MAX_BLUR_SHARE = 1 / 6
"""Greatest standard deviation of a full-support blur, as a share of the shorter image side."""


class Unknowns:
    """Depth and all-in-focus image of a run, and what is needed to improve them."""

    def __init__(
        self,
        observations: Observations,
        optics: Optics,
        settings: SolverSettings,
        labels: NDArray[np.int32],
        notes: tuple[str, ...],
        progress: Callable[[float], None] | None = None,
    ) -> None:
        self.observations = observations
        self.settings = settings
        self.notes = notes
        self.operator = blur_operator(optics, settings, observations.shape)
        assert settings.depth_range is not None
        self.candidates = candidate_coordinates(optics, settings.depth_range, settings)
        self.coordinates = label_coordinates(self.operator, labels, settings)
        self.image = mosaic(observations, labels)
        self.contrast = np.zeros(observations.shape, np.float32)
        self.eigenvector: Floats | None = None
        self.loss = self.operator.loss(
            self.image, observations.planes, observations.scale, self.coordinates, progress
        )
        self.losses: list[float] = []

    def improve_depth(self, progress: Callable[[float], None]) -> None:
        step = depth_step(
            self.operator,
            self.observations,
            self.image,
            self.coordinates,
            self.candidates,
            cost_window=self.settings.cost_window,
            golden_tolerance=self.settings.golden_tolerance,
            progress=progress,
        )
        self.coordinates, self.contrast = step.coordinates, step.contrast
        self.loss = min(step.loss, self.loss)  # sums of the same numbers may differ in their last digit

    def improve_image(self, iterations: int, progress: Callable[[float], None]) -> None:
        step = aif_step(
            self.operator,
            self.observations,
            self.coordinates,
            self.image,
            self.loss,
            iterations=iterations,
            warm_start=self.settings.warm_start,
            eigenvector=self.eigenvector,
            progress=progress,
        )
        self.image, self.loss, self.eigenvector = step.image, step.loss, step.eigenvector

    def state(self, epoch: int, step: Step) -> SolverState:
        self.losses.append(self.loss / self.observations.planes.size)
        optics = self.operator.optics
        return SolverState(
            epoch=epoch,
            step=step,
            loss=self.losses[-1],
            depth=optics.from_blur_coordinate(self.coordinates).astype(np.float32),
            all_in_focus=self.observations.to_image(self.image),
            confidence=self.contrast,
            optics=optics,
            settings=self.settings,
            losses=tuple(self.losses),
            notes=self.notes,
        )


def blur_operator(optics: Optics, settings: SolverSettings, shape: tuple[int, int]) -> BlurOperator:
    """Blur operator for images of `shape`, with the depth range in `settings`."""
    assert settings.depth_range is not None
    levels = BlurLevels.for_optics(
        optics,
        settings.depth_range,
        kernel_size=kernel_size(settings, shape),
        tolerance=settings.blur_tolerance,
        max_sigma=max(1.0, min(shape) * MAX_BLUR_SHARE),
    )
    return BlurOperator(optics, levels, settings.boundary, settings.threads)


def kernel_size(settings: SolverSettings, shape: tuple[int, int]) -> int | None:
    """Side of the kernels' window for images of `shape`; None is full support."""
    if settings.kernel_size == "proportional":  # the paper: 3.9 % of the mean side, odd, at least 7
        return max(7, int(0.039 * (shape[0] + shape[1]) / 2) | 1)
    return settings.kernel_size


def label_coordinates(operator: BlurOperator, labels: NDArray[np.int32], settings: SolverSettings) -> Floats:
    """Blur coordinates of the focus positions of labelled planes, within the depth range."""
    depth = np.clip(operator.optics.focus_positions_array, *(settings.depth_range or (-np.inf, np.inf)))
    return operator.coordinates(depth)[labels]
