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
from scipy import ndimage
from skimage.measure import block_reduce

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.optics.tiles import Tile, split
from napari_defocus.solver.blocks import Block, widened
from napari_defocus.solver.edge_misfit import misfits, sample_tiles
from napari_defocus.solver.graph_cut import graph_cut_available
from napari_defocus.solver.initialization import (
    ANCHORING,
    FOCUS_WINDOW,
    cut_cost,
    focus_cost,
    least_cost,
    mosaic,
)
from napari_defocus.solver.observations import Observations, load_stack, stored_type
from napari_defocus.solver.occlusion import resolve_edges
from napari_defocus.solver.outliers import remove_outliers
from napari_defocus.solver.patch_spectra import PatchSpectra, patch_spectra
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.sharpness import LOG_SIGMA
from napari_defocus.solver.smoothing import SmoothnessPrior
from napari_defocus.solver.unknowns import Part, Unknowns, blur_operator, label_coordinates

Floats = NDArray[np.float32]
Share = Callable[[float], None]

COORDINATES, SMOOTH, CONTRAST, DUAL, IMAGE = 0, 1, 2, 3, 5
"""Rows of a state, (5 + channels, Y, X): blur coordinates, smooth ones, contrast, dual variables of the
smoothing (two rows), all-in-focus image."""

MEASURED_AT_ONCE = 512
"""Side of the squares that are predicted at once to measure a residual, px: bounds the memory."""


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
    misfit : float, optional
        Mean squared residual of the whole stack at the start.
    """

    optics: Optics
    settings: SolverSettings
    frame: tuple[int, int]
    misfit: float | None = None


def take(
    job: Job, block: Block, images: NDArray[Any], *, progress: Share
) -> tuple[None, tuple[NDArray[Any]]]:
    """Keep planes in the type in which they are solved."""
    return None, (images.astype(stored_type(images.dtype), copy=False),)


def extremes(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> NDArray[np.float64]:
    """Least and greatest value of each plane, (2, planes); NaN where a plane holds one."""
    axes = tuple(range(1, images.ndim))
    return np.array([images.min(axis=axes), images.max(axis=axes)], np.float64)


def cut_reach(settings: SolverSettings) -> int:
    """Halo that the costs of the labels need, px."""
    if uses_graph_cut(settings):
        return int(4 * LOG_SIGMA + 0.5) + int(4 * settings.sharpness_sigma + 0.5) + 1
    return FOCUS_WINDOW // 2 + 1


def uses_graph_cut(settings: SolverSettings) -> bool:
    """Whether the labels come from a graph cut, and not from the focus measure alone."""
    return settings.initialization == "mrf" and graph_cut_available()


def coarse_costs(job: Job, block: Block, images: NDArray[Any], *, factor: int, progress: Share) -> Floats:
    """Costs of the graph cut averaged over cells of `factor` px, (cells, cells, planes).

    Blocks begin on multiples of the factor.
    """
    observations = load_stack(images, job.settings.white)

    def reduced(index: int) -> Floats:
        cost = cut_cost(observations, index, job.settings)[block.inside]
        cost = np.pad(cost, [(0, -length % factor) for length in cost.shape], mode="edge")
        return np.asarray(block_reduce(cost, (factor, factor), np.mean) if factor > 1 else cost)

    costs = []
    for cost in map_ahead(reduced, range(observations.count)):
        costs.append(cost)
        progress(len(costs) / observations.count)
    return np.stack(costs, axis=-1).astype(np.float32)


def sharpest_planes(
    job: Job, block: Block, images: NDArray[Any], *, coarse: NDArray[np.int32] | None, progress: Share
) -> tuple[None, tuple[NDArray[np.int32]]]:
    """Plane that each inner pixel is sharpest in, drawn to the labels of the graph cut where there are any.

    `coarse` are those of the whole image, one a cell; at full size they are the labels themselves.
    """
    if coarse is not None and coarse.shape == job.frame:
        return None, (coarse[block.inner.slices],)
    observations = load_stack(images, job.settings.white)
    anchor = None if coarse is None else enlarged(coarse, job.frame, block.outer)
    cost = focus_cost if coarse is None else cut_cost
    strength = ANCHORING * job.settings.mrf_smoothness
    labels = least_cost(observations, job.settings, cost, anchor, strength, progress)
    return None, (labels[block.inside],)


def enlarged(coarse: NDArray[np.int32], shape: tuple[int, int], tile: Tile) -> Floats:
    """Interpolate coarse labels to the pixels of a tile of an image of `shape`."""
    corner, size = (tile.y0, tile.x0), (tile.height, tile.width)
    rows, columns = (
        (first + np.arange(length) + 0.5) * few / many - 0.5
        for first, length, few, many in zip(corner, size, coarse.shape, shape, strict=True)
    )
    where = np.meshgrid(rows, columns, indexing="ij")
    return np.asarray(ndimage.map_coordinates(coarse.astype(np.float32), where, order=1, mode="nearest"))


def crop_spectra(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> PatchSpectra:
    """Spectra of the patches of a crop, from which the blur is estimated."""
    return patch_spectra(load_stack(images, job.settings.white), job.optics)


def start(
    job: Job, block: Block, images: NDArray[Any], labels: NDArray[np.int32], *, progress: Share
) -> float:
    """Sum of squared residuals of the inner pixels at the labels' depth."""
    observations = load_stack(images, job.settings.white)
    operator = blur_operator(job.optics, job.settings, job.frame)
    coordinates = label_coordinates(operator, labels, job.settings)
    return residual_inside(operator, observations, mosaic(observations, labels), coordinates, block)


