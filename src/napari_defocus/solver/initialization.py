"""First depth and all-in-focus image: the sharpest plane of each pixel."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import Optics
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.solver.focus_labels import cells
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.focus_start import cut_labels, noise_of, peaks
from napari_defocus.solver.glare import Glare, find_glare
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.prior_scales import draws_to_peaks
from napari_defocus.solver.reduction import reduction
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.sharpness import sharpness_cost

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

ANCHORING = 4
"""Pull of the coarse labels on the fine ones for each label between them, in units of the smoothness."""

FOCUS_WINDOW = 9
"""Window of the classic focus measure, px."""


@dataclass(frozen=True, eq=False)
class Start:
    """What a run starts from.

    Attributes
    ----------
    labels : ndarray, (Y, X), int32
        Index of the plane that each pixel is sharpest in.
    peaks : ndarray, (Y, X), float32, optional
        Blur coordinate of the peak of each pixel's focus measure. None where the settings do not ask for it.
    noise : Noise, optional
        Noise of the stack. None where the settings do not ask for it.
    notes : tuple of str
        What there is to tell of the run so far.
    glare : Glare, optional
        What saturated lights cover. None: there are none, or the settings do not ask for it.
    """

    labels: Labels
    peaks: Floats | None = None
    noise: Noise | None = None
    notes: tuple[str, ...] = ()
    glare: Glare | None = None


def start_of(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
) -> Start:
    """Sharpest planes and, where the settings draw the depth to them, the peaks of the focus measure.

    With ``initialization="mrf"`` the labels come from a graph cut; large stacks are cut on a reduced grid and
    refined at full size. With "focus" they are the planes of greatest sum-modified Laplacian (the classic
    focus measure).

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : Optics
        Its optics, complete.
    settings : SolverSettings
        Settings of the run.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    glare = find_glare(observations, optics) if uses_noise(settings) or settings.occlusion else None
    if not uses_noise(settings):
        return Start(paper_labels(observations, settings, progress), glare=glare)
    noise = noise_of(observations)
    unusable = None if glare is None else glare.hiding
    first = part_of(progress, 0, 0.7)
    if uses_focus_cut(settings):
        labels = cut_labels(observations, optics, noise, unusable, settings, first)
    else:
        labels = paper_labels(observations, settings, first)
    shown = labels if glare is None else glare.avoided(labels)
    if not draws_to_peaks(optics, settings):
        return Start(shown, None, noise, glare=glare)
    places = peaks(observations, optics, noise, unusable, labels, settings.threads, part_of(progress, 0.7, 1))
    return Start(shown, places, noise, glare=glare)


def uses_graph_cut(settings: SolverSettings) -> bool:
    """Whether the labels come from a graph cut, and not from the focus measure alone."""
    return settings.initialization == "mrf"


def uses_focus_cut(settings: SolverSettings) -> bool:
    """Whether that cut is on the focus measure, and not on a sharpness as in the paper."""
    return uses_graph_cut(settings) and settings.sharpness == "focus"


def uses_noise(settings: SolverSettings) -> bool:
    """Whether the start needs the noise of the stack."""
    return uses_focus_cut(settings) or max(settings.focus_prior, settings.image_prior, settings.denoising) > 0


def mosaic(observations: Observations, labels: Labels) -> Floats:
    """Image of each pixel's own plane in [0, white], (channels, Y, X)."""
    planes = observations.planes
    chosen = np.take_along_axis(planes, labels[None, None], axis=0)[0]
    return np.asarray(np.clip(chosen * np.float32(observations.scale), 0, observations.white), np.float32)


def cut_cost(observations: Observations, index: int, settings: SolverSettings) -> Floats:
    """Cost of a plane in the graph cut as in the paper, (Y, X)."""
    return sharpness_cost(observations.grey(index), settings.sharpness, settings.sharpness_sigma)


def focus_cost(observations: Observations, index: int, settings: SolverSettings) -> Floats:
    """Cost of a plane by the classic focus measure, (Y, X)."""
    return -sum_modified_laplacian(observations.grey(index), FOCUS_WINDOW)


def paper_labels(
    observations: Observations,
    settings: SolverSettings,
    progress: Callable[[float], None] | None,
) -> Labels:
    """Labels by a graph cut on the sharpness as in the paper, or by the focus measure alone."""
    if not uses_graph_cut(settings):
        return least_cost(observations, settings, focus_cost, None, 0.0, progress)
    factor = reduction(observations.count, observations.shape)
    labels = paper_cut(_coarse_costs(observations, settings, factor, progress), settings, factor, progress)
    if factor == 1:
        return labels
    anchor, strength = _enlarge(labels, observations.shape), ANCHORING * settings.mrf_smoothness
    return least_cost(observations, settings, cut_cost, anchor, strength, progress)


def paper_cut(
    costs: Floats, settings: SolverSettings, factor: int, progress: Callable[[float], None] | None = None
) -> Labels:
    """Labels of cells of `factor` px from costs (planes, cells, cells), as in the paper."""
    # a cell stands for factor ** 2 pixels, an edge between two for `factor` edges
    return cut(
        np.ascontiguousarray(np.moveaxis(costs, 0, -1)),
        settings.mrf_smoothness / factor,
        part_of(progress, 0.5, 1),
        truncation=settings.mrf_truncation,
    )


def _coarse_costs(
    observations: Observations,
    settings: SolverSettings,
    factor: int,
    progress: Callable[[float], None] | None,
) -> Floats:
    def reduced(index: int) -> Floats:
        return np.asarray(cells(cut_cost(observations, index, settings)[None], factor)[0])

    costs = []
    for cost in map_ahead(reduced, range(observations.count)):
        costs.append(cost)
        if progress is not None:
            progress(0.5 * len(costs) / observations.count)
    return np.stack(costs)


def _enlarge(labels: Labels, shape: tuple[int, int]) -> Floats:
    """Interpolate coarse labels to full size."""
    zoom = [full / coarse for full, coarse in zip(shape, labels.shape, strict=True)]
    smooth = ndimage.zoom(labels.astype(np.float32), zoom, order=1, mode="nearest", grid_mode=True)
    return np.asarray(smooth[: shape[0], : shape[1]], np.float32)


def least_cost(
    observations: Observations,
    settings: SolverSettings,
    plane_cost: Callable[[Observations, int, SolverSettings], Floats],
    anchor: Floats | None,
    strength: float,
    progress: Callable[[float], None] | None,
) -> Labels:
    """Least cost of each pixel, drawn towards `anchor` labels; a few planes in memory at a time."""
    least = np.full(observations.shape, np.inf, np.float32)
    labels = np.zeros(observations.shape, np.int32)
    costs = map_ahead(lambda index: plane_cost(observations, index, settings), range(observations.count))
    for index, cost in enumerate(costs):
        if anchor is not None:
            cost += np.float32(strength) * np.abs(anchor - index)
        better = cost < least
        least[better] = cost[better]
        labels[better] = index
        if progress is not None:
            progress(0.5 + 0.5 * (index + 1) / observations.count)
    return labels
