"""How far the depth of each pixel can be trusted, from the end of a run.

The confidence is a probability: that the depth is right within `TOLERANCE`, half a pixel of blur. With a
depth that is off by so much, the plane whose blur changes fastest would be blurred by half a pixel (standard
deviation) more or less than it is. Counted in blur, it means the same for a camera and a microscope.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import UncalibratedFocus
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver import confidence_kernels, window_kernels
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.depth_step import TILE, candidate_steps, tile_banks, widen
from napari_defocus.solver.focus_cost import REACH as FOCUS_REACH
from napari_defocus.solver.focus_cost import focus_costs
from napari_defocus.solver.focus_start import noise_of, view
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prior_scales import px_per_coordinate
from napari_defocus.solver.weighted_median import RADIUS, agreement, span_of

Floats = NDArray[np.float32]

TOLERANCE = 0.5
"""Error of the depth within which it counts as right, px of blur in the steepest plane."""

STEP = 0.5
"""Distance of the depths at which the cost curve is looked at, px of blur."""

LEAST, MOST = 5, 256
"""Bounds on their number."""

CURVATURES = (-5.0, 3.0)
"""Bounds of the evidence of curvature: beyond them it tells no more than at them."""

LEAST_STEP = np.float32(0.1)
"""Step of depth that is none, px of blur."""

LEAST_MISFIT = (0.2 / 255) ** 2
"""Mean squared residual that no camera is taken to be below: in a flat image, rounding is no evidence."""

COST_WINDOW = 5
"""Side of the window over which the cost curve is averaged, px."""

GAP_WINDOW = 5
"""Side of the window over which the gaps of the focus measure's cost are averaged, px."""

TEXTURE_WINDOW = 9
"""Side of the window over which the trust in its peaks is averaged, px."""

LEAST_TEXTURE = np.float32(0.02)
"""Trust that is none."""

LEAST_SHARE = np.float32(0.05)
"""Share of alike pixels that is none."""

GAP_TILE = (256, 256)
"""Tiles in which they are found, px."""

NEIGHBOURS = 9
"""Side of the neighbourhood in which steps of the depth count, px."""


@dataclass(frozen=True, eq=False)
class Estimate:
    """A depth map with all that its confidence is told from.

    Attributes
    ----------
    operator : BlurOperator
        Blur model.
    observations : Observations
        The focal stack.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    depth_range : (float, float)
        Nearest and farthest depth that were searched, in the unit of the optics.
    noise : float, optional
        Variance of the noise. None: found when it is needed.
    """

    operator: BlurOperator
    observations: Observations
    image: Floats
    coordinates: Floats
    depth_range: tuple[float, float]
    noise: float | None = None

    @property
    def px_per_coordinate(self) -> float:
        """Blur in the steepest plane for one unit of the blur coordinate, px."""
        return px_per_coordinate(self.operator.optics)

    def confidence(self, progress: Callable[[float], None] | None = None) -> Floats:
        """Probability that the depth of each pixel is within `TOLERANCE` of the truth, (Y, X).

        It was fitted on rendered scenes (``benchmarks/accuracy/calibrate.py``) and holds on average over
        scenes like those, not for each scene by itself. `progress` gets the share of the cost curves that
        are done; it may raise to stop.
        """
        return Calibration.of("defocus").probability(self.evidence(progress))

    def evidence(self, progress: Callable[[float], None] | None = None) -> Iterator[tuple[str, Floats]]:
        """Yield each kind of evidence for and against the depth by its name, (Y, X).

        ``curvature``
            log of the cost curve's curvature at the depth over the least cost: texture against noise and
            against what the model cannot explain.
        ``step``
            log of the range of depth around the pixel, in px of blur.
        ``behind``
            log of how far it lies behind the nearest of its neighbours: what is near hides what is far, but
            seems to reach over its edge.
        ``agreement``
            log of the share of the pixels around it that look alike and are at its depth.
        ``focus_gap``
            How much more the focus measure's cost is at the depth than at its best (:func:`focus_evidence`).
        ``texture``
            log of the trust in the focus measure's peaks around the pixel: how far they are above the noise.
        """
        curvature = np.clip(np.log(cost_curvature(self, progress) + np.float32(1e-3)), *CURVATURES)
        yield "curvature", curvature
        depth = self.coordinates * np.float32(self.px_per_coordinate)
        farthest = ndimage.minimum_filter(depth, NEIGHBOURS, mode="nearest")
        nearest = ndimage.maximum_filter(depth, NEIGHBOURS, mode="nearest")
        step, behind = nearest - farthest, nearest - depth
        if isinstance(self.operator.optics, UncalibratedFocus):  # planes may be counted from near or from far
            behind = step / 2
        yield "step", np.log(step + LEAST_STEP)
        yield "behind", np.log(behind + LEAST_STEP)
        span = span_of(self.operator.optics, self.depth_range)
        shares = agreement(self.coordinates, self.image, span, self.operator.threads)
        yield "agreement", np.log(shares + LEAST_SHARE)
        gap, texture = focus_evidence(self)
        yield "focus_gap", gap
        yield "texture", np.log(texture + LEAST_TEXTURE)


