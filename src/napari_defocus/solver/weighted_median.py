"""Weighted median of the depth: puts its edges onto edges of the all-in-focus image."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.tiles import Tile, map_tiles
from napari_defocus.solver.bands import bands_of, fall_off, in_bands
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.weighted_median_kernels import agreement_rows, median_rows

Floats = NDArray[np.float32]

RADIUS = 9
"""Half the side of the window, px."""

DEVIATION = 6.0
"""Standard deviation of the Gaussian by which pixels count less with their distance, px."""

ALIKE = 0.035
"""Standard deviation of the differences of intensity up to which pixels look alike, in units of white."""

LEVELS = 64
"""Levels of depth that are told apart, over its range."""

TOLERANCE = 3
"""Levels that differ by no more are one surface: what is within it stays as it is."""

MAJORITY = 0.9
"""Support (:func:`weighted_median_kernels.support`) that a new depth needs."""

TO_NEAR = 1.65
"""The same where the new depth is nearer: what is near spreads over what is far, seldom the other way."""

POWERS = np.float32(0.5), np.float32(0.8)
"""How much counts in it that pixels at the new depth look more like this one, and that many look alike."""


@dataclass(frozen=True, eq=False)
class Votes:
    """What the pixels around each pixel that look alike say of its depth.

    Attributes
    ----------
    levels : ndarray, (Y, X), int32
        Depth, in steps of the blur coordinate.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    wanted : ndarray, (Y, X), bool
        Pixels with more than one surface around them.
    fall : ndarray, (2 RADIUS + 1,), float32
        Weight of a row or column of the window.
    sharpness : float
        Falling off of the weights with the squared difference of the image.
    low, step : float
        Blur coordinate of the first level, and distance of the levels.
    """

    levels: NDArray[np.int32]
    image: Floats
    wanted: NDArray[np.bool_]
    fall: Floats
    sharpness: np.float32
    low: float
    step: float

    @classmethod
    def of(cls, coordinates: Floats, image: Floats, span: tuple[float, float], alike: float) -> "Votes":
        """Prepare the votes; parameters as for :func:`weighted_median`."""
        low, high = min(span), max(span)
        step = (high - low) / (LEVELS - 1)
        levels = np.clip(np.rint((coordinates - low) / step), 0, LEVELS - 1).astype(np.int32)
        side = 2 * RADIUS + 1
        wanted = maximum_filter(levels, side) - minimum_filter(levels, side) > TOLERANCE
        fall = fall_off(RADIUS, DEVIATION)
        return cls(levels, image, wanted, fall, np.float32(1 / (2 * len(image) * alike**2)), low, step)

    def medians(self, band: Tile, majorities: tuple[float, float]) -> NDArray[np.int32]:
        """Levels of a band after the vote; a farther (lower) and a nearer one need these supports."""
        out = np.empty((band.height, band.width), np.int32)
        wanted = self.agreement(band) < 0.5  # else the median is near the pixel's own level
        around = self.levels, self.image, wanted, band.y0, self.fall, self.sharpness
        needed = np.float32(majorities[0]), np.float32(majorities[1])
        median_rows(*around, needed, POWERS, TOLERANCE, *np.empty((2, LEVELS), np.float32), out)
        return out

    def agreement(self, band: Tile) -> Floats:
        """Share of the votes in a band that are for the depth that the pixel has."""
        out = np.empty((band.height, band.width), np.float32)
        around = self.levels, self.image, self.wanted, band.y0, self.fall, self.sharpness
        agreement_rows(*around, TOLERANCE, *np.empty((2, band.width), np.float32), out)
        return out


def weighted_median(
    coordinates: Floats,
    image: Floats,
    span: tuple[float, float],
    alike: float,
    *,
    majorities: tuple[float, float] = (MAJORITY, TO_NEAR),
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Blur coordinates after a vote of the pixels around that look alike.

    A pixel in a plain patch beside a bar shows nothing of its own depth, and what the planes show of it is
    the bar's blur: it gets the bar's depth. Pixels further off that look the same know better. The weighted
    median of Ma et al., "Constant time weighted median filtering for stereo matching and beyond" (ICCV
    2013), here only where it is another surface than the pixel's own and is clearly better supported.

    Parameters
    ----------
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    span : tuple of float
        Blur coordinates of the ends of the depth range, in any order.
    alike : float
        Standard deviation of the differences of intensity between pixels that look alike, in units of white.
    majorities : (float, float)
        Support that a new depth needs where it is farther, and where it is nearer, with a greater blur
        coordinate (:func:`majorities_of`).
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    votes, new = Votes.of(coordinates, image, span, alike), coordinates.copy()
    medians = partial(votes.medians, majorities=majorities)
    for band, found in map_tiles(medians, bands_of(coordinates.shape), threads, progress):
        changed = found != votes.levels[band.slices]
        new[band.slices][changed] = (votes.low + votes.step * found[changed]).astype(np.float32)
    return new


def median_of_run(
    coordinates: Floats,
    image: Floats,
    optics: Optics,
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
    *,
    firmness: float = 1.0,
) -> Floats:
    """:func:`weighted_median` as the optics and the settings of a run want it; depth range filled in.

    `firmness` is a factor on the support that a new depth needs.
    """
    assert settings.depth_range is not None
    return weighted_median(
        coordinates,
        image,
        span_of(optics, settings.depth_range),
        settings.weighted_median,
        majorities=majorities_of(optics, firmness),
        threads=settings.threads,
        progress=progress,
    )


def agreement(
    coordinates: Floats, image: Floats, span: tuple[float, float], threads: int | None = None
) -> Floats:
    """Share of the pixels around each pixel, weighted as for the median, that are at its depth, (Y, X)."""
    votes = Votes.of(coordinates, image, span, ALIKE)
    return in_bands(votes.agreement, coordinates.shape, threads)


def majorities_of(optics: Optics, firmness: float = 1.0) -> tuple[float, float]:
    """Support that a farther and a nearer depth need: alike where planes may be counted from either end."""
    to_near = MAJORITY if isinstance(optics, UncalibratedFocus) else TO_NEAR
    return firmness * MAJORITY, firmness * to_near


def span_of(optics: Optics, depth_range: tuple[float, float]) -> tuple[float, float]:
    """Blur coordinates of the ends of a depth range."""
    first, last = optics.to_blur_coordinate(np.array(depth_range))
    return float(first), float(last)
