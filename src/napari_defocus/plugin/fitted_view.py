"""An image that fits the canvas goes on fitting it when docks take room from that."""

from typing import Any

import numpy as np
from napari.components import ViewerModel

__all__ = ["FittedView"]


class FittedView:
    """napari fits the first image to the canvas, then its controls and our dock make the canvas smaller.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._camera: dict[str, Any] | None = None

    def note(self) -> None:
        """Look whether the image fits the canvas as it is now."""
        before = self._now()
        self._camera = None
        if self._viewer.dims.ndisplay != 2 or not self._viewer.layers:
            return
        self._viewer.reset_view()
        fitting = self._now()
        if _alike(before, fitting):
            self._camera = fitting
        else:
            self._put(before)

    def fit_again(self) -> None:
        """Fit it anew, after the window has been laid out, unless the user has moved it meanwhile."""
        camera, self._camera = self._camera, None
        if camera is not None and self._viewer.layers and _alike(camera, self._now()):
            self._viewer.reset_view()

    def _now(self) -> dict[str, Any]:
        camera = self._viewer.scene.camera
        return {"center": camera.center, "zoom": camera.zoom, "angles": camera.angles}

    def _put(self, values: dict[str, Any]) -> None:
        self._viewer.scene.camera.update(values)


def _alike(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return all(np.allclose(one[key], other[key], rtol=1e-3) for key in one)