def confidence_reach(operator: BlurOperator) -> int:
    """Distance of the farthest pixel that the confidence of one depends on, px."""
    return max(operator.halo + COST_WINDOW // 2, FOCUS_REACH + TEXTURE_WINDOW // 2, NEIGHBOURS // 2, RADIUS)


def cost_curvature(estimate: Estimate, progress: Callable[[float], None] | None = None) -> Floats:
    """Curvature of each pixel's cost curve at its depth over its least cost, per squared px of blur.

    See :func:`confidence_kernels.curve_shape`. The curves are those of the residual alone, whatever the depth
    step that found the depth took into account.
    """
    operator, observations = estimate.operator, estimate.observations
    ends = sorted(operator.coordinates(estimate.depth_range).tolist())
    size = (ends[1] - ends[0]) * estimate.px_per_coordinate
    count = int(np.clip(1 + round(size / STEP), LEAST, MOST))
    candidates, step = np.linspace(ends[0], ends[1], count).astype(np.float32), size / (count - 1)
    place = (estimate.coordinates - ends[0]) * np.float32((count - 1) / (ends[1] - ends[0]))
    padded = operator.pad(estimate.image)
    places = candidate_steps(operator, candidates)
    values = operator.basis.values_at_steps()
    rows, order = int(np.prod(observations.planes.shape[:2])), operator.basis.order

    def shape(tile: Tile) -> Floats:
        wide = widen(tile, COST_WINDOW // 2, observations.shape)
        cost = np.empty((wide.height, count, wide.width), np.float32)
        confidence_kernels.curve_tile(
            tile_banks(operator, padded, wide),
            observations.planes,
            np.float32(observations.scale),
            *wide[:2],
            values,
            *places,
            np.empty((order, wide.width), np.float32),
            np.empty((len(padded), len(values), wide.width), np.float32),
            np.empty((rows, wide.width), np.float32),
            cost,
        )
        mean = np.empty((count, tile.height, tile.width), np.float32)
        inner, sums = (tile.y0 - wide.y0, tile.x0 - wide.x0), np.empty(wide.width, np.float32)
        curves = np.ascontiguousarray(np.moveaxis(cost, 0, 1))
        window_kernels.box_mean(curves, COST_WINDOW, *inner, sums, mean)
        curvature = np.empty((tile.height, tile.width), np.float32)
        here = np.ascontiguousarray(place[tile.slices])
        confidence_kernels.curve_shape(mean, here, np.float32(rows * LEAST_MISFIT), curvature)
        return curvature

    curvature = np.empty(observations.shape, np.float32)
    for tile, part in map_tiles(shape, split(observations.shape, TILE), operator.threads, progress):
        curvature[tile.slices] = part
    return curvature / np.float32(step**2)


def focus_evidence(estimate: Estimate) -> tuple[Floats, Floats]:
    """What the focus measure's cost tells of the depth, means around each pixel, both 0 to 1.

    Returns
    -------
    gap : ndarray, (Y, X)
        Cost at the depth less that at the best depth (see :func:`focus_cost.focus_costs`). Where the noise
        hides the peak there is none, whatever the depth.
    texture : ndarray, (Y, X)
        Trust in the peak: less where the noise hides it.
    """
    optics, observations = estimate.operator.optics, estimate.observations
    noise = noise_of(observations) if estimate.noise is None else float(np.sqrt(estimate.noise))
    order = np.argsort(optics.centers, kind="stable")
    last = len(order) - 1
    place = np.interp(estimate.coordinates, optics.centers[order], np.arange(last + 1)).astype(np.float32)

    def means(tile: Tile) -> list[Floats]:
        wide = widen(tile, FOCUS_REACH + max(GAP_WINDOW, TEXTURE_WINDOW) // 2, observations.shape)
        costs = focus_costs(view(observations, wide), noise, None)[order]
        here = place[wide.slices]
        below = np.minimum(here.astype(np.intp), last - 1)
        low, high = (np.take_along_axis(costs, (below + up)[None], 0)[0] for up in (0, 1))
        least = costs.min(axis=0)
        gaps = low + (here - below) * (high - low) - least
        y0, x0 = tile.y0 - wide.y0, tile.x0 - wide.x0
        inside = slice(y0, y0 + tile.height), slice(x0, x0 + tile.width)
        pairs = (gaps, GAP_WINDOW), (-least, TEXTURE_WINDOW)
        return [ndimage.uniform_filter(values, side, mode="nearest")[inside] for values, side in pairs]

    gap, texture = (np.empty(observations.shape, np.float32) for _ in range(2))
    for tile, parts in map_tiles(means, split(observations.shape, GAP_TILE), estimate.operator.threads):
        gap[tile.slices], texture[tile.slices] = parts
    return gap, np.maximum(texture, 0)
