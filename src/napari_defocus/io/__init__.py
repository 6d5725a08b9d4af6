"""Focal stacks in, results out: everything that touches files of images."""

from napari_defocus.io.aligned_files import save_alignment
from napari_defocus.io.comparison_files import save_comparison
from napari_defocus.io.depth_files import DepthMap, read_depth_map
from napari_defocus.io.focal_stack import FocalStack, read_focal_stack
from napari_defocus.io.mesh import DepthMesh, depth_mesh
from napari_defocus.io.mesh_files import save_mesh
from napari_defocus.io.parameters import load_parameters
from napari_defocus.io.save import save_result
from napari_defocus.io.saved_result import load_result

__all__ = [
    "DepthMap",
    "DepthMesh",
    "FocalStack",
    "depth_mesh",
    "load_parameters",
    "load_result",
    "read_depth_map",
    "read_focal_stack",
    "save_alignment",
    "save_comparison",
    "save_mesh",
    "save_result",
]
