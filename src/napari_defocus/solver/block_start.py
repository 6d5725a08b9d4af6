"""The start of a run on one block: noise, costs of the graph cut, sharpest planes and peaks.

Functions are called as those of :mod:`block_tasks` are.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import focus_labels
from napari_defocus.solver.block_tasks import Floats, Job, Share, as_start
from napari_defocus.solver.blocks import Block
from napari_defocus.solver.focus_labels import CoarseCosts, Labels
from napari_defocus.solver.focus_start import enlarged, peaks, refined
from napari_defocus.solver.glare import FARTHEST_LIGHT, find_glare
from napari_defocus.solver.initialization import (
    ANCHORING,
    FOCUS_WINDOW,
    cut_cost,
    focus_cost,
    least_cost,
    uses_focus_cut,
    uses_graph_cut,
)
from napari_defocus.solver.model_start import in_doubt, revised
from napari_defocus.solver.noise import Noise, NoiseSample
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.prior_scales import PriorScales, draws_to_peaks
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.sharpness import LOG_SIGMA
from napari_defocus.solver.unknowns import Part, Unknowns


def start_reach(settings: SolverSettings) -> int:
    """Halo that the start of a run needs, px."""
    if uses_focus_cut(settings) or settings.focus_prior > 0:
        return focus_labels.REACH + FARTHEST_LIGHT + 1
    if uses_graph_cut(settings):
        return int(4 * LOG_SIGMA + 0.5) + int(4 * settings.sharpness_sigma + 0.5) + 1
    return FOCUS_WINDOW // 2 + 1


def sample_noise(job: Job, block: Block, images: NDArray[Any], *, progress: Share) -> NoiseSample:
    """What a part of the image tells of the noise."""
    return NoiseSample.of(job.observations(images))


def coarse_costs(
    job: Job, block: Block, images: NDArray[Any], *, factor: int, noise: Noise | None, progress: Share
) -> CoarseCosts:
    """Costs of the graph cut averaged over cells of `factor` px; blocks begin on multiples of the factor.

    With the noise of the stack they are those of the focus measure, else those of the paper.
    """
    observations = job.observations(images)
    if noise is not None:
        glare = find_glare(observations, job.optics)
        unusable = None if glare is None else glare.hiding
        return focus_labels.coarse_costs(observations, job.optics, noise, unusable, block.inside, factor)

    def reduced(index: int) -> Floats:
        cost = cut_cost(observations, index, job.settings)[block.inside]
        return np.asarray(focus_labels.cells(cost[None], factor)[0])

    costs = []
    for cost in map_ahead(reduced, range(observations.count)):
        costs.append(cost)
        progress(len(costs) / observations.count)
    volume = np.stack(costs)
    return CoarseCosts(volume, volume[:1], (0.0, 0.0), block.inner.height * block.inner.width)


def starts(
    job: Job,
    block: Block,
    images: NDArray[Any],
    *,
    coarse: Labels | None,
    factor: int,
    noise: Noise | None,
    roughness: tuple[float, float],
    progress: Share,
) -> tuple[tuple[bool, bool], tuple[Floats]]:
    """Start of the inner pixels: sharpest planes and, where they are asked for, the peaks (1 or 2, y, x).

    With whether all planes are the same image here, and whether that is even.

    Parameters
    ----------
    job, block
        The run and the block.
    images : ndarray, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack.
    coarse : ndarray, (cells, cells), int32, optional
        Labels of the graph cut on the whole image, in the order of focus if they are by the focus measure.
    factor : int
        Side of their cells, px.
    noise : Noise, optional
        Noise of the stack. None: no use is made of the focus measure.
    roughness : (float, float)
        Mean squared differences of the image of the sharpest planes.
    progress : callable
        Gets the share that is done; may raise to stop.
    """
    settings, optics = job.settings, job.optics
    observations = job.observations(images)
    order = np.argsort(optics.centers).astype(np.int32)
    found = None if noise is None else find_glare(observations, optics)
    unusable = None if found is None else found.hiding
    if coarse is None:
        labels = least_cost(observations, settings, focus_cost, None, 0.0, None)
    elif uses_focus_cut(settings):
        assert noise is not None
        labels = enlarged(coarse, block.outer, factor)
        if factor > 1:
            labels = refined(observations, optics, noise, unusable, roughness, settings, labels, factor)
        labels = order[labels]
    elif factor == 1:
        labels = coarse[block.outer.slices]
    else:
        anchor, strength = interpolated(coarse, job.frame, block.outer), ANCHORING * settings.mrf_smoothness
        labels = least_cost(observations, settings, cut_cost, anchor, strength, None)
    shown = labels if found is None else found.avoided(labels)
    kept = [shown[block.inside].astype(np.float32)]
    if draws_to_peaks(optics, settings):
        assert noise is not None
        found_peaks = peaks(observations, optics, noise, unusable, labels, settings.threads)
        kept.append(found_peaks[block.inside])
    return (observations.alike, observations.even), (np.stack(kept),)


def revised_starts(
    job: Job,
    block: Block,
    images: NDArray[Any],
    kept: Floats,
    *,
    noise: Noise,
    model_scales: PriorScales,
    progress: Share,
) -> tuple[None, tuple[Floats]]:
    """Start of the inner pixels after its revision, (2, y, x).

    Parameters
    ----------
    job, block, images
        The run, the block and the focal stack.
    kept : ndarray, (2, Y, X)
        What :func:`starts` kept.
    noise : Noise
        Noise of the stack.
    model_scales : PriorScales
        Scales of the priors of the run by the model alone.
    progress : callable
        Gets the share that is done; may raise to stop.
    """
    observations = job.observations(images)
    start = replace(as_start(kept, find_glare(observations, job.optics)), noise=noise)
    doubt = in_doubt(observations, start)
    if doubt.any():
        run = Unknowns(observations, job.optics, job.settings, start, part=Part(job.frame, job.scales))
        run.improve_depth(part_of(progress, 0, 0.1))
        run.improve_image(job.settings.image_iterations(1), part_of(progress, 0.1, 0.2))
        share = part_of(progress, 0.2, 1)
        start = revised(run, start, doubt, share, frame=job.frame, scales=model_scales)
    assert start.peaks is not None
    return None, (np.stack([start.labels.astype(np.float32), start.peaks])[(..., *block.inside)],)


def interpolated(coarse: NDArray[np.int32], shape: tuple[int, int], tile: Tile) -> Floats:
    """Interpolate coarse labels to the pixels of a tile of an image of `shape`."""
    corner, size = (tile.y0, tile.x0), (tile.height, tile.width)
    rows, columns = (
        (first + np.arange(length) + 0.5) * few / many - 0.5
        for first, length, few, many in zip(corner, size, coarse.shape, shape, strict=True)
    )
    where = np.meshgrid(rows, columns, indexing="ij")
    return np.asarray(ndimage.map_coordinates(coarse.astype(np.float32), where, order=1, mode="nearest"))
