"""The data sets of the published experiments, from their official files as they lie on disk.

NYUv2 (Silberman et al., ECCV 2012), Make3D (Saxena et al., PAMI 2009) and MobileDepth (Suwajanakorn et al.,
CVPR 2015), each with the camera and the treatment of Jackson et al., arXiv 2602.18509.
"""

from napari_defocus.datasets.catalogue import DATASETS, load_scene, scene_keys
from napari_defocus.datasets.forward import forward_stack
from napari_defocus.datasets.make3d import load_make3d
from napari_defocus.datasets.mobiledepth import load_mobiledepth
from napari_defocus.datasets.nyuv2 import load_nyuv2
from napari_defocus.datasets.nyuv2_prepare import prepare_nyuv2
from napari_defocus.datasets.scene import DatasetScene

__all__ = [
    "DATASETS",
    "DatasetScene",
    "forward_stack",
    "load_make3d",
    "load_mobiledepth",
    "load_nyuv2",
    "load_scene",
    "prepare_nyuv2",
    "scene_keys",
]
