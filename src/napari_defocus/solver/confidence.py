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

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver import confidence_kernels, window_kernels
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.depth_step import TILE, candidate_steps, tile_banks, widen
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.focus_peak import PeakFinder
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

TOLERANCE = 0.5
"""Error of the depth within which it counts as right, px of blur in the steepest plane."""

STEP = 0.5
"""Distance of the depths at which the cost curve is looked at, px of blur."""

LEAST, MOST = 5, 256
"""Bounds on their number."""

CURVATURES, STEPS, DISTANCES = (-5.0, 3.0), (-2.0, 0.0), (-2.0, 0.5)
"""Bounds of the evidence, natural logs: beyond them it tells no more than at them."""

LEAST_MISFIT = (0.2 / 255) ** 2
"""Mean squared residual that no camera is taken to be below: in a flat image, rounding is no evidence."""

COST_WINDOW = 5
"""Side of the window over which the cost curve is averaged, px."""

FOCUS_WINDOW = 15
"""Window of the focus measure that gives a second opinion, px."""

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
    """

    operator: BlurOperator
    observations: Observations
    image: Floats
    coordinates: Floats
    depth_range: tuple[float, float]

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
        ``in_front``
            log of how far, in px of blur, the pixel lies before the farthest of its neighbours: what is near
            seems to reach over its edge, so that depths are wrong on the near side of a step.
        ``textured_step``
            Product of the two: before a step, texture vouches for less, being that of the near side's edge.
        ``second_opinion``
            log of the distance, in px of blur, to the depth that the classic focus measure finds.
        """
        curvature = np.clip(np.log(cost_curvature(self, progress) + np.float32(1e-3)), *CURVATURES)
        yield "curvature", curvature
        depth = self.coordinates * np.float32(self.px_per_coordinate)
        steps = depth - ndimage.minimum_filter(depth, NEIGHBOURS, mode="nearest")
        if isinstance(self.operator.optics, UncalibratedFocus):  # planes may be counted from near or from far
            behind = ndimage.maximum_filter(depth, NEIGHBOURS, mode="nearest") - depth
            steps = np.maximum(steps, behind)
        in_front = np.clip(np.log(steps + np.float32(0.1)), *STEPS)
        yield "in_front", in_front
        yield "textured_step", curvature * in_front
        other = second_opinion(self.operator.optics, self.observations)
        other *= np.float32(self.px_per_coordinate)
        yield "second_opinion", np.clip(np.log(np.abs(depth - other) + np.float32(0.05)), *DISTANCES)


def px_per_coordinate(optics: Optics) -> float:
    """Blur in the steepest plane for one unit of the blur coordinate, px."""
    return optics.blur_scale * float(np.abs(optics.slopes).max())


def confidence_reach(operator: BlurOperator) -> int:
    """Distance of the farthest pixel that the confidence of one depends on, px."""
    return max(operator.halo + COST_WINDOW // 2, FOCUS_WINDOW // 2 + 1, NEIGHBOURS // 2)


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


def second_opinion(optics: Optics, observations: Observations) -> Floats:
    """Blur coordinate at the peak of the classic focus measure, (Y, X)."""

    def measure(index: int) -> Floats:
        return sum_modified_laplacian(observations.grey(index), FOCUS_WINDOW)

    order = np.argsort(optics.centers, kind="stable")
    finder = PeakFinder(observations.shape)
    for values in map_ahead(measure, (int(index) for index in order)):
        finder.add(values)
    return np.interp(finder.curve().position, np.arange(len(order)), optics.centers[order]).astype(np.float32)
