"""A tile of the stack as rays see it: which pairs of plane and pixel count, and the image solved for."""

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_cdt, maximum_filter, minimum_filter

from napari_defocus.optics import Optics
from napari_defocus.optics.rays import ApertureRays, RayWindow, TracedRays
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.glare import in_most_planes
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]
Ints = NDArray[np.int32]
Mask = NDArray[np.bool_]

NEAR = 9
"""Side of the square in which a pixel without too much blur makes a pair count, px."""

SOFT = 3
"""Side of the square by which the band is widened before the image is solved for, px."""

LEAST_STEP = 0.06
"""Least step of depth between neighbours that is an edge, as a share of the range of depth."""

BEHIND = 8
"""Power with which a pair counts less by the share of its rays that pass behind an edge: what they see there
(the side of a block, or what is behind a bar) is in no pixel."""


CLEAR = 2
"""Power with which the image is drawn less to a plane by the share of rays that something nearer stops."""

LEAST_CLEAR = 0.1
"""Least share of the pull that is left."""


class Sampling(NamedTuple):
    """How rays are used.

    Attributes
    ----------
    rays : int
        Rays a pixel.
    step, apart : float
        Distances of their levels and of the planes that count, px of reach.
    planes : int
        Most planes that count, about: where there are more they are further apart.
    sharp : float
        Greatest radius of blur of a pair that counts, px: beyond it the stack tells little of an edge.
    band : int
        Side of the square around a depth edge that is worked on, px.
    pull : float
        Weight that draws the image to the plane that is sharpest at its depth, where a plane's is 1; less
        where something nearer is seen in it (:func:`clear_weights`).
    iterations : int
        Iterations of conjugate gradients; with more pull fewer do.
    """

    rays: int
    step: float
    apart: float
    planes: int
    sharp: float
    band: int
    pull: float
    iterations: int

    @property
    def spill(self) -> int:
        """Width of the rim around what is worked on whose rays count, px."""
        return int(self.sharp) + 1


SEARCH = Sampling(16, 0.75, 0.5, planes=14, sharp=9.0, band=5, pull=0.2, iterations=3)
"""For the search of depth edges."""

IMAGE = Sampling(32, 0.75, 0.5, planes=64, sharp=8.0, band=5, pull=1.0, iterations=3)
"""For the image, which more planes free of noise."""


@dataclass(frozen=True, eq=False)
class RayTile:
    """A tile of a stack with its margin.

    Attributes
    ----------
    rays : ApertureRays
    window : RayWindow
    observations : Observations
        The whole stack.
    counts : ndarray, (planes, Y, X), bool
        Pairs that count: within the tile, and no glare.
    dazzled : ndarray, (Y, X), bool
        Pixels of the tile in glare in most planes: hardly any pair that counts tells their image.
    """

    rays: ApertureRays
    window: RayWindow
    observations: Observations
    counts: Mask
    dazzled: Mask

    @classmethod
    def of(
        cls,
        rays: ApertureRays,
        observations: Observations,
        glare: Mask | None,
        tile: Tile,
        sampling: Sampling,
    ) -> "RayTile":
        """Tile of a whole stack, of which those planes count that the sampling wants."""
        window = RayWindow.around(tile, observations.shape)
        counts = np.zeros((observations.count, *window.shape), bool)
        counts[(..., *window.inside)] = True if glare is None else ~glare[(..., *tile.slices)]
        dazzled = np.zeros(window.shape, bool)
        if glare is not None:
            dazzled[window.inside] = in_most_planes(glare[(..., *tile.slices)])
        counts[~spread_planes(rays, sampling)] = False
        return cls(rays, window, observations, counts, dazzled)

    @cached_property
    def stack(self) -> Floats:
        """The observations in the window, (planes, pixels, channels); only made where it is used."""
        planes = self.window.cut(self.observations.planes) * np.float32(self.observations.scale)
        flat = planes.reshape(*planes.shape[:2], -1)
        return np.ascontiguousarray(np.moveaxis(flat, 1, -1), np.float32)

    @property
    def used(self) -> NDArray[np.int64]:
        """Planes of which any pair counts."""
        return np.flatnonzero(self.counts.any(axis=(1, 2)))

    def free(self, band: Mask) -> Mask:
        """Pixels of the tile for which the image is solved, given the band around edges, (Y, X)."""
        return np.asarray(maximum_filter(band, SOFT) & self.pixels)

    def flat(self, image: Floats) -> Floats:
        """An image (channels, Y, X) of the whole stack cut to the window, (pixels, channels)."""
        return np.ascontiguousarray(self.window.cut(image).reshape(len(image), -1).T, np.float32)

    @property
    def sharpest(self) -> Ints:
        """Sharpest plane of each level."""
        return np.asarray(np.abs(self.rays.reach).argmin(axis=0), np.int32)

    def mosaic(self, labels: Ints) -> Floats:
        """Image of the sharpest plane at each pixel's level, (pixels, channels)."""
        chosen = self.stack[self.sharpest[labels.ravel()], np.arange(labels.size)]
        return np.clip(chosen, 0, self.observations.white)

    @property
    def pixels(self) -> Mask:
        """Pixels of the tile, without its margin, (Y, X)."""
        mask = np.zeros(self.window.shape, bool)
        mask[self.window.inside] = True
        return mask

    def trace(self, labels: Ints, around: Mask, sharp: float) -> TracedRays:
        """Trace the pairs that count and may see the pixels of `around`, of at most so much blur (px)."""
        away = distance_transform_cdt(~around, "chessboard")
        close = (away <= np.ceil(sharp)) & self.counts.any(axis=0) & around.any()
        rows, columns = np.nonzero(close)
        nearest, farthest = (extreme(labels, NEAR)[close] for extreme in (minimum_filter, maximum_filter))
        # the blur is linear in the level up to its sign: least at an end of the range, or 0 within it
        ends = self.rays.reach[:, nearest], self.rays.reach[:, farthest]
        greatest = np.maximum(np.abs(ends[0]), np.abs(ends[1]))
        least = np.where(ends[0] * ends[1] <= 0, 0, np.minimum(np.abs(ends[0]), np.abs(ends[1])))
        seen = (least <= sharp) & (away[close] <= greatest + 1)
        planes, which = np.nonzero(seen & self.counts[:, rows, columns])
        pixels = (rows[which] * self.window.shape[1] + columns[which]).astype(np.int32)
        return self.rays.trace(self.window, labels, planes.astype(np.int32), pixels)

    def observed(self, traced: TracedRays) -> Floats:
        """Observations of pairs, (pairs, channels)."""
        return np.asarray(self.stack[traced.planes, traced.pixels])

    def solve_image(
        self,
        traced: TracedRays,
        image: Floats,
        target: Floats,
        free: Mask,
        sampling: Sampling,
        weights: Floats,
        clear: Floats,
    ) -> Floats:
        """Image that fits the pairs best, drawn to `target`, from `target` on; `free` pixels only.

        By conjugate gradients, clipped to [0, white]; `image` and `target` (pixels, channels), `free` (Y, X),
        `weights` (pairs,) of the squared residuals, `clear` (pixels,) of the pull.
        """
        weights = weights * traced.seeing(free)  # the other pairs see nothing that is free
        mask = free.reshape(-1, 1)
        pull = np.float32(sampling.pull) * clear[:, None]
        start = np.where(mask, target, image)
        residual = np.where(mask, -traced.gradient(start, weights, self.observed(traced)), np.float32(0))
        step = np.zeros_like(start)
        direction, size = residual, float((residual**2).sum())
        for _ in range(sampling.iterations):
            if size == 0:
                break
            spread = traced.gradient(direction, weights)
            spread += pull * direction
            spread *= mask
            length = np.float32(size / float((direction * spread).sum()))
            step += length * direction
            residual = residual - length * spread
            last, size = size, float((residual**2).sum())
            direction = residual + np.float32(size / last) * direction
        return np.where(mask, np.clip(start + step, 0, self.observations.white), image).astype(np.float32)


