"""What the search for depth edges is measured with: how far rays miss the stack, and how dark sides are.

What rays meet behind an edge, the side of a block or the wall of a crevice, is in no pixel. It is taken to
look like what lies in front of it; but where light comes from above, sides get less of it. A stack whose
sides are darker than the search takes them for is explained better by edges that are worn off: then what
lies in front is dark.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.ray_tile import SEARCH, RayTile, rays_of
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]

LEAST_MISFIT = (0.5 / 255) ** 2
"""Least mean squared residual that the smoothness is scaled with."""

DARKER = 0.88
"""Light of sides, as a share of that of what lies in front, from which on they are taken to be as light: one
that is told from so few squares is not exact."""

DARKEST = 0.5
"""Least light that they are taken to have."""

SAMPLE, SAMPLES = 16, 24
"""Side of the squares in which the misfit is measured, px, and about how many there are."""


class RayFit(NamedTuple):
    """How the rays of a stack fit it before its depth edges are searched for.

    Attributes
    ----------
    misfit : float
        Typical squared residual.
    side_light : float
        As for :class:`ApertureRays`.
    """

    misfit: float
    side_light: float

    @property
    def dark_sides(self) -> bool:
        """Whether sides are known to be darker than what lies in front of them."""
        return self.side_light < 1

    @classmethod
    def of(cls, samples: "Sequence[RaySamples]") -> "RayFit":
        """The fit from samples of all of a stack: median of the squares, and a line through the sides."""
        squares = np.concatenate([np.empty(0, np.float32), *(sample.squares for sample in samples)])
        misfit = float(np.median(squares)) if len(squares) else 0.0
        excess, sides = (sum(getattr(sample, name) for sample in samples) for name in ("excess", "sides"))
        light = 1 - excess / sides if sides > 0 else 1.0
        return cls(max(misfit, LEAST_MISFIT), max(light, DARKEST) if light < DARKER else 1.0)


class RaySamples(NamedTuple):
    """What is measured in some squares.

    Attributes
    ----------
    squares : ndarray, (n,), float32
        Mean squared residual of each pixel, over planes that are not too blurred.
    excess, sides : float
        Sums over pairs of plane and pixel: what sides bring to a prediction where they are as light as what
        lies in front, times the prediction's residual, and times itself.
    """

    squares: Floats
    excess: float
    sides: float


def sample_tiles(shape: tuple[int, int]) -> list[Tile]:
    """Squares, spread evenly over an image, in which the misfit is measured."""
    apart = max(SAMPLE, int(np.sqrt(shape[0] * shape[1] / SAMPLES)))
    return [
        Tile(y0, x0, min(SAMPLE, shape[0] - y0), min(SAMPLE, shape[1] - x0))
        for y0 in range((apart - SAMPLE) // 2, shape[0], apart)
        for x0 in range((apart - SAMPLE) // 2, shape[1], apart)
    ]


def ray_samples(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    coordinates: Floats,
    image: Floats,
    tiles: Sequence[Tile],
    lights: NDArray[np.bool_] | None = None,
) -> RaySamples:
    """How far the rays miss the stack in some tiles, but for pairs in glare (`lights`; planes, Y, X)."""
    rays = rays_of(optics, settings, SEARCH, apart=True)
    labels = rays.labels(coordinates)
    found, excess, sides = [np.empty(0, np.float32)], 0.0, 0.0
    for tile in tiles:
        part = RayTile.of(rays, observations, lights, tile, SEARCH)
        here = np.ascontiguousarray(part.window.cut(labels))
        traced = part.trace(here, part.pixels, SEARCH.sharp)
        rows, columns = np.divmod(traced.pixels, part.window.shape[1])
        at = traced.planes, slice(None), part.window.rows[rows], part.window.columns[columns]
        observed = observations.planes[at] * np.float32(observations.scale)  # few of the window's are wanted
        shown = part.flat(image)
        residual, from_sides = traced.forward(shown) - observed, traced.sides(shown)
        excess += float(np.vdot(residual, from_sides))
        sides += float(np.vdot(from_sides, from_sides))
        squares, size = (residual**2).mean(axis=1), len(part.window.source)
        total = np.bincount(traced.pixels, squares, size)
        count = np.bincount(traced.pixels, minlength=size)
        found.append((total[count > 0] / count[count > 0]).astype(np.float32))
    return RaySamples(np.concatenate(found), excess, sides)
