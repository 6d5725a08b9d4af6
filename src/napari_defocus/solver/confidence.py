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
from napari_defocus.optics.basis_kernels import basis_rows
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver import confidence_kernels, window_kernels
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.depth_step import TILE, tile_banks
from napari_defocus.solver.focus_evidence import REACH as FOCUS_REACH
from napari_defocus.solver.focus_evidence import focus_evidence
from napari_defocus.solver.focus_start import noise_of
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prior_scales import px_per_coordinate
from napari_defocus.solver.weighted_median import RADIUS, agreement, span_of

Floats = NDArray[np.float32]

TOLERANCE = 0.5
"""Error of the depth within which it counts as right, px of blur in the steepest plane."""

LEAST_STEP = np.float32(0.1)
"""Step of depth that is none, px of blur; and spread of depths that is none."""

LEAST_MISFIT = (0.2 / 255) ** 2
"""Variance of the noise that no camera is taken to be below: in a flat image, rounding is no evidence."""

MISFITS = (1.0, 7.4)
"""Bounds of the residual over the noise: beyond them it tells no more than at them."""

MISFIT_WINDOW = 5
"""Side of the window over which the residual is averaged, px."""

LEAST_TEXTURE = np.float32(0.005)
"""Trust that is none."""

LEAST_SHARE = np.float32(0.05)
"""Share of alike pixels that is none."""

NEIGHBOURS = 25
"""Side of the neighbourhood in which steps of the depth count, px."""

RIM = 3
"""Side of the square of a pixel and those that touch it, px."""

NEAR_RADIUS = 9
"""Half the side of the window in which nearer pixels are counted, px."""

NEARER = np.float32(0.75)
"""Step of the depth from which a pixel counts as nearer, px of blur."""

BORDER = 12
"""Distance from the border of the image from which on it does not matter, px."""

