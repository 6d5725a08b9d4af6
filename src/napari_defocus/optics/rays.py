"""Rays through the aperture: a forward model that is right at occlusions."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import minimum_filter

from napari_defocus.optics import ray_kernels
from napari_defocus.optics.base import Optics
from napari_defocus.optics.blur_basis import BlurKernel
from napari_defocus.optics.tiles import Tile

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]

FARTHEST = 24
"""Distance to which rays are followed, px: the margin of a window."""

RANGES = FARTHEST, 10, 4
"""Distances within which the nearest surface is looked up, so that rays need not be followed up to it, px."""

LEAST_LEVELS, MOST_LEVELS = 24, 96
"""Fewest and most levels of depth."""

TOLERANCE = 0.03
"""How far behind a surface a ray may still meet it, as a share of the range of depth. Not where sides are
told apart: what a ray meets just below a rim is one of them."""


@dataclass(frozen=True, eq=False)
class RayWindow:
    """A tile of an image with a margin for its rays, mirrored beyond the frame.

    Attributes
    ----------
    tile : Tile
        The part whose rays can be traced.
    rows, columns : ndarray, int64
        Row and column of the image for each row and column of the window.
    source : ndarray, (Y * X,), int32
        Pixel of the window that each of its pixels mirrors; itself within the frame.
    """

    tile: Tile
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    source: Ints

    @classmethod
    def around(cls, tile: Tile, shape: tuple[int, int]) -> "RayWindow":
        """Window of a tile of an image of `shape`."""
        rows, columns = (
            _mirrored(np.arange(first - FARTHEST, first + length + FARTHEST), frame)
            for first, length, frame in zip(tile[:2], tile[2:], shape, strict=True)
        )
        down, across = rows - (tile.y0 - FARTHEST), columns - (tile.x0 - FARTHEST)
        source = (down[:, None] * len(columns) + across).astype(np.int32)
        return cls(tile, rows, columns, source.ravel())

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width with the margin, px."""
        return len(self.rows), len(self.columns)

    @property
    def inside(self) -> tuple[slice, slice]:
        """The tile as an index of the window."""
        height, width = self.tile[2:]
        return slice(FARTHEST, FARTHEST + height), slice(FARTHEST, FARTHEST + width)

    def cut(self, image: NDArray[Any]) -> NDArray[Any]:
        """Values of an image (..., Y, X) in the window."""
        return np.asarray(image[..., self.rows[:, None], self.columns])


