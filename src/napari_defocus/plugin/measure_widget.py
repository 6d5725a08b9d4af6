"""The widget "Measure depths"."""

from typing import Any

from magicgui.widgets import ComboBox
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QComboBox, QLabel, QTabWidget, QVBoxLayout, QWidget

from napari_defocus.plugin.depth_layers import depth_layers, entry_of
from napari_defocus.plugin.depth_status import show_depth_in_status
from napari_defocus.plugin.docking import TabbedDock
from napari_defocus.plugin.outlier_panel import OutlierPanel
from napari_defocus.plugin.profile_panel import ProfilePanel
from napari_defocus.plugin.region_panel import RegionPanel
from napari_defocus.plugin.shown_depth import ShownDepth, can_be_measured
from napari_defocus.plugin.tilt_panel import TiltPanel

__all__ = ["MeasureWidget"]

NONE = (
    "There is no depth map yet: run Depth from defocus or Depth from focus first, or open a saved result "
    "with the batch widget."
)

ODD_AXES = (
    "Rows and columns of this depth map are not its last axes, and shapes cannot be drawn on it: Save all "
    "results, then drag its parameters.json into napari."
)


class MeasureWidget(QWidget):
    """Outliers, profiles, tilt, surface, roughness and step heights of a depth layer.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        TabbedDock(self)
        self._viewer = napari_viewer
        self._depth: Image | None = None
        self._shown: ShownDepth | None = None
        self.choice = ComboBox(
            choices=self._choices,
            nullable=True,
            tooltip="The depth layer to measure; one that you choose in the layer list is taken too.",
        )
        self.outliers = OutlierPanel(napari_viewer)
        self.profile = ProfilePanel(napari_viewer)
        self.regions = RegionPanel(napari_viewer)
        self.tilt = TiltPanel(napari_viewer, self.regions)
        self.status = QLabel(NONE)
        self.status.setWordWrap(True)
        self.tabs = QTabWidget()
        for panel, title in (
            (self.outliers, "Outliers"),
            (self.profile, "Profile"),
            (self.regions, "Regions"),
            (self.tilt, "Tilt, 3-D"),
        ):
            self.tabs.addTab(panel, title)
        layout = QVBoxLayout(self)
        combo: QComboBox = self.choice.native
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(20)  # long layer names must not widen the dock
        layout.addWidget(combo)
        layout.addWidget(self.status)
        layout.addWidget(self.tabs, 1)
        self.choice.changed.connect(self._on_choice)
        combo.activated.connect(self._on_picked)
        self.tabs.currentChanged.connect(self._on_tab)
        events = napari_viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self.refresh)
        events.removed.connect(self._on_removed)
        napari_viewer.layers.selection.events.active.connect(self._on_active)
        napari_viewer.dims.events.point.connect(self._on_point)
        show_depth_in_status(napari_viewer)
        self.refresh()
        self._on_active()

    def refresh(self, _event: Any = None) -> None:
        """Take in that layers were added, removed or renamed."""
        layers = _maps(self._viewer)
        kept = self._depth if self._depth in layers else next(iter(layers), None)
        self.choice.reset_choices()
        self.choice.value = kept  # the box goes by the names: it loses a layer that was renamed
        self.tabs.setEnabled(bool(layers))
        self._take(kept)

    def event(self, event: QEvent | None) -> bool:
        """Take the preview away when the dock is closed: that only takes the widget out of its window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.stop()
        return bool(super().event(event))

    def stop(self) -> None:
        """Follow the viewer no more."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self.refresh)
        events.removed.disconnect(self._on_removed)
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self._viewer.dims.events.point.disconnect(self._on_point)
        self._take(None)
        for panel in (self.outliers, self.profile, self.regions, self.tilt):
            panel.stop()

    def _choices(self, _widget: object = None) -> list[tuple[str, Image]]:
        return [(layer.name, layer) for layer in _maps(self._viewer)]

    def _take(self, depth: Image | None) -> None:
        """Let the panels work on a depth layer, and follow its data."""
        if depth is not self._depth:
            if self._depth is not None:
                self._depth.events.data.disconnect(self._on_data)
            if depth is not None:
                depth.events.data.connect(self._on_data)
            self._depth = depth
            self._measure_shown()
        elif depth is not None:
            self.outliers.refresh()  # the confidence may have come or gone
        self._tell()

    def _measure_shown(self) -> None:
        """Let the panels work on the map that the viewer shows."""
        point = tuple(self._viewer.dims.point)
        self._shown = None if self._depth is None else ShownDepth.of(self._depth, point)
        for panel in (self.outliers, self.profile, self.regions, self.tilt):
            panel.set_depth(self._shown)

    def _tell(self) -> None:
        """Say which map is measured where that is not plain, or why none is."""
        shown = self._shown
        text = ""
        if shown is None:
            text = ODD_AXES if depth_layers(self._viewer) else NONE
        elif shown.of_many and shown.stack is None:
            text = "The stack that is shown has no result; move the sliders to one that has been run."
        elif shown.of_many and shown.stack is not None:
            text = f"Measured: {shown.stack[0]}, the one shown; move the sliders for another."
        self.status.setText(text)
        self.status.setVisible(bool(text))

    def _on_point(self, _event: Any) -> None:
        """Follow the sliders along a series."""
        if self._shown is None or self._shown.layer is self._shown.map:
            return
        if ShownDepth.of(self._shown.layer, tuple(self._viewer.dims.point)).steps != self._shown.steps:
            self._measure_shown()
            self._tell()

    def _on_choice(self) -> None:
        self._take(self.choice.value)

    def _on_picked(self, _index: int) -> None:
        """Show the depth map that the user has picked in place of the others, and choose its layer."""
        if self._depth is None or self._viewer.dims.ndisplay != 2:
            return
        for layer in _maps(self._viewer):
            layer.visible = layer is self._depth
        self._viewer.layers.selection.active = self._depth

    def _on_active(self, _event: Any = None) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and active is not self._depth and active in _maps(self._viewer):
            self.choice.value = active

    def _on_data(self, _event: Any) -> None:
        """Follow a run that goes on."""
        self._measure_shown()
        self._tell()

    def _on_tab(self, _index: int) -> None:
        if self.tabs.currentWidget() is not self.outliers:
            self.outliers.shown.value = False

    def _on_removed(self, event: Any) -> None:
        """Show a depth map again that was hidden for the one made of it, when that is deleted."""
        steps = entry_of(event.value).get("derived", [])
        if steps and event.value.visible:
            for layer in _maps(self._viewer):
                if layer.name == steps[-1]["from"]:
                    layer.visible = True
                    self._viewer.layers.selection.active = layer


def _maps(viewer: ViewerModel) -> list[Image]:
    """Return the depth layers that can be measured, the topmost first."""
    return [layer for layer in depth_layers(viewer) if can_be_measured(layer)]
