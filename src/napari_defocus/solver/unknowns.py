"""The unknowns of a run, depth and all-in-focus image, and the half-steps that improve them."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver.aif_step import AifStep, aif_step
from napari_defocus.solver.bilateral import bilateral
from napari_defocus.solver.candidates import candidate_coordinates
from napari_defocus.solver.confidence import Estimate
from napari_defocus.solver.denoising import denoised
from napari_defocus.solver.depth_step import depth_step
from napari_defocus.solver.dimming import dimmed
from napari_defocus.solver.initialization import Start, mosaic
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.occlusion import resolve_edges
from napari_defocus.solver.prior_scales import (
    PriorScales,
    cost_window_of,
    departure_of,
    draws_to_peaks,
    least_trusted_blur,
    peak_variance,
    px_per_coordinate,
)
from napari_defocus.solver.regression import local_planes
from napari_defocus.solver.result import SolverState, Step
from napari_defocus.solver.run_operator import blur_operator, start_coordinates
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.smoothing import SmoothnessPrior, edge_weights
from napari_defocus.solver.weighted_median import median_of_run

Floats = NDArray[np.float32]

TIE = 0.05
"""Tie of the depth to its smooth companion, as a share of the smoothness, for each px of blur."""

SHARPENING_ITERATIONS = 2
"""Iterations in which the image is solved for once more at the end."""


@dataclass(frozen=True, eq=False)
class Part:
    """What the unknowns of a part of a larger image take over from the run on all of it.

    Attributes
    ----------
    frame : (int, int)
        Height and width of the whole image, by which the widest blur is chosen, px.
    scales : PriorScales, optional
        What the weights of the priors are in units of, for the whole image. None: found in this one.
    coordinates, smooth : ndarray, (Y, X), float32, optional
        Depth and smooth depth to go on from, as blur coordinates. None: start from the labels.
    dual : ndarray, (2, Y, X), float32, optional
        Dual variables of the smooth depth.
    image : ndarray, (channels, Y, X), float32, optional
        All-in-focus image to go on from. None: the mosaic.
    """

    frame: tuple[int, int]
    scales: PriorScales | None = None
    coordinates: Floats | None = None
    smooth: Floats | None = None
    dual: Floats | None = None
    image: Floats | None = None


class Unknowns:
    """Depth and all-in-focus image of a run, and what is needed to improve them.

    The objective is the sum of squared residuals plus, unless their weights are 0, the cost of a depth away
    from the peak of the focus measure, of a depth map that is not smooth (:class:`SmoothnessPrior`), and of
    an image far from the mosaic of sharpest planes.
    With a `part` they are those of a window of a larger image.
    """

    def __init__(
        self,
        observations: Observations,
        optics: Optics,
        settings: SolverSettings,
        start: Start,
        progress: Callable[[float], None] | None = None,
        *,
        part: Part | None = None,
    ) -> None:
        part = part or Part(observations.shape)
        self.stack = observations
        self.settings = settings
        self.notes = start.notes
        self.operator = blur_operator(optics, settings, part.frame)
        assert settings.depth_range is not None
        self.candidates = candidate_coordinates(optics, settings.depth_range, settings)
        self.coordinates = start_coordinates(self.operator, start, settings)
        self.peaks = self.coordinates
        self.mosaic = mosaic(observations, start.labels)
        self.image = self.mosaic
        if part.coordinates is not None:
            self.coordinates = part.coordinates
        if part.image is not None:
            self.image = part.image
        noise = part.scales.noise if part.scales else start.noise
        self.noise = 0.0 if noise is None else noise.level
        self.glare = start.glare
        self.held = start.glare.held if start.glare and settings.image_prior > 0 else None
        self.eigenvector: Floats | None = None
        self.losses: list[float] = []
        self.blur_per_coordinate = px_per_coordinate(optics)
        self.observations = self._dimmed()
        self.data = self._residual(progress)
        self.scales = part.scales or self._scales_found(start)
        self._weigh()
        self.smooth, self.dual = self.coordinates, part.dual
        if part.smooth is not None:
            self.smooth = part.smooth
        elif self.prior:
            self.smooth, self.dual = self._smoothed(progress)

    @property
    def loss(self) -> float:
        """The objective: residual and priors."""
        total = self.data + self.pull * float(((self.image - self.mosaic) ** 2).sum(dtype=np.float64))
        total += self.peak_tie * float(((self.coordinates - self.peaks) ** 2).sum(dtype=np.float64))
        if self.prior:
            depth, smooth = self._in_blur(self.coordinates), self._in_blur(self.smooth)
            total += self.prior.distance(depth, smooth) + self.prior.variation(smooth)
        return float(total)

    @property
    def departure(self) -> Floats:
        """Squared difference of the image from the mosaic, mean over channels, (Y, X)."""
        return np.asarray(((self.image - self.mosaic) ** 2).mean(axis=0))

    def reweigh(self) -> None:
        """Adapt what glare is taken to hide, and the weights of the priors to the misfit that is left."""
        self._look_past_glare()
        if self.settings.noise is None:
            departure = float(self.departure.mean(dtype=np.float64))
            self.scales = self.scales.at(self.data / self.observations.planes.size, departure)
            self._weigh()

    def improve_depth(self, progress: Callable[[float], None]) -> None:
        """Depth step, then the smooth companion of the depth."""
        before = self.loss
        smooth_tie = self.prior.tie * self.blur_per_coordinate**2 if self.prior else 0.0
        tie = smooth_tie + self.peak_tie
        share = np.float32(self.peak_tie / tie if tie > 0 else 0)
        step = depth_step(
            self.operator,
            self.observations,
            self.image,
            self.coordinates,
            self.candidates,
            anchor=self.smooth + share * (self.peaks - self.smooth),  # two ties make one
            coupling=tie,
            cost_window=cost_window_of(self.operator.optics, self.settings),
            golden_tolerance=self.settings.golden_tolerance,
            progress=progress,
        )
        last = self.coordinates, self.data
        self.coordinates, self.data = step.coordinates, step.residual
        if self.loss > before:  # by rounding: sums of the same numbers may differ in their last digits
            self.coordinates, self.data = last
        if self.prior:
            before, last_smooth = self.loss, self.smooth
            self.smooth, self.dual = self._smoothed(progress)
            if self.loss > before:
                self.smooth = last_smooth

    def improve_image(self, iterations: int, progress: Callable[[float], None]) -> None:
        """AIF step."""
        step = self._image_step(
            self.operator,
            iterations,
            progress,
            warm_start=self.settings.warm_start,
            eigenvector=self.eigenvector,
        )
        before, last = self.loss, (self.image, self.data)
        self.image, self.data, self.eigenvector = step.image, step.residual, step.eigenvector
        if self.loss > before:
            self.image, self.data = last

    def sharpen_image(self, progress: Callable[[float], None]) -> None:
        """Solve for the image once more, from the sharper planes; not by this objective.

        Planes of more blur tell of the depth, but bring their errors into the image.
        """
        self._look_past_glare()
        trusted = max(self.settings.sharpening, least_trusted_blur(self.operator.optics))
        sharper = replace(self.operator, trusted_blur=trusted)
        self.image = self._image_step(sharper, SHARPENING_ITERATIONS, progress).image

    def smooth_depth(self, progress: Callable[[float], None]) -> None:
        """Even out small differences of the depth; not by this objective."""
        spread = self.settings.bilateral / self.blur_per_coordinate
        self.coordinates = bilateral(self.coordinates, spread, self.settings.threads, progress)

    def resolve_edges(self, progress: Callable[[float], None]) -> None:
        """Depth edges and the image around them, by rays through the aperture; not by this objective."""
        self.coordinates, self.image = resolve_edges(
            self.stack,
            self.operator.optics,
            self.settings,
            self.coordinates,
            self.image,
            progress,
            noise=self.scales.noise,
            glare=self.glare,
        )

    def denoise(self, progress: Callable[[float], None]) -> None:
        """Take noise out of the image; not by this objective."""
        settings = self.settings
        self.image = denoised(self.image, self.noise, settings.denoising, settings.threads, progress)

    def take_median(self, progress: Callable[[float], None]) -> None:
        """Give pixels near depth edges the depth of those that look alike; not by this objective."""
        self.coordinates = median_of_run(
            self.coordinates, self.image, self.operator.optics, self.settings, progress
        )

    def fit_planes(self, progress: Callable[[float], None]) -> None:
        """Take out what noise of the depth is left, by local planes; not by this objective."""
        settings, spread = self.settings, self.settings.regression / self.blur_per_coordinate
        peaks = self.peaks if draws_to_peaks(self.operator.optics, settings) else None
        self.coordinates = local_planes(self.coordinates, spread, peaks, settings.threads, progress)

    def state(self, epoch: int, step: Step) -> SolverState:
        """The unknowns as the user sees them."""
        if step in ("initialization", "depth", "aif"):
            self.losses.append(self.loss / self.observations.planes.size)
        optics = self.operator.optics
        return SolverState(
            epoch=epoch,
            step=step,
            loss=self.losses[-1],
            residual=self.data / self.observations.planes.size,
            depth=optics.from_blur_coordinate(self.coordinates).astype(np.float32),
            all_in_focus=self.observations.to_image(self.image),
            estimate=self.estimate,
            optics=optics,
            settings=self.settings,
            losses=tuple(self.losses),
            notes=self.notes,
        )

    @property
    def estimate(self) -> Estimate:
        """Depth and image as they are now, for the confidence."""
        assert self.settings.depth_range is not None
        return Estimate(
            self.operator,
            self.stack,
            self.image,
            self.coordinates,
            self.settings.depth_range,
            self.scales.noise,
        )

    def _look_past_glare(self) -> None:
        """Dim anew what lights outshine."""
        if self.held is not None:
            self.observations = self._dimmed()
            self.data = self._residual()

    def _dimmed(self) -> Observations:
        """The stack, with glare dimmed (:func:`dimmed`) where the image is held beside lights."""
        if self.glare is None or self.held is None:
            return self.stack
        return dimmed(self.stack, self.glare, self.operator, self.image, self.coordinates, self.noise)

    def _residual(self, progress: Callable[[float], None] | None = None) -> float:
        planes, scale = self.observations.planes, self.observations.scale
        return self.operator.loss(self.image, planes, scale, self.coordinates, progress)

    def _image_step(
        self,
        operator: BlurOperator,
        iterations: int,
        progress: Callable[[float], None],
        *,
        warm_start: bool = True,
        eigenvector: Floats | None = None,
    ) -> AifStep:
        return aif_step(
            operator,
            self.observations,
            self.coordinates,
            self.image,
            iterations=iterations,
            solver=self.settings.aif_solver,
            warm_start=warm_start,
            eigenvector=eigenvector,
            target=self.mosaic,
            pull=self.pull,
            held=self.held,
            progress=progress,
        )

    def _in_blur(self, coordinates: Floats) -> Floats:
        return coordinates * np.float32(self.blur_per_coordinate)

    def _smoothed(self, progress: Callable[[float], None] | None) -> tuple[Floats, Floats]:
        assert self.prior is not None
        smooth, dual = self.prior.smoothed(self._in_blur(self.coordinates), self.dual, progress)
        return smooth / np.float32(self.blur_per_coordinate), dual

    def _scales_found(self, start: Start) -> PriorScales:
        misfit = self.data / self.observations.planes.size
        if self.settings.noise is not None:
            misfit = (self.settings.noise * self.observations.white) ** 2
        lost = departure_of(self.mosaic, start.labels, self.coordinates, self.operator.optics, self.held)
        return PriorScales(misfit, float(lost.mean(dtype=np.float64)), start.noise)

    def _weigh(self) -> None:
        """Weights of the priors, from their scales."""
        planes, channels = self.observations.planes.shape[:2]
        settings, scales = self.settings, self.scales
        self.pull = settings.image_prior * planes * scales.trust_in_mosaic
        samples = scales.residual * planes * channels
        optics, self.peak_tie = self.operator.optics, 0.0
        if draws_to_peaks(optics, settings):
            self.peak_tie = settings.focus_prior * samples / peak_variance(optics)
        self.prior = None
        if settings.smoothness > 0:
            weight = settings.smoothness * scales.residual * float(np.sqrt(planes * channels))
            self.prior = SmoothnessPrior(TIE * weight, weight, edge_weights(self.mosaic))
