"""Optics models and blur operators; knows nothing of files of images or of solvers."""

from napari_defocus.optics.base import Optics
from napari_defocus.optics.files import load_optics, optics_from_dict, save_optics
from napari_defocus.optics.microscope import Microscope
from napari_defocus.optics.thin_lens import ThinLens
from napari_defocus.optics.uncalibrated import UncalibratedFocus

__all__ = [
    "Microscope",
    "Optics",
    "ThinLens",
    "UncalibratedFocus",
    "load_optics",
    "optics_from_dict",
    "save_optics",
]
