"""Choice of the part of the stack that is run on: all of it, or a drawn rectangle."""

import numpy as np
from magicgui.widgets import ComboBox
from napari.components import ViewerModel
from napari.layers import Layer, Shapes
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import Rectangle, lies_on
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.stack_part import frame_of, rectangle_in, region_of
from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer

__all__ = ["RegionForm"]

WHOLE = "whole image"
EDGE = "#ffd54f"

INSET = 0.25
"""How far beyond the centres of its outermost pixels a region is drawn, px: safe from rounding."""


class RegionForm(QWidget):
    """Combo box of the Shapes layers, and a button that makes one to draw on.

    Parameters
    ----------
    viewer : ViewerModel
        Whose layers are offered.

    Attributes
    ----------
    draw_requested : Signal
        The user wants to draw a rectangle; see :meth:`draw_on`.
    """

    draw_requested = Signal()

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.layer = ComboBox(
            label="Region",
            choices=self._layers,
            tooltip="Run on all of the stack, or on the rectangle of a Shapes layer: the one that is "
            "selected there, else the last one drawn. Fewer pixels take less time and memory. Of time points "
            "and positions it takes the one shown.",
        )
        self.draw_button = QPushButton("Draw")
        self.draw_button.setToolTip("Add a Shapes layer and draw a rectangle with the mouse on the image.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Form([self.layer]), 1)
        layout.addWidget(self.draw_button)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self.refresh)
        self.draw_button.clicked.connect(self.draw_requested)
        self.refresh()

    def refresh(self) -> None:
        """Take in that layers were added, removed or renamed."""
        before = self.layer.value
        with self.layer.changed.blocked():
            self.layer.reset_choices()
            self.layer.value = before if before in self.layer.choices else None

    def draw_on(self, stack: FocalStackLayer) -> None:
        """Add a layer to draw on, in the stack's place, and choose it."""
        self._new_layer(stack).mode = "add_rectangle"

    def choose(self, stack: FocalStackLayer, region: Rectangle | None) -> None:
        """Choose some rows and columns of a stack, drawn in a layer, or the whole image.

        Raises
        ------
        InputError
            If the stack does not have these rows and columns.
        """
        if region is None:
            self.layer.value = None
            return
        shape = stack.images.shape[1:3]
        if not lies_on(region, shape):
            raise InputError(
                f"It is not on {stack.name!r} of {shape[0]} x {shape[1]} px; draw another region."
            )
        if self._chosen(stack) == region:
            return
        shapes = self._new_layer(stack)
        _, spatial = frame_of(stack)
        shown = np.array(shapes.world_to_data(self._viewer.dims.point))[-shapes.ndim :]
        corners = np.tile(shown, (2, 1))
        for axis, side in zip(spatial, region, strict=True):
            corners[:, axis] = side.start - INSET, side.stop - 1 + INSET
        shapes.add_rectangles(corners)

    def _chosen(self, stack: FocalStackLayer) -> Rectangle | None:
        """Return the rows and columns that are chosen; None: all, or none that can be told."""
        if self.layer.value is None:
            return None
        try:
            return rectangle_in(self.layer.value, stack)
        except InputError:
            return None

    def _new_layer(self, stack: FocalStackLayer) -> Shapes:
        """Add an empty layer in the stack's place and choose it."""
        options, _ = frame_of(stack)
        shapes = Shapes(
            ndim=len(options["scale"]),
            name=f"{stack.name} region",
            edge_color=EDGE,
            face_color="transparent",
            edge_width=max(1.0, min(stack.images.shape[1:3]) / 200),
            metadata={METADATA_KEY: {"kind": "region"}},
            **options,
        )
        self._viewer.add_layer(shapes)
        self.layer.value = shapes
        return shapes

    def part(self, stack: FocalStackLayer) -> FocalStackLayer:
        """Return the part of a stack that was chosen.

        Raises
        ------
        InputError
            If no rectangle is drawn in the layer, or it is not on the stack.
        """
        shapes: Shapes | None = self.layer.value
        return stack if shapes is None else region_of(stack, rectangle_in(shapes, stack))

    def _layers(self, _widget: object = None) -> list[tuple[str, Layer | None]]:
        drawn = [(layer.name, layer) for layer in self._viewer.layers if isinstance(layer, Shapes)]
        return [(WHOLE, None), *drawn]
