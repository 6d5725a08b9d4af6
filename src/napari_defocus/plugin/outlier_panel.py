"""Outliers of a depth map: shown before they are replaced."""

from functools import partial
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox, FloatSlider
from napari.components import ViewerModel
from napari.layers import Labels
from napari.utils import DirectLabelColormap
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.latest import Latest
from napari_defocus.plugin.legend import show_in_place
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.shown_depth import ShownDepth
from napari_defocus.plugin.stack_source import METADATA_KEY, placement
from napari_defocus.solver.contrast import image_with_contrast
from napari_defocus.solver.outliers import fill_alike, fill_outliers
from napari_defocus.solver.settings import SolverSettings

__all__ = ["OutlierPanel", "filled"]

NO_CONFIDENCE = "There is no confidence layer of this run: it was deleted, or its run did not get to the end."
RED = DirectLabelColormap(color_dict={None: (0, 0, 0, 0), 0: (0, 0, 0, 0), 1: (1.0, 0.15, 0.1, 1.0)})


def filled(depth: Any, all_in_focus: Any, outliers: NDArray[np.bool_], radius: int) -> NDArray[np.float32]:
    """Return a depth map with its outliers replaced from valid pixels around them.

    Parameters
    ----------
    depth : array, (Y, X)
        Depth.
    all_in_focus : array, (Y, X) or (Y, X, 3), or None
        All-in-focus image, whose edges the depth then keeps to.
    outliers : ndarray, (Y, X), bool
        Pixels to replace; those without a depth are too.
    radius : int
        How far away valid pixels may be, px.
    """
    values = np.asarray(depth, np.float32)
    missing = outliers | ~np.isfinite(values)
    if all_in_focus is None:
        return fill_outliers(values, missing, radius)
    image = image_with_contrast(all_in_focus, SolverSettings().least_contrast)
    return fill_alike(values, missing, image, radius)


class OutlierPanel(QWidget):
    """A threshold on the confidence, what it would replace in red, and a button that replaces it.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._depth: ShownDepth | None = None
        self._preview: Labels | None = None
        self._work = Latest(self)
        self._made_of: tuple[ShownDepth, float] | None = None
        self.threshold = FloatSlider(
            label="Least confidence",
            value=0.5,
            min=0.0,
            max=1.0,
            step=0.01,
            tooltip="Depths of a lower confidence are taken for outliers. 0.5: those that are more likely "
            "wrong than right.",
        )
        self.shown = CheckBox(
            label="Show them in red",
            value=False,
            tooltip="A layer over the depth map shows what would be replaced; nothing is changed by it.",
        )
        self.button = QPushButton("Replace outliers")
        self.button.setToolTip(
            "Makes a new depth layer: outliers are filled from valid pixels near them that look alike. The "
            "layer that is there stays; delete the new one to undo."
        )
        self.status = QLabel()
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(Form([self.threshold, self.shown]))
        layout.addWidget(self.status)
        layout.addWidget(self.button)
        layout.addStretch(1)
        self.threshold.changed.connect(self._on_threshold)
        self.shown.changed.connect(self.refresh)
        self.button.clicked.connect(self.replace)
        self._work.found.connect(self._on_filled)
        self._work.failed.connect(report)
        viewer.layers.events.removed.connect(self._on_removed)

    def set_depth(self, depth: ShownDepth | None) -> None:
        """Work on another depth map, of another layer with the threshold of its run at first."""
        former, self._depth = self._depth, depth
        if former is not None and depth is not None and former.layer is depth.layer:
            self.refresh()
            return
        self._remove_preview()
        if depth is not None:
            entry = entry_of(depth.layer)
            settings = entry.get("parameters", {}).get("settings", {})
            with self.threshold.changed.blocked():
                self.threshold.value = entry.get("least_confidence", settings.get("outlier_confidence", 0.5))
        self.refresh()

    def stop(self) -> None:
        """Take the preview away and add no layer any more."""
        self._work.drop()
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._depth = None
        self._remove_preview()

    def outliers(self) -> NDArray[np.bool_] | None:
        """Return the pixels below the threshold; None where no confidence is known."""
        confidence = None if self._depth is None else self._depth.beside(self._viewer, "confidence")
        if confidence is None:
            return None
        return np.asarray(np.asarray(confidence.data) < self.threshold.value)

    def refresh(self) -> None:
        """Say and show what would be replaced."""
        mask = self.outliers()
        if mask is None:
            self.status.setText("" if self._depth is None else NO_CONFIDENCE)
            self.button.setEnabled(False)
            self._remove_preview()
            return
        count = int(np.count_nonzero(mask))
        self.button.setEnabled(0 < count < mask.size and not self._work.busy)
        self.status.setText(self._told(count, mask.size))
        if self.shown.value:
            self._show(mask)
        else:
            self._remove_preview()

    def replace(self) -> None:
        """Make a new depth layer without the outliers, in another thread."""
        depth, mask = self._depth, self.outliers()
        if depth is None or mask is None:
            return
        image = depth.beside(self._viewer, "all-in-focus")
        settings = entry_of(depth.layer).get("parameters", {}).get("settings", {})
        radius = int(settings.get("outlier_radius", SolverSettings().outlier_radius))
        self._made_of = depth, float(self.threshold.value)
        self._work.want(partial(filled, depth.map.data, None if image is None else image.data, mask, radius))
        self.button.setEnabled(False)
        self.status.setText("Replacing ...")

    def _on_filled(self, values: NDArray[np.float32]) -> None:
        if self._made_of is None:
            return
        depth, threshold = self._made_of
        if depth.layer not in self._viewer.layers:
            return
        layer = depth.derived(values, "outliers replaced", least_confidence=threshold)
        self.shown.value = False
        show_in_place(self._viewer, depth.layer, layer)
        self.refresh()
        self.status.setText(
            f"Added {layer.name!r}. To undo, delete that layer: {depth.layer.name!r} is still there."
        )

    def _on_threshold(self) -> None:
        if self.shown.value:
            self.refresh()
        else:
            self.shown.value = True  # refreshes

    def _told(self, count: int, pixels: int) -> str:
        if count == pixels:
            return "All pixels are below it: there would be nothing to fill them from."
        return f"{count / pixels:.1%} of the depths ({count} px) would be replaced."

    def _show(self, mask: NDArray[np.bool_]) -> None:
        depth, layers = self._depth, self._viewer.layers
        if depth is None or depth.layer not in layers:
            return
        if self._preview is not None and self._preview in layers:
            self._preview.data = mask.view(np.uint8)
            return
        self._preview = Labels(
            mask.view(np.uint8),
            name="would be replaced",
            colormap=RED,
            opacity=0.8,
            metadata={METADATA_KEY: {"kind": "preview"}},
            **placement(depth.map, [0, 1]),
        )
        active = layers.selection.active
        layers.insert(layers.index(depth.layer) + 1, self._preview)
        layers.selection.active = active  # so that the cursor still tells the depth
        depth.layer.visible = True

    def _remove_preview(self) -> None:
        preview, self._preview = self._preview, None
        if preview is not None and preview in self._viewer.layers:
            self._viewer.layers.remove(preview)

    def _on_removed(self, event: Any) -> None:
        if self._preview is not None and event.value is self._preview:
            self._preview = None
            self.shown.value = False
