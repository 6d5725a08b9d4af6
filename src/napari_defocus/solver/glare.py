"""Glare: what the blur discs of saturated lights cover, where the stack tells nothing of the scene."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.optics.tiles import Tile, split
from napari_defocus.solver.blocks import Block, widened
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.glare_kernels import union_of_discs
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.settings import SolverSettings

Floats = NDArray[np.float32]
Labels = NDArray[np.int32]
Pairs = NDArray[np.bool_]

SATURATED = 0.995
"""Intensity from which a pixel counts as saturated, as a share of white."""

LEAST_REACH = 0.5
"""Radius of the blur disc below which a light is sharp and covers nothing but itself, px."""

GREATEST_REACH = 64.0
"""Radius to which a light's disc is followed, px."""

RIM = 2.0
"""Width of the soft rim around a disc, px."""

BESIDE = 3
"""Distance from a saturated pixel up to which the image is taken from the light's plane, px."""

WINDOW = 3
"""Window of the focus measure that tells how sharp a light's outline is, px."""

OUTLINE = 9
"""Side of the square in which a light's outline is looked for, px."""

OUTLINED = 1.0
"""Least sharpness of an outline: that of a step by a sixth of white."""

SHARP = 0.6
"""Sharpness of an outline from which on a light may be in focus, as a share of its greatest."""

CLIPPED = 1.15
"""Ratio of the most light around a pixel in any plane to that in the light's own from which on it is a lamp:
clipping takes an eighth of it or more. A glint loses next to nothing, and the blur model explains its disc
well enough."""

TOGETHER = 3
"""Distance from a lamp up to which lights are lamps as well, px: a large one loses light at its rim only."""

SPREAD = 3.0
"""Standard deviation of the Gaussian that adds up the light around a pixel, px."""

TRUNCATE = 3
"""Half the width of its window, standard deviations."""

MARGIN = int(SPREAD * TRUNCATE + 0.5) + 1
"""Distance from which the choice of a light's plane is seen, px."""

LEAST_SHARE = 0.02
"""Share of a blur disc that lights must fill to be seen in it: a few times white is then a few per cent."""

SURROUNDINGS = 16
"""Distance up to which the lights around one count towards that share, px."""

FARTHEST_LIGHT = int(GREATEST_REACH + RIM) + max(TOGETHER + MARGIN, SURROUNDINGS)
"""Distance from which glare is seen, px."""

MOST = 0.5
"""Share of planes in glare from which on a pixel keeps the image of its sharpest plane."""

BRIGHTER = 0.06
"""By how much glare must be brighter than the darkest plane to hide how sharp a pixel is, of white."""

TILE = 256
"""Side of the tiles in which lights are looked for, px."""


@dataclass(frozen=True, eq=False)
class Glare:
    """What saturated lights cover.

    Attributes
    ----------
    pairs : ndarray, (planes, Y, X), bool
        Pairs of plane and pixel that lie within the blur disc of a lamp.
    hiding : ndarray, (planes, Y, X), bool
        Those of them in which the pixel is clearly brighter than in its darkest plane: how sharp it is there
        tells nothing of its depth.
    planes : ndarray, (Y, X), int32
        Beside lights the plane in which the light is in focus, elsewhere -1.
    lamps : ndarray, (Y, X), bool
        Beside those of the lights that are lamps, far beyond white.
    """

    pairs: Pairs
    hiding: Pairs
    planes: Labels
    lamps: NDArray[np.bool_]

    @property
    def dazzled(self) -> NDArray[np.bool_]:
        """Pixels in glare in most planes, (Y, X): of them no image can be solved for."""
        return in_most_planes(self.pairs)

    @property
    def held(self) -> NDArray[np.bool_]:
        """Pixels that keep the image of their sharpest plane: in glare, or beside a light, (Y, X).

        Beside a light a little of its blur, of which the model knows only what is below white, is more than
        all that solving for the image can mend.
        """
        return self.dazzled | (self.planes >= 0)

    def avoided(self, labels: Labels) -> Labels:
        """Labels (Y, X), but beside a light whose glare they would show the plane in which it is in focus.

        Glare there is far brighter than what any other blur changes.
        """
        shown = np.take_along_axis(self.pairs, labels[None], axis=0)[0]
        return np.where(shown & (self.planes >= 0), self.planes, labels)


def find_glare(observations: Observations, optics: Optics) -> Glare | None:
    """Find lights, and what lies within the blur discs of those that are lamps.

    A lamp is far brighter than white says, so that its disc outshines what is behind and nothing in the model
    can explain it. Where the lamp is sharp in a plane it covers only itself, and that is no glare; nor is a
    large disc of few pixels of light, which is spread thin. A pixel is part of a light if it is saturated in
    the plane in which the light around it is in focus (:func:`light_planes`); in other planes the disc of a
    bright light is saturated too.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : Optics
        Blur of each plane; without a known blur per plane there is no telling how far a light reaches.

    Returns
    -------
    Glare or None
        None when nothing is saturated.
    """
    if isinstance(optics, UncalibratedFocus) and optics.blur_per_plane is None:
        return None
    saturated = np.zeros(observations.shape, bool)
    for plane in observations.planes:
        saturated |= observations.reaches(plane, SATURATED).any(axis=0)
    if not saturated.any():
        return None
    beside = ndimage.maximum_filter(saturated, 2 * BESIDE + 1)
    planes, lost = light_planes(observations, beside)
    focus = np.maximum(planes, 0)
    own = np.take_along_axis(observations.planes, focus[None, None], axis=0)[0]
    lights = observations.reaches(own, SATURATED).any(axis=0) & (planes >= 0)
    apart = np.abs(optics.centers[None] - optics.centers[:, None])
    reach = (2 * optics.blur_scale * optics.slopes[:, None] * apart).astype(np.float32)
    radii = np.where(reach >= LEAST_REACH, np.minimum(reach, GREATEST_REACH) + np.float32(RIM), 0)
    bright = ndimage.maximum_filter(np.where(lights, lost, 0), 2 * TOGETHER + 1) >= CLIPPED
    where = np.nonzero(lights & bright)
    around = _lights_around(lights, where)
    darkest = observations.planes.min(axis=0)

    def cover(index: int) -> tuple[Pairs, Pairs]:
        disc = np.pi * reach[index][focus[where]] ** 2
        spread = np.zeros(observations.shape, np.float32)
        spread[where] = np.where(around >= LEAST_SHARE * disc, radii[index][focus[where]], 0)
        covered = _union_of_discs(spread)
        brighter = (observations.planes[index] - darkest).max(axis=0) > BRIGHTER / observations.scale
        return covered, covered & brighter

    pairs, hiding = np.empty((2, observations.count, *observations.shape), bool)
    for index, found in enumerate(map_ahead(cover, range(observations.count))):
        pairs[index], hiding[index] = found
    return Glare(pairs, hiding, planes, bright & (planes >= 0))


