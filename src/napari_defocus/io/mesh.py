"""A depth map as a triangle mesh in physical units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.object_points import ObjectSpace
from napari_defocus.io.pictures import as_picture
from napari_defocus.io.save import quantise
from napari_defocus.optics import Optics
from napari_defocus.optics.units import NAMES

Mask = NDArray[np.bool_]

_HERE, _RIGHT = np.s_[:-1, :-1], np.s_[:-1, 1:]
_BELOW, _ACROSS = np.s_[1:, :-1], np.s_[1:, 1:]
_UPPER, _LOWER = (_HERE, _BELOW, _RIGHT), (_RIGHT, _BELOW, _ACROSS)
"""Corners of the two triangles of a square, as indices of the grid."""


@dataclass(frozen=True, eq=False)
class DepthMesh:
    """A textured surface.

    Attributes
    ----------
    vertices : ndarray, (V, 3), float64
        x, y, z of each pixel that has a depth, in `unit`; see :meth:`ObjectSpace.points`.
    faces : ndarray, (F, 3), int64
        Triangles, counter-clockwise as seen by the camera or the microscope.
    texcoords : ndarray, (V, 2), float64
        Where each vertex lies in the texture, from its lower left corner.
    texture : ndarray or None, (Y, X, 3), uint8
        The all-in-focus image.
    colors : ndarray or None, (V, 3), uint8
        The texture at each vertex.
    unit : str
        Unit of the vertices; "" where x and y are pixels and z has a unit of its own.
    """

    vertices: NDArray[np.float64]
    faces: NDArray[np.int64]
    texcoords: NDArray[np.float64]
    texture: NDArray[np.uint8] | None
    colors: NDArray[np.uint8] | None
    unit: str

    @property
    def extent(self) -> tuple[float, float, float]:
        """Sides of the bounding box along x, y and z, in `unit`."""
        x, y, z = (float(side) for side in np.ptp(self.vertices, axis=0))
        return x, y, z


def depth_mesh(
    depth: ArrayLike,
    optics: Optics | None = None,
    image: ArrayLike | None = None,
    *,
    depth_unit: str | None = None,
    valid: ArrayLike | None = None,
    stride: int = 1,
    largest_jump: float | None = None,
    unit: str | None = None,
) -> DepthMesh:
    """Return a depth map as a mesh with one vertex a pixel.

    Parameters
    ----------
    depth : array_like, (Y, X)
        Depth, in the unit of the optics; pixels that are not finite are left out.
    optics : Optics, optional
        They tell the size of a pixel: of a microscope ``pixel_size``; a camera's pixels are projected back
        through the lens, so that far ones are larger. None or uncalibrated: x and y in pixels.
    image : array_like, (Y, X) or (Y, X, 3), optional
        All-in-focus image in [0, 1], for texture and colours.
    depth_unit : str, optional
        Unit of the depth, to be checked against that of the optics.
    valid : array_like, (Y, X), bool, optional
        Pixels to take.
    stride : int
        Take every so manieth row and column, and the last ones: 4 makes a mesh of a sixteenth of the size.
    largest_jump : float, optional
        Leave out triangles whose corners differ more in depth, in the unit of depth: else a skirt hangs
        from every edge of an object. None: keep all.
    unit : str, optional
        Unit of length of the vertices. None: that of the optics.

    Raises
    ------
    InputError
        If shapes or units do not fit, no triangle is left, or `unit` is none of length.
    """
    depth = np.asarray(depth, np.float64)
    if depth.ndim != 2 or min(depth.shape) < 2:
        raise InputError(
            f"A mesh needs a depth map of at least 2 x 2 pixels, but its shape is {depth.shape}."
        )
    if isinstance(stride, bool) or not isinstance(stride, int) or stride < 1:
        raise InputError(f"stride must be a whole number of at least 1, but is {stride!r}.")
    if optics is not None and depth_unit is not None:
        _check_unit(optics, depth_unit)
    space = ObjectSpace.of(optics)
    factor = space.factor_to(unit)
    taken = _taken(depth, valid)
    rows, columns = (_strided(length, stride) for length in depth.shape)
    grid = np.ix_(rows, columns)
    z = depth[grid]
    upper, lower = _triangles(z, taken[grid], largest_jump)
    used = _corners(upper, lower)
    if not used.any():
        raise InputError("No triangle of the depth map is left; take more pixels, or allow larger jumps.")
    y, x = np.nonzero(used)
    z, y, x = z[used], rows[y], columns[x]
    texture = None if image is None else _texture(image, depth.shape)
    return DepthMesh(
        vertices=space.points(y, x, z, depth.shape) * factor,
        faces=_faces(used, upper, lower),
        texcoords=np.stack(((x + 0.5) / depth.shape[1], 1 - (y + 0.5) / depth.shape[0]), -1),
        texture=texture,
        colors=None if texture is None else texture[y, x],
        unit=unit or space.unit,
    )


def _check_unit(optics: Optics, depth_unit: str) -> None:
    if NAMES.get(depth_unit, depth_unit) != NAMES.get(optics.depth_unit, optics.depth_unit):
        raise InputError(
            f"The depth map is in {depth_unit} but the optics are in {optics.depth_unit}; "
            "give the optics that the depth was found with."
        )


def _taken(depth: NDArray[np.float64], valid: ArrayLike | None) -> NDArray[np.bool_]:
    taken: NDArray[np.bool_] = np.isfinite(depth)
    if valid is None:
        return taken
    valid = np.asarray(valid, bool)
    if valid.shape != depth.shape:
        raise InputError(f"The mask has shape {valid.shape} but the depth map {depth.shape}.")
    return np.asarray(taken & valid)


def _texture(image: ArrayLike, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    pixels: NDArray[Any] = quantise(as_picture(image), np.uint8)
    if pixels.shape[:2] != shape or pixels.shape[2:] not in ((), (3,)):
        raise InputError(f"The all-in-focus image has shape {pixels.shape} but the depth map {shape}.")
    return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, -1)


def _strided(length: int, stride: int) -> NDArray[np.int64]:
    """Return every so manieth index, and the last one."""
    indices = np.arange(0, length, stride)
    return indices if indices[-1] == length - 1 else np.append(indices, length - 1)


def _triangles(z: NDArray[np.float64], taken: NDArray[np.bool_], largest_jump: float | None) -> list[Mask]:
    """Tell for each square of the grid whether its upper left and its lower right triangle are there."""
    corners = _UPPER, _LOWER
    there: list[Mask] = [np.logical_and.reduce([taken[corner] for corner in three]) for three in corners]
    if largest_jump is not None:
        for present, three in zip(there, corners, strict=True):
            values = [z[corner] for corner in three]
            present &= np.maximum.reduce(values) - np.minimum.reduce(values) <= largest_jump
    return there


def _corners(upper: Mask, lower: Mask) -> Mask:
    """Tell for each pixel of the grid whether a triangle ends at it."""
    used = np.zeros((upper.shape[0] + 1, upper.shape[1] + 1), bool)
    for present, three in ((upper, _UPPER), (lower, _LOWER)):
        for corner in three:
            used[corner] |= present
    return used


def _faces(used: Mask, upper: Mask, lower: Mask) -> NDArray[np.int64]:
    """Return triangles of the numbers of used pixels, counter-clockwise on the image."""
    number = np.cumsum(used).reshape(used.shape) - 1
    parts = [
        np.stack([number[corner][present] for corner in three], -1)
        for present, three in ((upper, _UPPER), (lower, _LOWER))
    ]
    return np.concatenate(parts)
