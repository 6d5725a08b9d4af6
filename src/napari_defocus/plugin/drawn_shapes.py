"""Lines and regions that the user draws over a depth map, in its pixels."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer, Shapes
from numpy.typing import NDArray
from qtpy.QtCore import QObject, QTimer, Signal  # type: ignore[attr-defined]

from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.stack_source import METADATA_KEY, placement

__all__ = ["COLORS", "LINES", "REGIONS", "DrawnShapes", "line_in", "outline_in", "region_of"]

LINES = ("line", "path")
REGIONS = ("rectangle", "ellipse", "polygon")

COLORS = ("#4fa3ff", "#ff9f40", "#7ddc6f", "#ff5f5f", "#c58cff")
"""Colours of the shapes in their order, then again from the first."""

ELLIPSE_CORNERS = 90


class DrawnShapes(QObject):
    """Follows the shapes of some kinds in one Shapes layer: the one made here, or one the user activates.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    kinds : tuple of str
        Types of shapes that count.
    name : str
        Name of the layer that is made.
    tool : str
        Mode of that layer: what the mouse draws.

    Attributes
    ----------
    changed : Signal
        A shape was drawn, moved, chosen or deleted; several changes at once are told once.
    """

    changed = Signal()

    def __init__(
        self, viewer: ViewerModel, kinds: tuple[str, ...], name: str, tool: str, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._viewer, self._kinds, self._name, self._tool = viewer, kinds, name, tool
        self.layer: Shapes | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timer)
        viewer.layers.selection.events.active.connect(self._on_active)
        viewer.layers.events.removed.connect(self._on_removed)

    def stop(self) -> None:
        """Follow nothing any more."""
        self._viewer.layers.selection.events.active.disconnect(self._on_active)
        self._viewer.layers.events.removed.disconnect(self._on_removed)
        self._follow(None)
        self._timer.stop()

    def draw(self, depth: Layer) -> Shapes:
        """Make a layer over a depth map unless there is one, choose it and its tool."""
        layer = self.layer
        if layer is None:
            layer = Shapes(
                ndim=2,
                name=self._name,
                face_color="transparent",
                edge_color=COLORS[0],
                opacity=1.0,
                edge_width=max(1.0, max(depth.data.shape) / 250),
                features={"number": np.empty(0, np.int64)},
                text={"string": "{number}", "size": 14, "color": "#ffffff", "anchor": "upper_left"},
                metadata={METADATA_KEY: {"kind": self._name}},
                **placement(depth, [0, 1]),
            )
            self._viewer.add_layer(layer)
            self._follow(layer)
        layer.visible = True
        self._viewer.layers.selection.active = layer
        layer.mode = self._tool
        return layer

    def chosen(self) -> list[int]:
        """Return the indices of the shapes that count: of our kinds, and selected if any of them is.

        While shapes are being drawn all count: napari leaves the one that was drawn last selected.
        """
        layer = self.layer
        if layer is None:
            return []
        ours = [index for index, kind in enumerate(layer.shape_type) if kind in self._kinds]
        drawing = str(layer.mode).startswith("add_")
        selected = [] if drawing else [index for index in ours if index in layer.selected_data]
        return selected or ours

    def _follow(self, layer: Shapes | None) -> None:
        if layer is self.layer:
            return
        former = self.layer
        if former is not None:
            former.events.mode.disconnect(self._tell)
            former.events.set_data.disconnect(self._tell)
            former.events.data.disconnect(self._tell)
            former.selected_data.events.items_changed.disconnect(self._tell)
        self.layer = layer
        if layer is not None:
            layer.events.mode.connect(self._tell)
            layer.events.set_data.connect(self._tell)
            layer.events.data.connect(self._tell)
            layer.selected_data.events.items_changed.connect(self._tell)
        self._tell()

    def _tell(self, *_args: Any) -> None:
        self._timer.start(0)

    def _on_timer(self) -> None:
        self._number()
        self.changed.emit()

    def _number(self) -> None:
        """Give the shapes of a layer of ours their numbers and colours."""
        layer = self.layer
        if layer is None or entry_of(layer).get("kind") != self._name:
            return
        numbers = np.arange(1, layer.nshapes + 1)
        if not np.array_equal(layer.features["number"], numbers):
            layer.features = {"number": numbers}
            layer.edge_color = [COLORS[(number - 1) % len(COLORS)] for number in numbers]

    def _on_active(self, _event: Any) -> None:
        layer = self._viewer.layers.selection.active
        if isinstance(layer, Shapes) and any(kind in self._kinds for kind in layer.shape_type):
            self._follow(layer)

    def _on_removed(self, event: Any) -> None:
        if event.value is self.layer:
            self._follow(None)


def line_in(shapes: Shapes, index: int, depth: Layer) -> NDArray[np.float64]:
    """Return the corners of a shape as row and column in px of a depth layer, (K, 2)."""
    return np.array(
        [depth.world_to_data(shapes.data_to_world(corner)[-2:]) for corner in shapes.data[index]], np.float64
    )


def outline_in(shapes: Shapes, index: int, depth: Layer) -> NDArray[np.float64]:
    """Return the outline of a shape as a polygon in px of a depth layer, (K, 2)."""
    corners = line_in(shapes, index, depth)
    if shapes.shape_type[index] != "ellipse":
        return corners
    angles = np.linspace(0, 2 * np.pi, ELLIPSE_CORNERS, endpoint=False)[:, None]
    across, down = (corners[1] - corners[0]) / 2, (corners[3] - corners[0]) / 2  # of the box around it
    return np.asarray(corners.mean(axis=0) + across * np.cos(angles) + down * np.sin(angles))


def region_of(outline: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the pixels of a map whose centres lie within an outline, (Y, X); large ones take a while."""
    from skimage.draw import polygon

    mask = np.zeros(shape, np.bool_)
    mask[polygon(outline[:, 0], outline[:, 1], shape)] = True
    return mask
