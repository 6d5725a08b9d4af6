"""An image that fits the canvas goes on fitting it while docks take room from that."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from qtpy.QtCore import QObject, QTimer

__all__ = ["FittedView"]

WHILE = 1000
"""Milliseconds in which the window is laid out anew after a stack or our dock has come."""

WIDER = 1.2
"""Zoom, in units of one that fits, up to which a centred image was fitted to a canvas that was wider."""


class FittedView(QObject):
    """napari fits the first image to the canvas; then its controls and our dock make the canvas smaller.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    parent : QObject
        Views are fitted as long as it lives.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._camera: dict[str, Any] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WHILE)
        self._timer.timeout.connect(self.stop)

    def follow(self) -> None:
        """From now on fit the view to the canvas as that is laid out, unless the user has moved it."""
        self.stop()
        if self._viewer.dims.ndisplay != 2 or not self._viewer.layers:
            return
        before = self._now()
        self._viewer.reset_view()
        fitting = self._now()
        nearly = 0.999 < before["zoom"] / fitting["zoom"] < WIDER
        if not (nearly and np.allclose(before["center"], fitting["center"])):
            self._viewer.scene.camera.update(before)
            return
        self._camera = fitting
        self._viewer.canvas.events.size.connect(self._fit)
        self._timer.start()

    def stop(self) -> None:
        """Leave the view to the user."""
        self._timer.stop()
        self._viewer.canvas.events.size.disconnect(self._fit)

    def _fit(self) -> None:
        if self._now() != self._camera:  # the user has moved it
            self.stop()
            return
        self._viewer.reset_view()
        self._camera = self._now()

    def _now(self) -> dict[str, Any]:
        camera = self._viewer.scene.camera
        return {"center": camera.center, "zoom": camera.zoom}
