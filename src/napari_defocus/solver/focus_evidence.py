"""What the focus measure's cost tells of a depth that has been found."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver.blocks import Block, widened
from napari_defocus.solver.focus_cost import REACH as COST_REACH
from napari_defocus.solver.focus_cost import focus_costs, trust_of
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

WINDOW = 9
"""Side of the window in which the peaks around a pixel are looked at, px."""

WIDER = 25
"""Side of the window in which the trust in them is added up once more, px."""

REACH = COST_REACH + WIDER // 2
"""Distance from which a pixel's evidence is seen, px."""

APART = np.float32(0.75)
"""Distance from which a plane counts as nearer or farther than the depth, px of blur."""

LEAST_TRUST = np.float32(1e-6)
"""Trust below which peaks have no spread."""

TILE = (256, 256)
"""Tiles in which it is found, px."""


@dataclass(frozen=True, eq=False)
class FocusEvidence:
    """Evidence about each pixel's depth, all (Y, X).

    Attributes
    ----------
    texture : ndarray
        Mean trust in the peaks around the pixel, 0 to 1: less where the noise hides them.
    farther_texture : ndarray
        The same over a wider window: a plain patch is the less sure the farther it reaches.
    sharper : ndarray
        How much less the cost is at the best of the nearer planes than at the depth, -1 to 1. What is thin
        and in front, but has got the depth of what is behind, is sharp in a nearer plane.
    spread : ndarray
        Standard deviation of the depths of the peaks around the pixel, each counted by its trust, px of blur.
    """

    texture: Floats
    farther_texture: Floats
    sharper: Floats
    spread: Floats


def focus_evidence(
    observations: Observations,
    optics: Optics,
    coordinates: Floats,
    px_per_coordinate: float,
    noise: Noise,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> FocusEvidence:
    """Look up the focus measure's cost (:func:`focus_cost.focus_costs`) at and around each pixel's depth.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : Optics
        Lens of the stack. Where planes may be counted from near or from far, both sides count alike.
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    px_per_coordinate : float
        Blur in the steepest plane for one unit of the blur coordinate, px.
    noise : Noise
        Noise of the stack.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    order = np.argsort(optics.centers, kind="stable")
    centers = (optics.centers[order] * px_per_coordinate).astype(np.float32)
    either_side = isinstance(optics, UncalibratedFocus)

    def look(tile: Tile) -> tuple[Floats, ...]:
        block = Block(tile, widened(tile, REACH, observations.shape))
        costs = focus_costs(observations.window(block.outer.slices), noise, None)[order]
        inside = block.inside
        depth = coordinates[tile.slices] * np.float32(px_per_coordinate)
        texture, farther, spread = (values[inside] for values in around(costs, centers))
        return texture, farther, sharper(costs[(..., *inside)], centers, depth, either_side), spread

    found = FocusEvidence(*(np.empty(observations.shape, np.float32) for _ in range(4)))
    layers = found.texture, found.farther_texture, found.sharper, found.spread
    for tile, parts in map_tiles(look, split(observations.shape, TILE), threads, progress):
        for values, part in zip(layers, parts, strict=True):
            values[tile.slices] = part
    return found


def around(costs: Floats, centers: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean trust in the peaks around each pixel, farther around, and the spread of their depths, (Y, X).

    Parameters
    ----------
    costs : ndarray, (planes, Y, X), float32
        Cost of each plane, -1 to 0.
    centers : ndarray, (planes,), float32
        Depths of the planes in the order of the costs, px of blur.
    """

    def mean(values: Floats, window: int) -> Floats:
        return np.asarray(ndimage.uniform_filter(values, window, mode="nearest"))

    trust = trust_of(costs)
    peaks = (centers - centers.mean(dtype=np.float32))[costs.argmin(axis=0)]
    weight, farther = (np.maximum(mean(trust, window), 0) for window in (WINDOW, WIDER))
    total = np.maximum(weight, LEAST_TRUST)
    first, second = (mean(trust * values, WINDOW) / total for values in (peaks, peaks * peaks))
    return weight, farther, np.sqrt(np.maximum(second - first * first, 0))


def sharper(costs: Floats, centers: Floats, depth: Floats, either_side: bool) -> Floats:
    """How much less the cost is at the best nearer plane than at the depth (Y, X), itself in px of blur.

    With `either_side` the mean of what nearer and farther planes tell. Other parameters as for
    :func:`around`, with the planes from far to near.
    """
    above = np.clip(np.searchsorted(centers, depth), 1, len(centers) - 1)
    here = np.minimum(*(np.take_along_axis(costs, index[None], 0)[0] for index in (above - 1, above)))
    away = centers[:, None, None] - depth
    gain = here - np.where(away > APART, costs, 0).min(axis=0)
    if either_side:
        gain = (gain + here - np.where(away < -APART, costs, 0).min(axis=0)) / 2
    return np.asarray(np.clip(gain, -1, 1))
