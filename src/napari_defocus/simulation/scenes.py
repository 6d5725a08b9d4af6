"""The library of scenes, by name.

Each function takes ``shape`` (rows, columns) and ``planes``, both with defaults, and returns a
:class:`~napari_defocus.simulation.setup.Setup`. Scenes are described in metres or micrometres: a larger shape
shows the same field with more pixels and, in pixels, more blur.
"""

from collections.abc import Callable

from napari_defocus.simulation.microscope_scenes import beads, etched_surface, fibres
from napari_defocus.simulation.photographic_scenes import (
    fence,
    highlights,
    low_texture,
    repeated_texture,
    slanted_planes,
    smooth_relief,
    steps,
)
from napari_defocus.simulation.setup import Setup
from napari_defocus.simulation.still_life import still_life

SCENES: dict[str, Callable[..., Setup]] = {
    function.__name__: function
    for function in (
        still_life,
        slanted_planes,
        smooth_relief,
        fence,
        steps,
        low_texture,
        repeated_texture,
        highlights,
        etched_surface,
        fibres,
        beads,
    )
}

__all__ = ["SCENES", *SCENES]
