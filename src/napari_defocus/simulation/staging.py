"""Help to set a scene: a camera that looks down on a table, and boxes."""

from math import cos, radians, sin

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.simulation.scene import Cylinder, FloatArray, Rectangle, Sphere
from napari_defocus.simulation.textures import Texture


class Stage:
    """Puts things that stand on a table before a camera above it.

    Places on the table are ``(x, height, distance)``: to the right of the camera, above the table, and away
    from the camera along the table.

    Parameters
    ----------
    height : float
        Height of the camera above the table.
    pitch : float
        How far it looks down, degrees.
    """

    def __init__(self, height: float, pitch: float) -> None:
        angle = radians(pitch)
        self.height = height
        self.axes = np.array([[1, 0, 0], [0, -cos(angle), -sin(angle)], [0, -sin(angle), cos(angle)]])

    def direction(self, vector: ArrayLike) -> FloatArray:
        """Return a direction in the camera's coordinates."""
        return np.asarray(self.axes @ np.asarray(vector, np.float64))

    def place(self, point: ArrayLike) -> FloatArray:
        """Return a point in the camera's coordinates."""
        return self.direction(np.asarray(point, np.float64) - (0, self.height, 0))

    def table(self, texture: Texture) -> Rectangle:
        """Return the whole table; the texture's rows run towards the camera."""
        return Rectangle(
            self.place((0, 0, 0)), texture, self.direction((1, 0, 0)), self.direction((0, 0, -1))
        )

    def wall(self, distance: float, texture: Texture) -> Rectangle:
        """Return an upright wall across the whole view."""
        return self.picture((0, 0, distance), texture, np.inf, np.inf)

    def picture(
        self,
        center: ArrayLike,
        texture: Texture,
        width: float,
        height: float,
        *,
        turn: float = 0.0,
        lean: float = 0.0,
    ) -> Rectangle:
        """Return an upright rectangle that faces the camera, turned and leaning back by degrees."""
        t, n = radians(turn), radians(lean)
        right = self.direction((cos(t), 0, sin(t)))
        down = self.direction((sin(t) * sin(n), -cos(n), -cos(t) * sin(n)))
        return Rectangle(self.place(center), texture, right, down, width, height)

    def box(
        self,
        center: ArrayLike,
        size: tuple[float, float, float],
        side: Texture,
        top: Texture,
        *,
        turn: float = 0.0,
    ) -> list[Rectangle]:
        """Return the four sides and the top of a box of (width, height, depth), turned by degrees."""
        t = radians(turn)
        across, back = np.array([cos(t), 0, sin(t)]), np.array([-sin(t), 0, cos(t)])
        up = np.array([0.0, 1.0, 0.0])
        width, height, depth = size
        middle = np.asarray(center, np.float64)
        faces = [
            (middle + up * height / 2, across, -back, width, depth, top),
            (middle - back * depth / 2, across, -up, width, height, side),
            (middle + back * depth / 2, -across, -up, width, height, side),
            (middle - across * width / 2, -back, -up, depth, height, side),
            (middle + across * width / 2, back, -up, depth, height, side),
        ]
        return [
            Rectangle(self.place(point), texture, self.direction(right), self.direction(down), a, b)
            for point, right, down, a, b, texture in faces
        ]

    def ball(self, center: ArrayLike, radius: float, texture: Texture) -> Sphere:
        """Return a sphere whose texture's middle faces the camera."""
        return Sphere(self.place(center), radius, texture)

    def rod(self, start: ArrayLike, end: ArrayLike, radius: float, texture: Texture) -> Cylinder:
        """Return a round bar between two points."""
        return Cylinder(self.place(start), self.place(end), radius, texture)
