"""Boxes of rectangles."""

import numpy as np

from napari_defocus.simulation import Rectangle, Texture
from napari_defocus.simulation.scene import Surface


def box(
    foot: tuple[float, float, float], size: tuple[float, float, float], texture: Texture, turn: float = 0.0
) -> list[Surface]:
    """A box that stands on `foot`, the middle of its underside: its top and its four sides."""
    (x, y, z), (width, length, height) = foot, size
    right, down = np.array([np.cos(turn), np.sin(turn), 0]), np.array([-np.sin(turn), np.cos(turn), 0])
    middle, up = np.array([x, y, z + height / 2]), np.array([0, 0, 1.0])
    faces: list[Surface] = [Rectangle(middle + up * height / 2, texture, right, down, width, length)]
    for axis, reach, side in ((right, width, down), (down, length, right)):
        across = width if reach is length else length
        for sign in (-0.5, 0.5):
            faces.append(Rectangle(middle + sign * reach * axis, texture, side, up, across, height))
    return faces
