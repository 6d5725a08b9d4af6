"""What a scene is made of: surfaces in world coordinates and a light.

Lengths are in the unit of the optics. ``x`` points right and ``y`` down in the image, both 0 on the optical
axis, which meets the middle of the frame. ``z`` is the depth: the distance from the lens for a camera, the
height above the stage for a microscope (greater is nearer to the objective).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isinf

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.simulation.textures import Texture

FloatArray = NDArray[np.float64]
Vector = Sequence[float] | FloatArray


@dataclass(frozen=True, eq=False)
class Rectangle:
    """A flat rectangle or disc seen from both sides, infinite by default.

    Parameters
    ----------
    center : (x, y, z)
        Its middle, where the texture's middle lies as well.
    texture : Texture
        The image on it; its alpha cuts holes.
    right, down : vector
        Directions of the texture's columns and rows; `down` is made perpendicular to `right`.
    width, height : float
        Side lengths (or diameters) along `right` and `down`.
    is_round : bool
        Cut to the ellipse inside the rectangle.
    """

    center: Vector
    texture: Texture
    right: Vector = (1, 0, 0)
    down: Vector = (0, 1, 0)
    width: float = inf
    height: float = inf
    is_round: bool = False

    def __post_init__(self) -> None:
        frame(self.right, self.down)
        check_size(self, "width", "height")
        if self.is_round and (isinf(self.width) or isinf(self.height)):
            raise InputError("A round Rectangle needs a finite width and height.")


@dataclass(frozen=True, eq=False)
class Sphere:
    """A sphere; the texture's columns run along its longitude, its rows along its latitude.

    Parameters
    ----------
    center : (x, y, z)
        Its centre.
    radius : float
        Its radius.
    texture : Texture
        Wound around it; lengths are measured along the equator.
    right, down, up : vector
        The directions of growing longitude and latitude at the texture's middle, and where that middle faces.
    """

    center: Vector
    radius: float
    texture: Texture
    right: Vector = (1, 0, 0)
    down: Vector = (0, 1, 0)
    up: Vector = (0, 0, -1)

    def __post_init__(self) -> None:
        frame(self.right, self.down, self.up)
        check_size(self, "radius")


@dataclass(frozen=True, eq=False)
class Cylinder:
    """A round bar or wire with flat ends; the texture's columns run along it, its rows around it.

    Parameters
    ----------
    start, end : (x, y, z)
        Ends of its axis.
    radius : float
        Its radius.
    texture : Texture
        Wound around it; lengths are measured on its mantle.
    """

    start: Vector
    end: Vector
    radius: float
    texture: Texture

    def __post_init__(self) -> None:
        check_size(self, "radius")
        if not np.linalg.norm(np.subtract(self.end, self.start)) > 0:
            raise InputError("The start and end of a Cylinder must be different points.")


@dataclass(frozen=True, eq=False)
class HeightField:
    """A relief: heights on a grid over a plane, bilinear between the grid's points. It has no side walls.

    Parameters
    ----------
    center : (x, y, z)
        The point of height 0 in the middle of the grid.
    heights : array_like
        (rows, columns), in the scene's unit, measured along `up`.
    spacing : float
        Distance of neighbouring grid points.
    texture : Texture
        The image on it, laid over the grid's plane.
    right, down, up : vector
        Directions of columns, rows and heights; `up` is the normal of the first two on the given side.
    """

    center: Vector
    heights: ArrayLike
    spacing: float
    texture: Texture
    right: Vector = (1, 0, 0)
    down: Vector = (0, 1, 0)
    up: Vector = (0, 0, -1)

    def __post_init__(self) -> None:
        frame(self.right, self.down, self.up)
        check_size(self, "spacing")
        heights = np.asarray(self.heights, np.float64)
        if heights.ndim != 2 or min(heights.shape) < 2 or not np.isfinite(heights).all():
            raise InputError(
                f"The heights of a HeightField must be a finite 2-D array of at least 2 x 2, "
                f"but have shape {heights.shape}."
            )
        object.__setattr__(self, "heights", heights)


Surface = Rectangle | Sphere | Cylinder | HeightField


@dataclass(frozen=True)
class Light:
    """A distant light and a share of light from everywhere; surfaces scatter it evenly (Lambert).

    Parameters
    ----------
    direction : vector
        From the scene towards the light.
    ambient : float
        Share of the light that comes from everywhere, 0 to 1. With 1 (the default) radiance is the texture.
    softness : float
        Radius of the light as the tangent of its angle; makes the shadows' rims soft.
    shadows : bool
        Whether surfaces cast shadows.
    """

    direction: Vector = (0, 0, -1)
    ambient: float = 1.0
    softness: float = 0.0
    shadows: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.ambient <= 1:
            raise InputError(f"ambient must lie in 0 to 1, but is {self.ambient!r}.")
        if not (np.isfinite(self.softness) and self.softness >= 0):
            raise InputError(f"softness must be at least 0, but is {self.softness!r}.")
        unit(self.direction, "direction")


@dataclass(frozen=True)
class Scene:
    """Surfaces, opaque and in any order, and the light on them.

    Every ray from the lens must end on one of them, so there should be a background.
    """

    surfaces: Sequence[Surface]
    light: Light = field(default_factory=Light)

    def __post_init__(self) -> None:
        if not self.surfaces:
            raise InputError("A scene needs at least one surface.")

    @property
    def channels(self) -> int:
        """3 if any texture is in colour, else 1."""
        return max(int(surface.texture.pixels.shape[2]) for surface in self.surfaces)


def unit(vector: Vector, name: str) -> FloatArray:
    """Return the vector scaled to length 1, or raise :class:`InputError`."""
    array = np.asarray(vector, np.float64)
    length = np.linalg.norm(array) if array.shape == (3,) else np.nan
    if not (np.isfinite(length) and length > 0):
        raise InputError(f"{name} must be three numbers that are not all 0, but is {vector!r}.")
    return np.asarray(array / length)


def frame(right: Vector, down: Vector, up: Vector | None = None) -> FloatArray:
    """Return three perpendicular unit vectors (right, down, normal), (3, 3).

    The normal is on the side of `up`, or ``down x right`` (towards a camera that sees the texture upright).
    """
    first = unit(right, "right")
    second = np.asarray(down, np.float64)
    second = unit(second - (second @ first) * first, "down (perpendicular to right)")
    normal = np.cross(second, first)
    if up is not None:
        side = float(normal @ unit(up, "up"))
        if abs(side) < 1e-9:
            raise InputError("up must not lie in the plane of right and down.")
        normal = normal * np.sign(side)
    return np.stack([first, second, normal])


def check_size(owner: object, *names: str) -> None:
    """Raise :class:`InputError` if a length is not above 0."""
    for name in names:
        value = getattr(owner, name)
        if not value > 0:
            raise InputError(f"The {name} of a {type(owner).__name__} must be above 0, but is {value!r}.")
