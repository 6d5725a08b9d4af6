"""Figures of a depth map or height map: profile, plane tilt, roughness, step height.

Nothing here needs napari, Qt or a solver.
"""

from napari_defocus.measurement.levelling import Plane, fit_plane, remove_tilt
from napari_defocus.measurement.profile import Profile, depth_profile, write_profile
from napari_defocus.measurement.roughness import Roughness, areal_roughness
from napari_defocus.measurement.step_height import Level, StepHeight, region_level, step_height

__all__ = [
    "Level",
    "Plane",
    "Profile",
    "Roughness",
    "StepHeight",
    "areal_roughness",
    "depth_profile",
    "fit_plane",
    "region_level",
    "remove_tilt",
    "step_height",
    "write_profile",
]
