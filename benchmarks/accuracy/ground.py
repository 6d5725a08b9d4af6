"""Square grids on which height fields under a microscope are made; lengths in um."""

import numpy as np

from napari_defocus.optics import Microscope
from napari_defocus.simulation.scene import FloatArray


def ground(shape: tuple[int, int], optics: Microscope, beyond: float) -> tuple[FloatArray, FloatArray, float]:
    """y, x and spacing of a square grid, two points a pixel, that goes so many um beyond the longer side."""
    spacing = optics.pixel_size / 2
    reach = 0.5 * max(shape) * optics.pixel_size + beyond
    y, x = np.mgrid[-reach:reach:spacing, -reach:reach:spacing]
    return y, x, spacing