def advance(
    job: Job,
    block: Block,
    images: NDArray[Any],
    labels: NDArray[np.int32],
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
    labels : ndarray, (Y, X)
        Sharpest planes.
    state : ndarray, (5 + channels, Y, X), optional
        The unknowns after the last epoch. None: start from the labels.
    epoch : int
        Round, from 1.
    progress : callable
        Gets the share that is done; may raise to stop.

    Returns
    -------
    losses : list of float
        Objective of the inner pixels after each half-step, as the block sees them; in the first epoch that
        of the start comes before.
    states : (ndarray,), (5 + channels, y, x), float32
        The unknowns of the inner pixels.
    """
    observations = load_stack(images, job.settings.white)
    part = Part(job.frame, job.misfit)
    if state is not None:
        dual = state[DUAL:IMAGE]
        part = Part(job.frame, job.misfit, state[COORDINATES], state[SMOOTH], dual, state[IMAGE:])
    run = Unknowns(observations, job.optics, job.settings, labels, (), _between(progress, 0, 0.1), part=part)
    losses = [objective_inside(run, block)] if state is None else []
    run.improve_depth(_between(progress, 0.1, 0.5))
    losses.append(objective_inside(run, block))
    run.improve_image(job.settings.image_iterations(epoch), _between(progress, 0.5, 1))
    losses.append(objective_inside(run, block))
    dual = np.zeros((2, *run.smooth.shape), np.float32) if run.dual is None else run.dual
    new = np.stack([run.coordinates, run.smooth, run.contrast, *dual, *run.image])
    return losses, (np.ascontiguousarray(new[(..., *block.inside)]),)


def edge_misfits(job: Job, block: Block, images: NDArray[Any], state: Floats, *, progress: Share) -> Floats:
    """Misfits of the squares that begin among the inner pixels, from which the typical one is found."""
    y0, x0 = block.inner.y0, block.inner.x0
    tiles = [
        Tile(tile.y0 - block.outer.y0, tile.x0 - block.outer.x0, *tile[2:])
        for tile in sample_tiles(job.frame)
        if 0 <= tile.y0 - y0 < block.inner.height and 0 <= tile.x0 - x0 < block.inner.width
    ]
    observations = load_stack(images, job.settings.white)
    return misfits(observations, job.optics, job.settings, state[COORDINATES], state[IMAGE:], tiles)


def resolve_block(
    job: Job, block: Block, images: NDArray[Any], state: Floats, *, misfit: float, progress: Share
) -> tuple[None, tuple[Floats]]:
    """State of the inner pixels with the depth edges put right."""
    observations, settings = load_stack(images, job.settings.white), job.settings
    coordinates, image = state[COORDINATES], np.ascontiguousarray(state[IMAGE:])
    coordinates, image = resolve_edges(
        observations, job.optics, settings, coordinates, image, progress, misfit=misfit
    )
    new = np.concatenate([coordinates[None], state[SMOOTH:IMAGE], image])
    return None, (np.ascontiguousarray(new[(..., *block.inside)]),)


def finished(
    job: Job, block: Block, state: Floats, *, progress: Share
) -> tuple[None, tuple[Floats, Floats, NDArray[np.bool_], Floats]]:
    """Depth, all-in-focus image, outliers and confidence of the inner pixels, outliers replaced."""
    depth = job.optics.from_blur_coordinate(state[COORDINATES]).astype(np.float32)
    image = state[IMAGE] if len(state) == IMAGE + 1 else np.moveaxis(state[IMAGE:], 0, -1)
    depth, outliers = remove_outliers(depth, image, job.settings)
    confidence = np.where(outliers, np.float32(0), state[CONTRAST])
    inside = block.inside
    return None, (depth[inside], image[inside], outliers[inside], confidence[inside])


def objective_inside(run: Unknowns, block: Block) -> float:
    """Share of the inner pixels in the objective."""
    inside = block.inside
    total = residual_inside(run.operator, run.observations, run.image, run.coordinates, block)
    away = (run.image - run.mosaic)[(..., *inside)]
    total += run.pull * float((away**2).sum(dtype=np.float64))
    if run.prior:
        depth, smooth = (run.blur_per_coordinate * values for values in (run.coordinates, run.smooth))
        edges = np.zeros_like(run.prior.edges)
        edges[inside] = run.prior.edges[inside]
        total += run.prior.distance(depth[inside], smooth[inside])
        total += SmoothnessPrior(run.prior.tie, run.prior.weight, edges).variation(smooth)
    return total


def residual_inside(
    operator: BlurOperator, observations: Observations, image: Floats, coordinates: Floats, block: Block
) -> float:
    """Weighted sum of squared residuals of the inner pixels; `image` (channels, Y, X)."""
    (rows, columns), total = block.inside, 0.0
    for part in split((block.inner.height, block.inner.width), (MEASURED_AT_ONCE, MEASURED_AT_ONCE)):
        tile = Tile(rows.start + part.y0, columns.start + part.x0, part.height, part.width)
        square = Block(tile, widened(tile, operator.halo, observations.shape))
        wide = square.outer.slices
        predicted = operator.forward(
            np.ascontiguousarray(image[(..., *wide)]), np.ascontiguousarray(coordinates[wide])
        )
        planes = zip(
            predicted[(..., *square.inside)],
            observations.planes,
            operator.trust(coordinates[tile.slices]),
            strict=True,
        )
        for seen, plane, trust in planes:
            residual = seen - np.float32(observations.scale) * plane[(..., *tile.slices)]
            total += float((trust * residual * residual).sum())
    return total


def _between(progress: Share, first: float, last: float) -> Share:
    return lambda share: progress(first + (last - first) * share)
