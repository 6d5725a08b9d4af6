"""Focal stacks in, results out: everything that touches files of images."""

from napari_defocus.io.aligned_files import save_alignment
from napari_defocus.io.focal_stack import FocalStack, read_focal_stack
from napari_defocus.io.parameters import load_parameters
from napari_defocus.io.save import save_result

__all__ = ["FocalStack", "load_parameters", "read_focal_stack", "save_alignment", "save_result"]