def glare_for_image(observations: Observations, optics: Optics, settings: SolverSettings) -> Glare | None:
    """Glare as the image step needs it: none where no pixel is held at the mosaic, nor drawn to it."""
    return find_glare(observations, optics) if settings.image_prior > 0 else None


def in_most_planes(pairs: Pairs) -> NDArray[np.bool_]:
    """Pixels of which most pairs (planes, Y, X) are in glare, (Y, X)."""
    return np.asarray(pairs.mean(axis=0) > MOST)


def light_planes(observations: Observations, wanted: NDArray[np.bool_]) -> tuple[Labels, Floats]:
    """Plane in which the light around each wanted pixel is in focus, and how much more others show, (Y, X).

    Of the planes in which the light has a sharp outline, that in which least of it is seen: what is beyond
    white is clipped, and most so where the light is not spread. By sharpness alone the clipped rim of a
    bright light's disc would pass for a light of its own. Pixels that are not wanted, and those without an
    outline nearby (within a large light, whose rim covers what it covers), get -1.
    """
    planes, lost = np.full(wanted.shape, -1, np.int32), np.zeros(wanted.shape, np.float32)
    for tile in split(observations.shape, (TILE, TILE)):
        if wanted[tile.slices].any():
            block = Block(tile, widened(tile, MARGIN, observations.shape))
            chosen, ratio = _least_light(observations, block.outer)
            planes[tile.slices], lost[tile.slices] = chosen[block.inside], ratio[block.inside]
    planes[~wanted] = -1
    return planes, lost


def _least_light(observations: Observations, tile: Tile) -> tuple[Labels, Floats]:
    """Plane of least light among those of sharp outlines, and how much more is seen in others, (Y, X)."""
    part = observations.window(tile.slices)
    outlines = np.stack([_outline(part.grey(index)) for index in range(part.count)])
    sharpest = outlines.max(axis=0)
    least = np.full(part.shape, np.inf, np.float32)
    most = np.zeros(part.shape, np.float32)
    chosen = np.zeros(part.shape, np.int32)
    for index in range(part.count):
        light = ndimage.gaussian_filter(
            part.plane(index).max(axis=0), SPREAD, mode="nearest", truncate=TRUNCATE
        )
        better = (outlines[index] >= np.float32(SHARP) * sharpest) & (light < least)
        least[better], chosen[better] = light[better], index
        np.maximum(most, light, out=most)
    chosen[sharpest < OUTLINED] = -1
    return chosen, np.asarray(most / np.maximum(least, np.float32(1e-6)), np.float32)


def _outline(grey: Floats) -> Floats:
    """Greatest sharpness around each pixel."""
    return np.asarray(ndimage.maximum_filter(sum_modified_laplacian(grey, WINDOW), OUTLINE, mode="nearest"))


def _lights_around(lights: NDArray[np.bool_], where: tuple[NDArray[np.intp], ...]) -> NDArray[np.intp]:
    """Number of pixels of lights in the square around each of some pixels, from a summed-area table."""
    table = np.pad(lights.astype(np.intp), ((1, 0), (1, 0))).cumsum(axis=0).cumsum(axis=1)
    (top, bottom), (left, right) = (
        (np.maximum(at - SURROUNDINGS, 0), np.minimum(at + SURROUNDINGS + 1, length))
        for at, length in zip(where, lights.shape, strict=True)
    )
    return np.asarray(table[bottom, right] - table[top, right] - table[bottom, left] + table[top, left])


def _union_of_discs(radii: Floats) -> NDArray[np.bool_]:
    """Pixels within ``radii[p]`` of any pixel p, (Y, X)."""
    out = np.zeros(radii.shape, bool)
    where = np.nonzero(radii.any(axis=1))[0], np.nonzero(radii.any(axis=0))[0]
    if len(where[0]) == 0:
        return out
    margin = int(GREATEST_REACH + RIM) + 1
    window = tuple(slice(max(int(w[0]) - margin, 0), int(w[-1]) + margin + 1) for w in where)
    part = np.ascontiguousarray(radii[window])
    longest = max(part.shape)
    found = np.empty(part.shape, bool)
    union_of_discs(
        part,
        np.empty(part.shape[::-1], np.float64),
        np.empty(longest, np.float64),
        np.empty(longest, np.int64),
        np.empty(longest + 1, np.float64),
        np.empty(longest, np.float64),
        found,
    )
    out[window] = found
    return out
