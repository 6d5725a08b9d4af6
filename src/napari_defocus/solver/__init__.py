"""Depth from defocus and depth from focus."""

from napari_defocus.solver.alternating import alternating_minimization, finish, so_far, solve
from napari_defocus.solver.blur_estimation import BlurEstimate, estimate_blur
from napari_defocus.solver.depth_from_focus import depth_from_focus
from napari_defocus.solver.focus_curve import FocusCurve, focus_curve, focus_measure_volume
from napari_defocus.solver.focus_measure import FOCUS_MEASURES, FocusMeasure, focus_measure
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings

__all__ = [
    "FOCUS_MEASURES",
    "BlurEstimate",
    "DefocusResult",
    "FocusCurve",
    "FocusMeasure",
    "Progress",
    "SolverSettings",
    "SolverState",
    "alternating_minimization",
    "depth_from_focus",
    "estimate_blur",
    "finish",
    "focus_curve",
    "focus_measure",
    "focus_measure_volume",
    "so_far",
    "solve",
]