@dataclass(frozen=True, eq=False)
class TracedRays:
    """Rays that were traced: the linear map from an image to pairs of plane and pixel, and its adjoint.

    Attributes
    ----------
    planes, pixels : ndarray, (pairs,), int32
        The pairs; pixels are flat indices of the window.
    hits : ndarray, (rays, pairs), int32
        Pixel that each ray takes; if `apart`, plus the number of pixels where it ducks behind an edge.
    stops : ndarray, (rays, pairs), int16
        Level at which it stops.
    side_light, apart
        As for :class:`ApertureRays`.
    """

    planes: Ints
    pixels: Ints
    hits: Ints
    stops: NDArray[np.int16]
    side_light: float
    apart: bool

    def forward(self, image: Floats) -> Floats:
        """Predictions (pairs, channels) from an image of the window (pixels, channels)."""
        out = np.empty((len(self.pixels), image.shape[1]), np.float32)
        ray_kernels.gather(self.hits, self.with_sides(image), out)
        return out

    def with_sides(self, image: Floats) -> Floats:
        """An image (pixels, channels), if `apart` with what sides show of it below, (2 pixels, channels)."""
        return np.concatenate([image, np.float32(self.side_light) * image]) if self.apart else image

    def sides(self, image: Floats) -> Floats:
        """The part of :meth:`forward` that rays behind edges bring, if sides are as light as the image.

        Only if they are told `apart`.
        """
        out = np.empty((len(self.pixels), image.shape[1]), np.float32)
        ray_kernels.gather(self.hits, np.concatenate([np.zeros_like(image), image]), out)
        return out

    def gradient(self, image: Floats, weights: Floats, observed: Floats | None = None) -> Floats:
        """Adjoint of :meth:`forward` of weighted residuals: half the gradient of their sum of squares.

        `image` (pixels, channels), `weights` (pairs,) and `observed` (pairs, channels); None: the normal
        matrix times the image. Returns an image (pixels, channels).
        """
        channels = image.shape[1]
        less = np.empty((0, channels), np.float32) if observed is None else observed
        seen = np.empty((ray_kernels.TOGETHER, channels), np.float32)
        image = self.with_sides(image)
        out = np.zeros_like(image)
        ray_kernels.gradient(self.hits, weights, image, less, seen, out)
        if not self.apart:
            return out
        straight, sides = np.split(out, 2)
        return np.asarray(straight + np.float32(self.side_light) * sides)

    def seeing(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Pairs with a ray that hits a pixel of the mask (Y, X), (pairs,)."""
        seen = np.empty(len(self.pixels), np.bool_)
        ray_kernels.sees(self.hits, np.tile(mask.ravel(), 1 + self.apart), seen)
        return seen

    def behind(self, labels: Ints) -> Floats:
        """Share of the rays of each pair that stop nearer than what they hit: behind an edge, (pairs,)."""
        share = np.empty(len(self.pixels), np.float32)
        ray_kernels.share_behind(self.hits, self.stops, np.tile(labels.ravel(), 1 + self.apart), share)
        return share


@dataclass(frozen=True, eq=False)
class ApertureRays:
    """Rays from points of the sensor through points of the aperture, from near to far.

    At blur coordinate ``u`` the ray of pixel q through the point a of the aperture is at ``q + a c_f(u)``
    with ``c_f(u) = 2 blur_scale slope_f (u - center_f)`` px: the radius, with a sign, of the disc whose
    standard deviation is the blur's. Larger blur coordinates are nearer, as for :class:`ThinLens` and
    :class:`Microscope`. Blur in focus is left out: the image that rays see has it in itself.

    Attributes
    ----------
    levels : ndarray, (levels,)
        Blur coordinates, nearest first, evenly spaced.
    reach : ndarray, (planes, levels), float32
        The ``c_f`` of the levels, px.
    points : ndarray, (rays, 2)
        Points of the aperture (y, x), in units of the disc's radius; a multiple of four.
    tolerance : int
        Levels that a ray may be behind a surface and still meet it.
    side_light : float
        Light of the sides of things, which rays meet behind edges, as a share of that of what lies in front
        of them.
    apart : bool
        Whether hits tell sides apart; else rays that duck behind an edge meet what lies in front.
    """

    levels: NDArray[np.float64]
    reach: Floats
    points: NDArray[np.float64]
    tolerance: int
    side_light: float = 1.0
    apart: bool = False

    @classmethod
    def for_optics(
        cls,
        optics: Optics,
        depth_range: tuple[float, float],
        *,
        count: int,
        step: float,
        kernel: BlurKernel = "disc",
        side_light: float = 1.0,
        apart: bool = False,
    ) -> "ApertureRays":
        """`count` rays a pixel, and levels over `depth_range` that are `step` px of reach apart.

        There are at most 96 levels: where the blur changes by more over the range, they lie farther apart.
        Sides are told `apart` also where they are not as light as what lies in front.
        """
        low, high = np.sort(optics.to_blur_coordinate(np.asarray(depth_range, np.float64)))
        growth = 2 * optics.blur_scale * optics.slopes
        wanted = np.ceil((high - low) * np.abs(growth).max() / step) + 1
        levels = np.linspace(high, low, int(np.clip(wanted, LEAST_LEVELS, MOST_LEVELS)))
        reach = growth[:, None] * (levels - optics.centers[:, None])
        apart = apart or side_light != 1
        tolerance = 0 if apart else max(1, int(np.ceil(TOLERANCE * len(levels))))
        points = aperture_points(kernel, count)
        return cls(levels, reach.astype(np.float32), points, tolerance, side_light, apart)

    def labels(self, coordinates: NDArray[np.floating]) -> Ints:
        """Nearest level of blur coordinates (any shape)."""
        step = self.levels[1] - self.levels[0]
        index = np.rint((coordinates - self.levels[0]) / step)
        return np.asarray(np.clip(index, 0, len(self.levels) - 1), np.int32)

    def spans(self, greatest: float) -> tuple[Ints, Ints]:
        """First level of each plane where the reach is at most `greatest` px, and the one after the last.

        A plane that nowhere is so sharp has the one level where it is sharpest.
        """
        within = np.abs(self.reach) <= greatest
        sharpest = np.abs(self.reach).argmin(axis=1)
        within[np.arange(len(within)), sharpest] = True
        first = within.argmax(axis=1)
        return first.astype(np.int32), (first + within.sum(axis=1)).astype(np.int32)

    def offsets(self, width: int) -> Ints:
        """Steps from a pixel to its rays in a window of `width` columns, (planes, rays, levels), flat.

        Before and beyond the levels to which rays are followed they stay where they were there.
        """
        first, last = self.spans(FARTHEST)
        level = np.clip(np.arange(len(self.levels)), first[:, None], last[:, None] - 1)
        reach = np.take_along_axis(self.reach, level, axis=1).astype(np.float64)[:, None, :]
        away = (np.clip(self.points[:, axis, None] * reach, -FARTHEST, FARTHEST) for axis in (0, 1))
        down, across = (np.floor(steps + 0.5).astype(np.int32) for steps in away)
        return np.ascontiguousarray(down * np.int32(width) + across)

    def trace(self, window: RayWindow, labels: Ints, planes: Ints, pixels: Ints) -> TracedRays:
        """Trace all rays of some pairs of plane and pixel.

        Parameters
        ----------
        window : RayWindow
            The window.
        labels : ndarray, (Y, X), int32
            Level of each pixel of the window.
        planes, pixels : ndarray, (pairs,), int32
            The pairs; pixels are flat indices of the window, within its tile.
        """
        shape = len(self.points), len(pixels)
        hits, stops = np.empty(shape, np.int32), np.empty(shape, np.int16)
        spans = [self.spans(reach) for reach in RANGES]
        nearest = [minimum_filter(labels, 2 * reach + 3, mode="nearest").ravel() for reach in RANGES]
        ray_kernels.trace(
            labels.ravel(),
            window.source,
            self.offsets(window.shape[1]),
            np.stack([first for first, _ in spans]),
            np.stack([last for _, last in spans]),
            self.tolerance,
            labels.size if self.apart else 0,
            planes,
            pixels,
            np.stack(nearest),
            np.empty((len(RANGES), 2), np.int64),
            np.empty(ray_kernels.TOGETHER, np.int32),
            hits,
            stops,
        )
        return TracedRays(planes, pixels, hits, stops, self.side_light, self.apart)


def aperture_points(kernel: BlurKernel, count: int) -> NDArray[np.float64]:
    """Points that fill the aperture evenly, on a sunflower's spiral, (count, 2), in units of the radius.

    With the kernel "gaussian" their radii have the distribution of the Gaussian of the disc's standard
    deviation, half its radius; none lies beyond the radius times 1.5.
    """
    share = (np.arange(count) + 0.5) / count
    angle = np.arange(count) * np.pi * (3 - np.sqrt(5))
    gaussian = np.minimum(np.sqrt(-2 * np.log(1 - share)) / 2, 1.5)
    radius = gaussian if kernel == "gaussian" else np.sqrt(share)
    return np.stack([radius * np.sin(angle), radius * np.cos(angle)], axis=1)


def _mirrored(index: NDArray[np.int64], length: int) -> NDArray[np.int64]:
    """Indices beyond an axis of `length`, mirrored at its ends (as often as needed)."""
    index = index % (2 * length)
    return np.minimum(index, 2 * length - 1 - index)
