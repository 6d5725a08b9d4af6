"""What is computed on one block; plain functions of arrays, run wherever there is a free worker.

Every function takes the job, a block and windows of arrays, all of the block's outer tile, and `progress`,
which gets the share that is done and may raise to stop. It returns a small summary or, where the block is
to be kept, a summary and a tuple of arrays of the inner tile.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile, split
from napari_defocus.solver.bilateral import bilateral
from napari_defocus.solver.blocks import Block
from napari_defocus.solver.confidence import Estimate
from napari_defocus.solver.contrast import value_counts
from napari_defocus.solver.denoising import denoised
from napari_defocus.solver.dimming import dimmed
from napari_defocus.solver.glare import Glare, find_glare, glare_for_image
from napari_defocus.solver.initialization import Start, mosaic
from napari_defocus.solver.observations import Observations, load_part, stored_type
from napari_defocus.solver.occlusion import DepthEdges
from napari_defocus.solver.outliers import remove_outliers
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.patch_spectra import PatchSpectra, patch_spectra
from napari_defocus.solver.prediction import MEASURED_AT_ONCE, predict_tile
from napari_defocus.solver.prior_scales import PriorScales, departure_of, draws_to_peaks, px_per_coordinate
from napari_defocus.solver.ray_fit import RayFit, RaySamples, ray_samples, sample_tiles
from napari_defocus.solver.regression import local_planes
from napari_defocus.solver.run_operator import blur_operator, start_coordinates
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.smoothing import SmoothnessPrior
from napari_defocus.solver.unknowns import Part, Unknowns
from napari_defocus.solver.weighted_median import median_of_run

Floats = NDArray[np.float32]
Share = Callable[[float], None]

COORDINATES, SMOOTH, DUAL, IMAGE = 0, 1, 2, 4
"""Rows of a state, (4 + channels, Y, X): blur coordinates, smooth ones, dual variables of the smoothing (two
rows), all-in-focus image."""


@dataclass(frozen=True)
class Job:
    """What the blocks of a run have in common.

    Attributes
    ----------
    optics : Optics
        Blur of each plane, complete.
    settings : SolverSettings
        Settings with the depth range and the white level of the whole stack filled in.
    frame : (int, int)
        Height and width of the whole image, px.
    scales : PriorScales, optional
        What the weights of the priors are in units of, for the whole stack.
    gain : float
        Factor that brings the whole stack to more contrast.
    """

    optics: Optics
    settings: SolverSettings
    frame: tuple[int, int]
    scales: PriorScales | None = None
    gain: float = 1.0

    def observations(self, images: NDArray[Any]) -> Observations:
        """Load a part of the stack."""
        return load_part(images, self.settings.white).brighter(self.gain)


def take(
    job: Job, block: Block, images: NDArray[Any], *, progress: Share
) -> tuple[None, tuple[NDArray[Any]]]:
    """Keep planes in the type in which they are solved."""
    return None, (images.astype(stored_type(images.dtype), copy=False),)


def extremes(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> NDArray[np.float64]:
    """Least and greatest value of each plane, (2, planes); NaN where a plane holds one."""
    axes = tuple(range(1, images.ndim))
    return np.array([images.min(axis=axes), images.max(axis=axes)], np.float64)


def contrast(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> NDArray[np.int64]:
    """How many values of a part of the stack there are at each step from black to white."""
    return value_counts(load_part(images, job.settings.white))


def crop_spectra(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> PatchSpectra:
    """Spectra of the patches of a crop, from which the blur is estimated."""
    return patch_spectra(job.observations(images), job.optics)


def as_start(kept: Floats, glare: Glare | None = None) -> Start:
    """Start of a run from what :func:`block_start.starts` kept, (1 or 2, Y, X), and the block's glare."""
    return Start(kept[0].astype(np.int32), kept[1] if len(kept) > 1 else None, glare=glare)


def start(
    job: Job, block: Block, images: NDArray[Any], kept: Floats, *, noise: float, progress: Share
) -> tuple[float, float]:
    """Sums of squared residuals and of the mosaic's squared departures over the inner pixels.

    `noise` is its standard deviation, of white.
    """
    observations = job.observations(images)
    begin = as_start(kept, glare_for_image(observations, job.optics, job.settings))
    operator = blur_operator(job.optics, job.settings, job.frame)
    coordinates = start_coordinates(operator, begin, job.settings)
    image = mosaic(observations, begin.labels)
    held = None if begin.glare is None else begin.glare.held
    if begin.glare is not None:
        observations = dimmed(observations, begin.glare, operator, image, coordinates, noise)
    lost = departure_of(image, begin.labels, coordinates, job.optics, held)[block.inside]
    residual = residual_inside(operator, observations, image, coordinates, block)
    return residual, float(lost.sum(dtype=np.float64))


