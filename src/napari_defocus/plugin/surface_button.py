"""The button that shows the depth in 3-D and brings the former view back."""

from collections.abc import Callable
from functools import partial

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QCheckBox, QDoubleSpinBox, QHBoxLayout, QPushButton, QWidget

from napari_defocus.plugin.depth_layers import grows_towards_lens, newest_depth_layer
from napari_defocus.plugin.surface import SurfaceView

__all__ = ["SurfaceButton"]


class SurfaceButton(QWidget):
    """Switches between the layers in 2-D and the depth as a surface.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    chosen : callable, optional
        Returns the depth layer to show, or None; by default the active one, else the newest.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        parent: QWidget | None = None,
        *,
        chosen: Callable[[], Layer | None] | None = None,
    ) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._chosen = chosen or partial(newest_depth_layer, viewer)
        self._view = SurfaceView(viewer)
        self.button = QPushButton()
        self.flip = QCheckBox("Upside down")
        self.flip.setToolTip("Tick this when what is near lies at the bottom of the 3-D view.")
        self.height_field = QDoubleSpinBox()
        self.height_field.setRange(0.01, 1000.0)
        self.height_field.setValue(1.0)
        self.height_field.setStepType(QDoubleSpinBox.StepType.AdaptiveDecimalStepType)
        self.height_field.setPrefix("Height × ")
        self.height_field.setToolTip(
            "Vertical exaggeration of the surface: 1 is true to scale where depth and pixels have units of "
            "length; else 1 is a relief of a third of the picture's longer side."
        )
        self._height: float | None = None  # what the user has set
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.button, 1)
        layout.addWidget(self.height_field)
        layout.addWidget(self.flip)
        self.button.clicked.connect(self.toggle)
        self.flip.toggled.connect(self._on_flip)
        self.height_field.valueChanged.connect(self._on_height)
        self._later = QTimer(self)  # once napari has done what it does then
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._follow)
        for event in (
            viewer.layers.events.inserted,
            viewer.layers.events.removed,
            viewer.dims.events.ndisplay,
        ):
            event.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Offer what makes sense now."""
        if self._view.left:
            self._later.start(0)
        self.button.setText("Back to 2-D" if self._view.shown else "Show in 3-D")
        available = self._view.shown or self._chosen() is not None
        self.button.setEnabled(available)
        self.flip.setEnabled(available)
        self.height_field.setEnabled(self._view.shown)
        self.button.setToolTip(
            "The depth map as a surface with the all-in-focus image draped over it, near side up."
            if available
            else "There is no depth map yet: press Run first."
        )

    def toggle(self) -> None:
        """Show the surface of the depth layer, or go back to 2-D."""
        if self._view.shown:
            self._view.leave()
        else:
            self._show()
        self.refresh()

    def _follow(self) -> None:
        """Show again what was hidden, when the user has left the 3-D view by napari's own button."""
        if self._view.left:
            self._view.leave()
            self.refresh()

    def _show(self) -> None:
        depth = self._chosen()
        if depth is None:
            return
        near_is_small = not grows_towards_lens(self._viewer, depth)
        self._view.show(depth, near_is_small=near_is_small != self.flip.isChecked())
        if self._height is not None:
            self._view.exaggerate(self._height)
        self._show_height()

    def _show_height(self) -> None:
        if (height := self._view.exaggeration) is not None:
            blocked = self.height_field.blockSignals(True)
            self.height_field.setValue(height)
            self.height_field.blockSignals(blocked)

    def _on_height(self, height: float) -> None:
        self._height = height
        self._view.exaggerate(height)

    def _on_flip(self) -> None:
        if self._view.shown:
            self._show()
            self.refresh()
