"""Sharpest planes by a graph cut on the focus measure: coarse cut, refinement, and peaks between planes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.measure import block_reduce

from napari_defocus.optics import Optics
from napari_defocus.solver import label_kernels
from napari_defocus.solver.edge_contrast import NeighbourWeights, neighbour_weights, roughness
from napari_defocus.solver.focus_cost import REACH as COST_REACH
from napari_defocus.solver.focus_cost import focus_costs, focus_measures, noise_response, trust_of
from napari_defocus.solver.graph_cut import cut
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

PEAK_WINDOW = 7
"""Window of the focus measure whose peak is placed between planes, px."""

PEAK_SIGMA = 0.6
"""Standard deviation of the Gaussian before that, px: planes that were aligned have lost some of their finest
detail, more or less of it by how far they were moved, and that must not decide."""

REACH = max(COST_REACH, PEAK_WINDOW // 2 + 1 + int(4 * PEAK_SIGMA + 0.5)) + 8
"""Halo of a window in which labels are refined and peaks placed, px."""

SWEEPS = 6
"""Greatest number of sweeps that refine the labels of a window."""

FARTHEST_PEAK = 1.2
"""Distance from its label up to which a peak is that label's, planes."""

FARTHEST_BLUR = 0.5
"""Or, where planes are close together, px of blur: the cut goes over slopes in steps of several planes."""

LEAST_BLUR = 0.7
"""Standard deviation of the blur that a focus measure itself amounts to, px."""

LEAST_LEVEL = 0.4
"""Focus measure that counts as none, once that of the noise is taken off (squared: the two are independent),
in units of that of the noise."""

LEAST_BEND = 1e-3
"""Least curvature of the logarithm of the focus measure at a peak."""


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
    window: Observations, optics: Optics, noise: float, unusable: Pairs, inside: Region, factor: int
) -> CoarseCosts:
    """Costs of the inner pixels of a window, averaged over cells of `factor` px that begin on its corner."""
    costs, guide = _costs_and_guide(window, optics, noise, unusable)
    costs, guide = costs[(..., *inside)], guide[(..., *inside)]
    return CoarseCosts(cells(costs, factor), cells(guide, factor), roughness(guide), guide[0].size)


def cut_coarse(
    costs: Floats,
    guide: Floats,
    optics: Optics,
    noise: float,
    settings: SolverSettings,
    factor: int,
    progress: Share = None,
) -> Labels:
    """Labels in the order of focus of all cells; costs (planes, cells, cells), guide (channels, ...)."""
    weights = _weights(costs, guide, noise / factor, roughness(guide), optics, settings)
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
    noise: float,
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
    weights = _weights(costs, guide, noise, scale, optics, settings)
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


def peak_coordinates(
    window: Observations, optics: Optics, noise: float, unusable: Pairs, labels: Labels
) -> Floats:
    """Blur coordinate (Y, X) of the peak of the focus measure next to each pixel's label, in focus order.

    The parabola through the logarithms of three planes (Nayar & Nakagawa 1994), around that which is reached
    uphill from the label. Where there is no peak, or it is too far from the label, the label's own.
    """
    centers = np.sort(optics.centers)
    last = len(centers) - 1
    if last < 2:
        return centers[labels].astype(np.float32)
    measures = focus_measures(window, PEAK_SIGMA, PEAK_WINDOW, unusable)[np.argsort(optics.centers)]
    floor = noise * noise_response(PEAK_SIGMA)
    level = 0.5 * np.log(np.maximum(measures**2 - floor**2, 0) + (LEAST_LEVEL * floor) ** 2)

    def around(middle: Labels) -> list[Floats]:
        return [np.take_along_axis(level, (middle + step)[None], 0)[0] for step in (-1, 0, 1)]

    def blur_between(coordinates: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(np.abs(coordinates - centers[labels]) * px_per_coordinate(optics))

    middle = np.clip(labels, 1, last - 1)
    while True:
        before, here, after = around(middle)
        uphill = np.where(
            (before > here) & (before > after), -1, np.where((after > here) & (after > before), 1, 0)
        )
        there = np.clip(middle + uphill, 1, last - 1)
        near = (np.abs(there - labels) <= 1) | (blur_between(centers[there]) <= FARTHEST_BLUR)
        if not (near & (there != middle)).any():
            break
        middle = np.where(near, there, middle)
    bend = 2 * here - before - after
    aside = np.clip((after - before) / (2 * np.maximum(bend, LEAST_BEND)), -1, 1)
    place = middle + between_planes(aside, optics)
    found = np.interp(np.clip(place, 0, last), np.arange(last + 1), centers)
    near = (np.abs(place - labels) <= FARTHEST_PEAK) | (blur_between(found) <= FARTHEST_BLUR)
    return np.where((bend > LEAST_BEND) & near, found, centers[labels]).astype(np.float32)


def between_planes(aside: Floats, optics: Optics) -> Floats:
    """Correct places of parabolas' vertices, planes from the middle one, for the shape of focus curves.

    A parabola through three logarithms would be right for a Gaussian focus curve. That of a texture falls off
    as a power of the variance of all blur, whatever the power, so that vertices crowd around the planes where
    these are far apart. The correction is the same parabola through such a curve, the other way round.
    """
    apart = float(np.diff(np.sort(optics.centers)).mean()) * px_per_coordinate(optics)
    least = LEAST_BLUR**2 + PEAK_SIGMA**2 + float(optics.sigma_of_radius(0.0)) ** 2
    true = np.linspace(-0.5, 0.5, 41)
    before, here, after = (-np.log(least + (apart * (step - true)) ** 2) for step in (-1, 0, 1))
    vertex = (after - before) / (2 * (2 * here - before - after))
    return np.where(np.abs(aside) < 0.5, np.interp(aside, vertex, true), aside).astype(np.float32)


def _costs_and_guide(
    window: Observations, optics: Optics, noise: float, unusable: Pairs
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