def advance(
    job: Job,
    block: Block,
    images: NDArray[Any],
    kept: Floats,
    state: Floats | None,
    *,
    epoch: int,
    progress: Share,
) -> tuple[list[float], tuple[Floats]]:
    """One epoch: depth step and AIF step on the block's window, of which the inner pixels are kept.

    Parameters
    ----------
    job, block
        The run and the block.
    images : ndarray, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack.
    kept : ndarray, (1 or 2, Y, X)
        Start of the run: sharpest planes, peaks.
    state : ndarray, (4 + channels, Y, X), optional
        The unknowns after the last epoch. None: start from the labels.
    epoch : int
        Round, from 1.
    progress : callable
        Gets the share that is done; may raise to stop.

    Returns
    -------
    losses : list of float
        Objective of the inner pixels after each half-step, as the block sees them; in the first epoch that
        of the start comes before. Last their sums of squared residuals and of squared departures.
    states : (ndarray,), (4 + channels, y, x), float32
        The unknowns of the inner pixels.
    """
    run = unknowns_of(job, images, kept, state, part_of(progress, 0, 0.1))
    losses = [objective_inside(run, block)] if state is None else []
    run.improve_depth(part_of(progress, 0.1, 0.5))
    losses.append(objective_inside(run, block))
    run.improve_image(job.settings.image_iterations(epoch), part_of(progress, 0.5, 1))
    losses.append(objective_inside(run, block))
    losses.append(residual_inside(run.operator, run.observations, run.image, run.coordinates, block))
    losses.append(float(run.departure[block.inside].sum(dtype=np.float64)))
    dual = np.zeros((2, *run.smooth.shape), np.float32) if run.dual is None else run.dual
    new = np.stack([run.coordinates, run.smooth, *dual, *run.image])
    return losses, (np.ascontiguousarray(new[(..., *block.inside)]),)


def unknowns_of(
    job: Job, images: NDArray[Any], kept: Floats, state: Floats | None, progress: Share
) -> Unknowns:
    """The unknowns of a window, as :func:`advance` has them."""
    observations = job.observations(images)
    part = Part(job.frame, job.scales)
    if state is not None:
        dual = state[DUAL:IMAGE]
        part = Part(job.frame, job.scales, state[COORDINATES], state[SMOOTH], dual, state[IMAGE:])
    begin = as_start(kept, glare_for_image(observations, job.optics, job.settings))
    return Unknowns(observations, job.optics, job.settings, begin, progress, part=part)