ROWS = 16
"""About how many rows they are counted in at once."""


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
    noise : Noise, optional
        Noise of the stack. None: found when it is needed.
    """

    operator: BlurOperator
    observations: Observations
    image: Floats
    coordinates: Floats
    depth_range: tuple[float, float]
    noise: Noise | None = None

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
        plain = np.zeros(self.observations.shape, np.bool_)

        def seen() -> Iterator[tuple[str, Floats]]:
            for name, values in self.evidence(progress):
                if name == "texture":
                    plain[values < np.log(1.001 * LEAST_TEXTURE)] = True
                yield name, values

        confidence = Calibration.of("defocus").probability(seen())
        confidence[plain] = 0  # no plane shows anything there, nor around it
        return confidence

    def evidence(self, progress: Callable[[float], None] | None = None) -> Iterator[tuple[str, Floats]]:
        """Yield each kind of evidence for and against the depth by its name, (Y, X).

        ``misfit``
            log of the residual at the depth over what the noise leaves: what the model cannot explain.
        ``step``
            log of the range of depth around the pixel, in px of blur.
        ``rim``
            The same of the pixels that touch it: most of what is wrong at an edge is next to it.
        ``nearer``
            Share of the pixels around it that are nearer: what is near seems to reach over its edge, so that
            of the two sides of an edge the far one is the surer.
        ``agreement``
            log of the share of the pixels around it that look alike and are at its depth.
        ``border``
            log of the distance from the border: what blurs in from beyond it is not seen.
        ``texture``, ``farther_texture``, ``sharper``, ``spread``
            What the focus measure tells (:class:`FocusEvidence`); log of all but ``sharper``.
        """
        optics, threads = self.operator.optics, self.operator.threads
        noise = noise_of(self.observations) if self.noise is None else self.noise
        misfit = mean_residual(self) / np.float32(max(noise.variance, LEAST_MISFIT))
        yield "misfit", np.log(np.clip(misfit, *MISFITS))
        depth = self.coordinates * np.float32(self.px_per_coordinate)
        farthest = ndimage.minimum_filter(depth, NEIGHBOURS, mode="nearest")
        nearest = ndimage.maximum_filter(depth, NEIGHBOURS, mode="nearest")
        yield "step", np.log(nearest - farthest + LEAST_STEP)
        touching = ndimage.maximum_filter(depth, RIM) - ndimage.minimum_filter(depth, RIM)
        yield "rim", np.log(touching + LEAST_STEP)
        yield "nearer", share_nearer(depth, isinstance(optics, UncalibratedFocus), threads)
        shares = agreement(self.coordinates, self.image, span_of(optics, self.depth_range), threads)
        yield "agreement", np.log(shares + LEAST_SHARE)
        yield "border", np.log(from_border(depth.shape, BORDER) + np.float32(1))
        found = focus_evidence(
            self.observations,
            optics,
            self.coordinates,
            self.px_per_coordinate,
            noise,
            threads,
            progress,
        )
        yield "texture", np.log(found.texture + LEAST_TEXTURE)
        yield "farther_texture", np.log(found.farther_texture + LEAST_TEXTURE)
        yield "sharper", found.sharper
        yield "spread", np.log(found.spread + LEAST_STEP)


def confidence_reach(operator: BlurOperator) -> int:
    """Distance of the farthest pixel that the confidence of one depends on, px."""
    return max(operator.halo + MISFIT_WINDOW // 2, FOCUS_REACH, NEIGHBOURS // 2, NEAR_RADIUS, RADIUS, BORDER)


def from_border(shape: tuple[int, ...], most: int) -> Floats:
    """Pixels between each one and the nearest border of the image, `most` at most, (Y, X)."""
    down, across = (
        np.minimum(np.minimum(np.arange(length), np.arange(length)[::-1]), most).astype(np.float32)
        for length in shape
    )
    return np.minimum(down[:, None], across)


def mean_residual(estimate: Estimate) -> Floats:
    """Squared residual at each pixel's depth, mean over planes, channels and a window around it, (Y, X)."""
    operator, observations = estimate.operator, estimate.observations
    padded, planes = operator.pad(estimate.image), operator.plane_arguments()
    rows, order = int(np.prod(observations.planes.shape[:2])), operator.basis.order

    def squares(tile: Tile) -> Floats:
        here = np.ascontiguousarray(estimate.coordinates[tile.slices])
        found = np.empty(here.shape, np.float32)
        window_kernels.tile_costs(
            tile_banks(operator, padded, tile),
            observations.planes,
            np.float32(observations.scale),
            *tile[:2],
            *planes,
            here,
            np.float32(0),
            np.empty((basis_rows(order), tile.width), np.float32),
            np.empty((operator.optics.planes + 1, tile.width), np.float32),
            np.empty((rows, tile.width), np.float32),
            here,
            found,
        )
        return found

    residual = np.empty(observations.shape, np.float32)
    for tile, part in map_tiles(squares, split(observations.shape, TILE), operator.threads):
        residual[tile.slices] = part
    return np.asarray(ndimage.uniform_filter(residual / np.float32(rows), MISFIT_WINDOW, mode="nearest"))


def share_nearer(depth: Floats, either_side: bool, threads: int | None = None) -> Floats:
    """Share of the pixels around each pixel that are nearer than it by `NEARER`, (Y, X).

    Parameters
    ----------
    depth : ndarray, (Y, X), float32
        Depth, px of blur, the greater the nearer.
    either_side : bool
        Whether half of all that are nearer or farther is told instead.
    threads : int, optional
        Threads to compute with. None: all cores.
    """
    shares = np.empty(depth.shape, np.float32)

    def count(band: Tile) -> None:
        confidence_kernels.count_nearer(depth, band.y0, NEAR_RADIUS, NEARER, either_side, shares[band.slices])

    for _ in map_tiles(count, split(depth.shape, (ROWS, depth.shape[1])), threads):
        pass
    return shares