def seen_weights(traced: TracedRays, labels: Ints) -> Floats:
    """Weights of pairs by the share of their rays that pass behind no edge, (pairs,)."""
    return np.asarray((1 - traced.behind(labels)) ** BEHIND, np.float32)


def clear_weights(part: RayTile, traced: TracedRays, labels: Ints) -> Floats:
    """Weights of the pull to the sharpest plane: less where something nearer covers part of it, (pixels,).

    By the share of a pixel's rays in that plane which are not stopped before its own level. What is not
    traced counts as clear.
    """
    weights = np.ones(labels.size, np.float32)
    used = part.used
    if len(used) == 0:
        return weights
    sharpest = used[np.abs(part.rays.reach[used]).argmin(axis=0)]
    flat = labels.ravel()
    own = np.flatnonzero(traced.planes == sharpest[flat[traced.pixels]])
    pixels = traced.pixels[own]
    share = (flat[traced.hits[:, own] % labels.size] >= flat[pixels] - part.rays.tolerance).mean(axis=0)
    weights[pixels] = np.maximum(share**CLEAR, LEAST_CLEAR)
    return weights


def rays_of(
    optics: Optics,
    settings: SolverSettings,
    sampling: Sampling,
    side_light: float = 1.0,
    *,
    apart: bool = False,
) -> ApertureRays:
    """Rays of a run; `side_light` and `apart` as for :meth:`ApertureRays.for_optics`."""
    assert settings.depth_range is not None
    return ApertureRays.for_optics(
        optics,
        settings.depth_range,
        count=sampling.rays,
        step=sampling.step,
        kernel=settings.blur_kernel,
        side_light=side_light,
        apart=apart,
    )


def spread_planes(rays: ApertureRays, sampling: Sampling) -> Mask:
    """Planes that count: as far apart, and about as many at most, as the sampling says, (planes,)."""
    apart = max(sampling.apart, float(np.ptp(rays.reach[:, 0])) / sampling.planes)
    growth = np.abs(rays.reach[:, -1] - rays.reach[:, 0]).max() / (len(rays.levels) - 1)
    # level at which each plane is sharp, fractions and levels outside the range allowed
    sharp = -rays.reach[:, 0] / (rays.reach[:, 1] - rays.reach[:, 0])
    chosen = np.zeros(len(sharp), bool)
    last = -np.inf
    for plane in np.argsort(sharp):
        if (sharp[plane] - last) * growth >= apart:
            chosen[plane], last = True, sharp[plane]
    return chosen


def edge_band(labels: Ints, levels: int, side: int) -> Mask:
    """Pixels in a square of `side` px around a depth edge, (Y, X)."""
    step = maximum_filter(labels, 2) - minimum_filter(labels, 2)
    return np.asarray(maximum_filter(step >= least_step(levels), side))


def least_step(levels: int) -> int:
    """Least difference of levels that is an edge."""
    return max(2, int(LEAST_STEP * levels))