def sharpen_block(
    job: Job, block: Block, images: NDArray[Any], kept: Floats, state: Floats, *, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels with the image solved for once more from the sharper planes."""
    run = unknowns_of(job, images, kept, state, part_of(progress, 0, 0.2))
    run.sharpen_image(part_of(progress, 0.2, 1))
    new = np.concatenate([state[:IMAGE], run.image])
    return None, (np.ascontiguousarray(new[(..., *block.inside)]),)


def smooth_block(job: Job, block: Block, state: Floats, *, progress: Share) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels with small differences of the depth evened out."""
    spread = job.settings.bilateral / px_per_coordinate(job.optics)
    coordinates = np.ascontiguousarray(state[COORDINATES])
    return with_depth(block, state, bilateral(coordinates, spread, job.settings.threads, progress))


def with_depth(block: Block, state: Floats, coordinates: Floats) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels with other blur coordinates of the depth, (Y, X)."""
    new = state.copy()
    new[COORDINATES] = coordinates
    return None, (np.ascontiguousarray(new[(..., *block.inside)]),)


def edge_samples(
    job: Job, block: Block, images: NDArray[Any], state: Floats, *, progress: Share
) -> RaySamples:
    """How far rays miss the stack in the squares that begin among the inner pixels."""
    y0, x0 = block.inner.y0, block.inner.x0
    tiles = [
        Tile(tile.y0 - block.outer.y0, tile.x0 - block.outer.x0, *tile[2:])
        for tile in sample_tiles(job.frame)
        if 0 <= tile.y0 - y0 < block.inner.height and 0 <= tile.x0 - x0 < block.inner.width
    ]
    observations = job.observations(images)
    model = observations, job.optics, job.settings
    lights = lights_of(observations, job.optics) if tiles else None  # in most blocks of a large image is none
    return ray_samples(*model, state[COORDINATES], state[IMAGE:], tiles, lights)


def first_edges(
    job: Job, block: Block, images: NDArray[Any], state: Floats, *, fit: RayFit, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels after a first search for depth edges and a weighted median."""
    image, edges = np.ascontiguousarray(state[IMAGE:]), edges_of(job, images, fit)
    return with_depth(block, state, edges.first(state[COORDINATES], image, progress))


def last_edges(
    job: Job, block: Block, images: NDArray[Any], state: Floats, *, fit: RayFit, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels after the last search for depth edges and a median, and the image there."""
    image, edges = np.ascontiguousarray(state[IMAGE:]), edges_of(job, images, fit)
    coordinates, image = edges.last(state[COORDINATES], image, progress)
    new = np.concatenate([coordinates[None], state[SMOOTH:IMAGE], image])
    return None, (np.ascontiguousarray(new[(..., *block.inside)]),)


def edges_of(job: Job, images: NDArray[Any], fit: RayFit) -> DepthEdges:
    """What the depth edges of a window are put right by."""
    observations = job.observations(images)
    lights = lights_of(observations, job.optics)
    noise = None if job.scales is None else job.scales.noise
    return DepthEdges(observations, job.optics, job.settings, lights, fit, noise)


def lights_of(observations: Observations, optics: Optics) -> NDArray[np.bool_] | None:
    """Pairs of plane and pixel in glare, (planes, Y, X); None where there are none."""
    glare = find_glare(observations, optics)
    return None if glare is None else glare.pairs


def denoise_block(
    job: Job, block: Block, state: Floats, *, noise: float, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels with noise (standard deviation, of white) taken out of the image."""
    settings, new = job.settings, state.copy()
    image = np.ascontiguousarray(state[IMAGE:])
    new[IMAGE:] = denoised(image, noise, settings.denoising, settings.threads, progress)
    return None, (np.ascontiguousarray(new[(..., *block.inside)]),)


def median_block(job: Job, block: Block, state: Floats, *, progress: Share) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels after the weighted median of the depth."""
    image, coordinates = np.ascontiguousarray(state[IMAGE:]), np.ascontiguousarray(state[COORDINATES])
    return with_depth(block, state, median_of_run(coordinates, image, job.optics, job.settings, progress))


def regression_block(
    job: Job, block: Block, kept: Floats, state: Floats, *, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels after the local regression of the depth."""
    settings, spread = job.settings, job.settings.regression / px_per_coordinate(job.optics)
    coordinates, peaks = np.ascontiguousarray(state[COORDINATES]), None
    if draws_to_peaks(job.optics, settings):
        peaks = start_coordinates(blur_operator(job.optics, settings, job.frame), as_start(kept), settings)
    return with_depth(block, state, local_planes(coordinates, spread, peaks, settings.threads, progress))


def finished(
    job: Job, block: Block, images: NDArray[Any], state: Floats, *, progress: Share
) -> tuple[None, tuple[Floats, Floats, NDArray[np.bool_], Floats]]:
    """Depth, all-in-focus image, outliers and confidence of the inner pixels, outliers replaced."""
    assert job.settings.depth_range is not None
    operator = blur_operator(job.optics, job.settings, job.frame)
    observations = job.observations(images)
    channels, coordinates = np.ascontiguousarray(state[IMAGE:]), np.ascontiguousarray(state[COORDINATES])
    noise = None if job.scales is None else job.scales.noise
    estimate = Estimate(operator, observations, channels, coordinates, job.settings.depth_range, noise)
    confidence = estimate.confidence(progress)
    depth = job.optics.from_blur_coordinate(coordinates).astype(np.float32)
    image = observations.to_image(channels)
    bright = image * np.float32(observations.white)
    depth, outliers = remove_outliers(depth, bright, confidence, job.optics, job.settings)
    inside = block.inside
    return None, (depth[inside], image[inside], outliers[inside], confidence[inside])


def objective_inside(run: Unknowns, block: Block) -> float:
    """Share of the inner pixels in the objective."""
    inside = block.inside
    total = residual_inside(run.operator, run.observations, run.image, run.coordinates, block)
    away = (run.image - run.mosaic)[(..., *inside)]
    total += run.pull * float((away**2).sum(dtype=np.float64))
    total += run.peak_tie * float(((run.coordinates - run.peaks)[inside] ** 2).sum(dtype=np.float64))
    if run.prior:
        depth, smooth = (run.blur_per_coordinate * values for values in (run.coordinates, run.smooth))
        edges = np.zeros_like(run.prior.edges)
        edges[inside] = run.prior.edges[inside]
        total += run.prior.distance(depth[inside], smooth[inside])
        total += SmoothnessPrior(run.prior.tie, run.prior.weight, edges).variation(smooth)
    return float(total)


def residual_inside(
    operator: BlurOperator, observations: Observations, image: Floats, coordinates: Floats, block: Block
) -> float:
    """Weighted sum of squared residuals of the inner pixels; `image` (channels, Y, X)."""
    (rows, columns), total = block.inside, 0.0
    for part in split((block.inner.height, block.inner.width), (MEASURED_AT_ONCE, MEASURED_AT_ONCE)):
        tile = Tile(rows.start + part.y0, columns.start + part.x0, part.height, part.width)
        predicted = predict_tile(operator, image, coordinates, tile)
        planes = zip(predicted, observations.planes, operator.trust(coordinates[tile.slices]), strict=True)
        for seen, plane, trust in planes:
            residual = seen - np.float32(observations.scale) * plane[(..., *tile.slices)]
            total += float((trust * residual * residual).sum())
    return float(total)
