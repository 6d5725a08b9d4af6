"""What a scene of the benchmark is: how it is built, rendered and told to a solver."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from napari_defocus.optics import Optics
from napari_defocus.simulation import Sensor
from napari_defocus.simulation.setup import Setup

Subset = Literal["tuning", "final"]


@dataclass(frozen=True, kw_only=True)
class AccuracyScene:
    """A scene, how it is rendered, and what makes the stack unlike the solver's model.

    Parameters
    ----------
    name : str
        Its name on the command line.
    subset : {"tuning", "final"}
        Which half it belongs to.
    shows : str
        What is hard about it.
    build : callable
        Makes scene and lens from a shape and a number of planes.
    planes : int
        Planes of the stack.
    shape : (int, int)
        Rows and columns of the stack.
    rays : int
        Rays of each pixel in each plane, spread over its area and the aperture.
    supersampling : int
        Sub-pixels along a pixel's side: the resolution that is rendered and averaged down.
    bits : {8, 16}
        Bits of the stack.
    noise : float
        Standard deviation of the noise in mid-grey, of 255; half of its square is photon noise.
    breathing : float
        By how much the image's scale changes from the first plane to the last.
    blur_error : float
        Factor on the `blur_scale` that the solver is told.
    seed : int
        Seed of rendering and noise.
    """

    name: str
    subset: Subset
    shows: str
    build: Callable[[tuple[int, int], int], Setup]
    planes: int
    shape: tuple[int, int] = (200, 264)
    rays: int = 256
    supersampling: int = 2
    bits: Literal[8, 16] = 8
    noise: float
    breathing: float = 0.0
    blur_error: float = 1.0
    seed: int

    def setup(self) -> Setup:
        """Scene and true lens."""
        return self.build(self.shape, self.planes)

    @property
    def magnification(self) -> list[float]:
        """Scale of each plane's image; the middle of the stack is at 1, as the truth is."""
        return [float(factor) for factor in 1 + self.breathing * np.linspace(-0.5, 0.5, self.planes)]

    @property
    def sensor(self) -> Sensor:
        """What turns radiance into the stack."""
        if self.noise == 0:
            return Sensor(bits=self.bits)
        variance = (self.noise / 255) ** 2
        return Sensor(bits=self.bits, read_noise=float(np.sqrt(variance / 2)), full_well=1 / variance)

    def told(self, optics: Optics) -> Optics:
        """The optics that a solver is given."""
        return optics.replace(blur_scale=optics.blur_scale * self.blur_error)
