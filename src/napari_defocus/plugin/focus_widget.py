"""The widget "Depth from focus"."""

from functools import partial

from magicgui.widgets import ComboBox, SpinBox
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QLabel, QPushButton

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, optics_from_dict
from napari_defocus.plugin.calculation import Calculation
from napari_defocus.plugin.depth_worker import FocusWorker
from napari_defocus.plugin.fields import PositionsField
from napari_defocus.plugin.focus_curve_view import FocusCurveView
from napari_defocus.plugin.focus_measure_layer import focus_measure_layer
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.legend import show_colorbar, show_name
from napari_defocus.plugin.lengths import PLANES
from napari_defocus.plugin.memory import recall, remember
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.stack_widget import StackWidget
from napari_defocus.solver.focus_measure import WITHOUT_STEP, WITHOUT_WINDOW

__all__ = ["FocusWidget"]

UNITS = (PLANES, "m", "cm", "mm", "um")
MEASURES = [
    ("sum-modified Laplacian", "sum_modified_laplacian"),
    ("Tenengrad (gradient)", "tenengrad"),
    ("variance of Laplacian", "variance_of_laplacian"),
    ("local variance", "local_variance"),
    ("modified Laplacian", "modified_laplacian"),
]
TITLE = "Depth from focus"
SHOW_MEASURE = "Show focus measure as a layer"


class FocusWidget(StackWidget):
    """Depth by the classic focus measure, in seconds.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self.unit = ComboBox(
            label="Unit of depth",
            choices=UNITS,
            tooltip="Unit of the focus positions and of the depth; 'plane' counts planes from 0 and needs no "
            "positions.",
        )
        self.positions = PositionsField(
            "Focus positions",
            unit="m",
            tooltip="Focus distance or height of each plane, in their order. '0, 0.5, ...' goes on evenly.",
        )
        self.measure = ComboBox(
            label="Focus measure",
            choices=MEASURES,
            tooltip="How sharpness is measured. The modified Laplacian finds the finest texture; Tenengrad "
            "is calmer in noise, the variance of intensity calmest and least sharp.",
        )
        self.window_side = SpinBox(
            label="Window (px)",
            value=3,
            min=1,
            max=99,
            step=2,
            tooltip="Side of the square over which the focus measure is summed, odd: larger is calmer "
            "and less sharp.",
        )
        self.step = SpinBox(
            label="Step (px)",
            value=1,
            min=1,
            max=50,
            tooltip="Distance of the pixels that the measure compares: larger for texture that is coarse or "
            "images that are soft or noisy in every plane.",
        )
        self.median_side = SpinBox(
            label="Median (px)",
            value=3,
            min=1,
            max=99,
            step=2,
            tooltip="Side of the median filter on the depth map, odd; 1 is none.",
        )
        self.note = QLabel()
        self._fields.addWidget(Form([self.unit, self.positions]))
        self._fields.addWidget(self.note)
        self._fields.addWidget(Form([self.measure, self.window_side, self.step, self.median_side]))
        self.measure_button = QPushButton(SHOW_MEASURE)
        self.measure_button.setToolTip(
            "A layer over the stack; each plane is computed when you look at it, with the settings above."
        )
        self.curve = FocusCurveView(napari_viewer)
        self._fields.addWidget(self.measure_button)
        self._fields.addWidget(self.curve, 1)
        self.unit.changed.connect(self._show_unit)
        self.positions.changed.connect(self._show_span)
        self.measure.changed.connect(self._show_what_counts)
        self.measure_button.clicked.connect(self.show_measure)
        self._recall()
        self._show_unit()
        self._on_stack()

    def prepare(self, stack: FocalStackLayer) -> tuple[FocusWorker, tuple[float, float], str]:
        unit = str(self.unit.value)
        remember(TITLE, self._measure_options() | {"median": self.median_side.value})
        options = {
            "unit": unit,
            **self._measure_options(),
            "median": self.median_side.value,
            "white": stack.white,
        }
        if unit == PLANES:
            return FocusWorker(stack.images, **options), (0.0, stack.planes - 1.0), unit
        positions = self.positions.positions(stack.planes)
        if len(positions) != stack.planes:
            raise InputError(
                f"The stack has {stack.planes} planes but {len(positions)} focus positions are listed; "
                "give one for each plane, in their order."
            )
        return (
            FocusWorker(stack.images, positions=positions, **options),
            (min(positions), max(positions)),
            unit,
        )

    def abandon(self) -> None:
        """Stop the run and listen to the mouse no more."""
        self.curve.stop()
        super().abandon()

    def show_measure(self) -> None:
        """Add the focus measure of all planes as a layer; wrong input becomes a notification."""
        layer: Image | None = self.picker.layer.value
        if layer is None:
            return
        try:
            axis = self.picker.plane_axis()
        except InputError as error:
            report(error)
            return
        make = partial(focus_measure_layer, layer, axis, **self._measure_options())
        worker = Calculation(make)
        worker.signals.returned.connect(self._on_measure_layer)
        worker.signals.errored.connect(self._on_error)
        worker.signals.finished.connect(self._on_measured)
        self.measure_button.setEnabled(False)
        worker.start()

    def _on_measure_layer(self, layer: Image) -> None:
        self._viewer.add_layer(layer)
        show_colorbar(self._viewer.layers, layer)
        show_name(self._viewer)

    def _on_error(self, error: Exception) -> None:
        report(error)

    def _on_measured(self) -> None:
        self.measure_button.setEnabled(True)

    def _measure_options(self) -> dict[str, str | int]:
        return {"measure": self.measure.value, "window": self.window_side.value, "step": self.step.value}

    def _recall(self) -> None:
        """Show the measure of the last run; positions are each stack's own."""
        last = recall(TITLE)
        if last.get("measure") in self.measure.choices:
            self.measure.value = last["measure"]
        for name, field in (
            ("window", self.window_side),
            ("step", self.step),
            ("median", self.median_side),
        ):
            value = last.get(name)
            if isinstance(value, int) and field.min <= value <= field.max:
                field.value = value

    def _show_what_counts(self) -> None:
        self.window_side.enabled = self.measure.value not in WITHOUT_WINDOW
        self.step.enabled = self.measure.value not in WITHOUT_STEP

    def fill(self, stack: FocalStackLayer) -> None:
        try:
            optics = optics_from_dict(stack.optics) if stack.optics else None
        except InputError:
            optics = None
        if isinstance(optics, ThinLens | Microscope):
            positions, unit = optics.focus_positions_array.tolist(), optics.depth_unit
        else:
            positions, unit = stack.focus or ([], PLANES)
        if unit not in self.unit.choices:
            self.unit.choices = (*UNITS, unit)
        self.unit.value = unit
        self.positions.set_positions(positions)

    def clear(self) -> None:
        self.unit.value = PLANES
        self.positions.set_positions([])

    def _show_unit(self) -> None:
        self.positions.native.setEnabled(self.unit.value != PLANES)
        self.positions.set_unit("" if self.unit.value == PLANES else str(self.unit.value))
        self._show_span()

    def _show_span(self) -> None:
        span = "" if self.unit.value == PLANES else self.positions.span()
        self.note.setText(span)
        self.note.setVisible(bool(span))
