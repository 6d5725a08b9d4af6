"""How one plane lies over another: scale and rotation about the image's centre, and a shift."""

import cmath
import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Motion:
    """A similarity: where a point of the reference is found in a plane.

    A point at (x, y) from the image's centre is found at ``scale * R (x, y) + (shift_x, shift_y)`` from it.
    With complex numbers ``z = x + i y`` that is ``factor * z + offset``, so that motions are put together by
    multiplying and adding.

    Attributes
    ----------
    scale : float
        Above 1 where the plane shows the scene larger than the reference.
    rotation : float
        Angle of R in degrees, from the x axis (right) towards the y axis (down).
    shift_y, shift_x : float
        Shift of the centre, px.
    """

    scale: float = 1.0
    rotation: float = 0.0
    shift_y: float = 0.0
    shift_x: float = 0.0

    @classmethod
    def from_complex(cls, factor: complex, offset: complex) -> Self:
        """Return the motion ``z -> factor * z + offset``."""
        return cls(abs(factor), math.degrees(cmath.phase(factor)), offset.imag, offset.real)

    @property
    def factor(self) -> complex:
        """Scale and rotation as one number."""
        return cmath.rect(self.scale, math.radians(self.rotation))

    @property
    def offset(self) -> complex:
        """Shift as one number, px."""
        return complex(self.shift_x, self.shift_y)

    def after(self, first: "Motion") -> "Motion":
        """Return the motion that does `first` and then this one."""
        return Motion.from_complex(self.factor * first.factor, self.factor * first.offset + self.offset)

    def inverse(self) -> "Motion":
        """Return the motion that takes this one back."""
        return Motion.from_complex(1 / self.factor, -self.offset / self.factor)

    def largest(self, shape: tuple[int, int]) -> float:
        """Return how far the corner of an image (Y, X) that moves most is moved, px."""
        height, width = shape
        corners = (complex(x, y) / 2 for x in (1 - width, width - 1) for y in (1 - height, height - 1))
        return max(abs((self.factor - 1) * corner + self.offset) for corner in corners)

    def affine(self, shape: tuple[int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return matrix and offset with which rows and columns of the reference become those of the plane."""
        cosine, sine = self.factor.real, self.factor.imag
        matrix = np.array([[cosine, sine], [-sine, cosine]])
        centre = (np.array(shape) - 1) / 2
        return matrix, centre - matrix @ centre + np.array([self.shift_y, self.shift_x])
