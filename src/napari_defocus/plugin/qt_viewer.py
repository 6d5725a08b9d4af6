"""napari's widget behind the viewer that a plugin gets."""

from typing import Any

from napari.components import ViewerModel

__all__ = ["qt_viewer_of"]


def qt_viewer_of(viewer: ViewerModel) -> Any:
    """Return napari's widget with canvas and controls, None where there is no window."""
    window = getattr(getattr(viewer, "__wrapped__", viewer), "window", None)  # plugins get a proxy
    return getattr(window, "_qt_viewer", None)
