"""First depth and all-in-focus image: the sharpest plane of each pixel."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import block_reduce

from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.graph_cut import cut, graph_cut_available
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.sharpness import sharpness_cost

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]

MAX_CUT_SIZE = 1_500_000
"""Greatest number of pixels times labels in one graph; larger stacks are cut on a reduced grid."""

ANCHORING = 4
"""Pull of the coarse labels on the fine ones for each label between them, in units of the smoothness."""

FOCUS_WINDOW = 9
"""Window of the classic focus measure, px."""

NO_GRAPH_CUT = (
    "The graph cut is not installed (gco-wrapper), so the first depth came from the classic focus measure; "
    "pip install 'napari-defocus[graphcut]' adds it (needs a C++ compiler on Python 3.12 and later)."
)


def initial_labels(
    observations: Observations,
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
) -> tuple[Labels, tuple[str, ...]]:
    """Plane that each pixel is sharpest in, and notes for the user.

    With ``initialization="mrf"`` a graph cut on sharpness costs; large stacks are cut on a reduced grid and
    refined at full size. With "focus", or where gco-wrapper is missing, the plane of greatest
    sum-modified Laplacian (the classic focus measure).

    Returns
    -------
    labels : ndarray, (Y, X), int32
        Plane indices.
    notes : tuple of str
        What was done otherwise than asked.
    """
    notes: tuple[str, ...] = ()
    if settings.initialization == "mrf" and graph_cut_available():
        factor = reduction(observations.count, observations.shape)
        coarse = _coarse_costs(observations, settings, factor, progress)
        # a coarse pixel stands for factor ** 2 fine ones, an edge between two for `factor` fine edges
        labels = cut(coarse, settings.mrf_smoothness / factor, _second_half(progress))
        if factor == 1:
            return labels, notes
        anchor = _enlarge(labels, observations.shape)
        strength = ANCHORING * settings.mrf_smoothness
        return least_cost(observations, settings, cut_cost, anchor, strength, progress), notes
    if settings.initialization == "mrf":
        notes = (NO_GRAPH_CUT,)
    return least_cost(observations, settings, focus_cost, None, 0.0, progress), notes


def mosaic(observations: Observations, labels: Labels) -> Floats:
    """Image of each pixel's own plane in [0, 1], (channels, Y, X)."""
    planes = observations.planes
    chosen = np.take_along_axis(planes, labels[None, None], axis=0)[0]
    return np.asarray(np.clip(chosen * np.float32(observations.scale), 0, 1), np.float32)


def reduction(planes: int, shape: tuple[int, int]) -> int:
    """Factor by which the grid of the graph cut is coarser than an image of `shape`."""
    size = planes * shape[0] * shape[1]
    return int(np.ceil(np.sqrt(size / MAX_CUT_SIZE)))


def cut_cost(observations: Observations, index: int, settings: SolverSettings) -> Floats:
    """Cost of a plane in the graph cut, (Y, X)."""
    return sharpness_cost(observations.grey(index), settings.sharpness, settings.sharpness_sigma)


def focus_cost(observations: Observations, index: int, settings: SolverSettings) -> Floats:
    """Cost of a plane by the classic focus measure, (Y, X)."""
    return -sum_modified_laplacian(observations.grey(index), FOCUS_WINDOW)


def _coarse_costs(
    observations: Observations,
    settings: SolverSettings,
    factor: int,
    progress: Callable[[float], None] | None,
) -> Floats:
    def reduced(index: int) -> Floats:
        cost = cut_cost(observations, index, settings)
        if factor == 1:
            return cost
        cost = np.pad(cost, [(0, -length % factor) for length in cost.shape], mode="edge")
        return np.asarray(block_reduce(cost, (factor, factor), np.mean))

    costs = []
    for cost in map_ahead(reduced, range(observations.count)):
        costs.append(cost)
        if progress is not None:
            progress(0.5 * len(costs) / observations.count)
    return np.stack(costs, axis=-1).astype(np.float32)


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


def _second_half(progress: Callable[[float], None] | None) -> Callable[[float], None] | None:
    return None if progress is None else lambda share: progress(0.5 + 0.5 * share)
