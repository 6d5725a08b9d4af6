"""Alignment of the planes of a focal stack, before anything is solved."""

from napari_defocus.alignment.align import MOTIONS, align_focal_stack
from napari_defocus.alignment.matching import MotionKind
from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.result import AlignmentResult, PlaneAlignment

__all__ = ["MOTIONS", "AlignmentResult", "Motion", "MotionKind", "PlaneAlignment", "align_focal_stack"]
