"""Sharpest planes by a graph cut on the focus measure: coarse cut and refinement."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.measure import block_reduce

from napari_defocus.optics import Optics
from napari_defocus.solver import label_kernels
from napari_defocus.solver.between_planes import REACH as PEAK_REACH
from napari_defocus.solver.edge_contrast import NeighbourWeights, neighbour_weights, roughness
from napari_defocus.solver.focus_cost import REACH as COST_REACH
from napari_defocus.solver.focus_cost import focus_costs, trust_of
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prior_scales import hides_focus, px_per_coordinate
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Region = tuple[slice, slice]
Pairs = NDArray[np.bool_] | None
Share = Callable[[float], None] | None

LEAST_EDGE = 0.3
"""Blur between two labels up to which a difference is a slope and no edge, px."""

REACH = max(COST_REACH, PEAK_REACH) + 8
"""Halo of a window in which labels are refined and peaks placed, px."""

SWEEPS = 6
"""Greatest number of sweeps that refine the labels of a window."""


@dataclass(frozen=True, eq=False)
class CoarseCosts:
    """What the cut on the reduced grid needs of a window, and what the refinement needs of all windows.

    Attributes
    ----------
    costs : ndarray, (planes, cells, cells), float32
        Costs of the planes in the order of focus, averaged over cells.
    guide : ndarray, (channels, cells, cells), float32
        Image of the sharpest planes, averaged over cells.
    roughness : (float, float)
        Mean squared differences of that image at full size.
    pixels : int
        Pixels that these are means of.
    """

    costs: Floats
    guide: Floats
    roughness: tuple[float, float]
    pixels: int


def coarse_costs(
    window: Observations, optics: Optics, noise: Noise, unusable: Pairs, inside: Region, factor: int
) -> CoarseCosts:
    """Costs of the inner pixels of a window, averaged over cells of `factor` px that begin on its corner."""
    costs, guide = _costs_and_guide(window, optics, noise, unusable)
    costs, guide = costs[(..., *inside)], guide[(..., *inside)]
    return CoarseCosts(cells(costs, factor), cells(guide, factor), roughness(guide), guide[0].size)


def cut_coarse(
    costs: Floats,
    guide: Floats,
    optics: Optics,
    noise: Noise,
    settings: SolverSettings,
    factor: int,
    progress: Share = None,
) -> Labels:
    """Labels in the order of focus of all cells; costs (planes, cells, cells), guide (channels, ...)."""
    weights = _weights(costs, guide, noise.level / factor, roughness(guide), optics, settings)
    return cut(
        np.ascontiguousarray(np.moveaxis(costs, 0, -1)),
        smoothness_at(settings, factor) / factor,  # a cell is factor ** 2 pixels, an edge factor edges
        progress,
        truncation=truncation_at(settings, optics),
        weights=weights,
    )


def refine(
    window: Observations,
    optics: Optics,
    noise: Noise,
    unusable: Pairs,
    scale: tuple[float, float],
    settings: SolverSettings,
    labels: Labels,
    factor: int,
) -> Labels:
    """Relax the coarse labels (Y, X) of a window at full size, in the order of focus.

    `unusable` (planes, Y, X) are pairs of plane and pixel that tell nothing, `scale` is the roughness of the
    whole image, `factor` the side of the cells of the coarse labels.
    """
    costs, guide = _costs_and_guide(window, optics, noise, unusable)
    weights = _weights(costs, guide, noise.level, scale, optics, settings)
    truncation = truncation_at(settings, optics)
    refined = np.ascontiguousarray(labels, np.int32).copy()
    for sweep in range(SWEEPS):
        if not label_kernels.relax_labels(
            costs,
            weights.across,
            weights.down,
            np.float32(smoothness_at(settings, factor)),
            np.float32(np.inf if truncation is None else truncation),
            sweep % 2 == 1,
            refined,
        ):
            break
    return refined


def _weights(
    costs: Floats,
    guide: Floats,
    noise: float,
    scale: tuple[float, float],
    optics: Optics,
    settings: SolverSettings,
) -> NeighbourWeights:
    """Weights between neighbours; eased unless sharpness tells little, however far above the noise."""
    weights = neighbour_weights(guide, noise, scale)
    return weights if hides_focus(optics, settings) else weights.eased(trust_of(costs))


def smoothness_at(settings: SolverSettings, factor: int) -> float:
    """Smoothness for an image cut in cells of `factor` px: a larger one shows the same scene larger."""
    return float(settings.mrf_smoothness * np.sqrt(factor))


def truncation_at(settings: SolverSettings, optics: Optics) -> float | None:
    """Difference of labels beyond which neighbours cost no more: more where planes are close together."""
    if settings.mrf_truncation is None:
        return None
    apart = float(np.median(np.diff(np.sort(optics.centers)))) * px_per_coordinate(optics)
    return max(settings.mrf_truncation, LEAST_EDGE / max(apart, 1e-6))


def _costs_and_guide(
    window: Observations, optics: Optics, noise: Noise, unusable: Pairs
) -> tuple[Floats, Floats]:
    """Costs in the order of focus, and the image of each pixel's sharpest plane (channels, Y, X)."""
    costs = focus_costs(window, noise, unusable)
    sharpest = costs.argmin(axis=0)
    guide = np.take_along_axis(window.planes, sharpest[None, None], axis=0)[0] * np.float32(window.scale)
    return costs[np.argsort(optics.centers)], guide.astype(np.float32)


def cells(values: Floats, factor: int) -> Floats:
    """Means (slices, cells, cells) of slices over cells of `factor` px; the last ones are filled up."""
    if factor == 1:
        return np.ascontiguousarray(values)
    values = np.pad(values, [(0, 0), *((0, -length % factor) for length in values.shape[1:])], mode="edge")
    return np.asarray(block_reduce(values, (1, factor, factor), np.mean), np.float32)
