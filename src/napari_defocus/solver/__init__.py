"""Depth from defocus and depth from focus."""

from napari_defocus.solver.alternating import alternating_minimization, finish, so_far, solve
from napari_defocus.solver.blur_estimation import BlurEstimate, estimate_blur
from napari_defocus.solver.depth_from_focus import depth_from_focus
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings

__all__ = [
    "BlurEstimate",
    "DefocusResult",
    "Progress",
    "SolverSettings",
    "SolverState",
    "alternating_minimization",
    "depth_from_focus",
    "estimate_blur",
    "finish",
    "so_far",
    "solve",
]
