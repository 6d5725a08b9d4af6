"""Glare: what the blur discs of saturated lights cover, where the stack tells nothing of the scene."""

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.optics.tiles import split
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.glare_kernels import union_of_discs
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

SATURATED = 0.995
"""Intensity from which a pixel counts as saturated, as a share of white."""

LEAST_REACH = 1.0
"""Radius of the blur disc below which a light is sharp and covers nothing but itself, px."""

GREATEST_REACH = 64.0
"""Radius to which a light's disc is followed, px."""

RIM = 2.0
"""Width of the soft rim around a disc, px."""

WINDOW = 3
"""Window of the focus measure that tells where a light is in focus, px."""

MOST = 0.5
"""Share of planes in glare from which on a pixel keeps the image of its sharpest plane."""

TILE = 256
"""Side of the tiles in which lights are looked for, px."""


def glare(observations: Observations, optics: Optics) -> NDArray[np.bool_] | None:
    """Pairs of plane and pixel that lie within the blur disc of a saturated pixel.

    A saturated light is far brighter than white says, so that its disc outshines what is behind and nothing
    in the model can explain it. Where the light is sharp in a plane it covers only itself, and that is no
    glare. A light's depth is that of the plane in which it is sharpest.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : Optics
        Blur of each plane; without a known blur per plane there is no telling how far a light reaches.

    Returns
    -------
    ndarray, (planes, Y, X), bool, or None
        None when nothing is saturated.
    """
    if isinstance(optics, UncalibratedFocus) and optics.blur_per_plane is None:
        return None
    saturated = np.zeros(observations.shape, bool)
    for plane in observations.planes:
        saturated |= (plane >= SATURATED / observations.scale).any(axis=0)
    if not saturated.any():
        return None
    sharpest = _sharpest_planes(observations, saturated)
    apart = np.abs(optics.centers[None] - optics.centers[:, None])
    reach = (2 * optics.blur_scale * optics.slopes[:, None] * apart).astype(np.float32)
    radii = np.where(reach >= LEAST_REACH, np.minimum(reach, GREATEST_REACH) + np.float32(RIM), 0)

    def cover(index: int) -> NDArray[np.bool_]:
        return _union_of_discs(np.where(saturated, radii[index][sharpest], 0).astype(np.float32))

    covered = np.empty((observations.count, *observations.shape), bool)
    for index, plane in enumerate(map_ahead(cover, range(observations.count))):
        covered[index] = plane
    return covered


def dazzled(observations: Observations, optics: Optics) -> NDArray[np.bool_] | None:
    """Pixels in glare in most planes, (Y, X): of them no image can be solved for. None: there are none."""
    pairs = glare(observations, optics)
    return None if pairs is None else np.asarray(pairs.mean(axis=0) > MOST)


def _sharpest_planes(observations: Observations, wanted: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Plane of greatest focus measure, in the tiles with a wanted pixel; elsewhere 0."""
    sharpest = np.zeros(wanted.shape, np.intp)
    margin = WINDOW // 2 + 1
    for tile in split(observations.shape, (TILE, TILE)):
        if not wanted[tile.slices].any():
            continue
        top, left = max(tile.y0 - margin, 0), max(tile.x0 - margin, 0)
        rows, columns = slice(top, tile.y0 + tile.height + margin), slice(left, tile.x0 + tile.width + margin)
        part = Observations(observations.planes[..., rows, columns], observations.scale, observations.colour)
        best = np.full(part.shape, -1, np.float32)
        label = np.zeros(part.shape, np.intp)
        for index in range(part.count):
            sharpness = sum_modified_laplacian(part.grey(index), WINDOW)
            better = sharpness > best
            best[better], label[better] = sharpness[better], index
        inside = (
            slice(tile.y0 - top, tile.y0 - top + tile.height),
            slice(tile.x0 - left, tile.x0 - left + tile.width),
        )
        sharpest[tile.slices] = label[inside]
    return sharpest


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
