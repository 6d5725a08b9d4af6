"""The widget "Depth from focus"."""

from magicgui.widgets import ComboBox, SpinBox
from napari.components import ViewerModel

from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope, ThinLens, optics_from_dict
from napari_defocus.plugin.fields import PositionsField
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.stack_widget import StackWidget
from napari_defocus.plugin.worker import FocusWorker

__all__ = ["FocusWidget"]

PLANES = "plane"
UNITS = (PLANES, "m", "cm", "mm", "um")


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
        self.window_side = SpinBox(
            label="Window (px)",
            value=3,
            min=1,
            max=99,
            step=2,
            tooltip="Side of the square over which the focus measure is summed, odd: larger is calmer "
            "and less sharp.",
        )
        self.median_side = SpinBox(
            label="Median (px)",
            value=3,
            min=1,
            max=99,
            step=2,
            tooltip="Side of the median filter on the depth map, odd; 1 is none.",
        )
        form = Form([self.unit, self.positions, self.window_side, self.median_side])
        self._fields.addWidget(form)
        self._fields.addStretch(1)
        self.unit.changed.connect(self._show_unit)
        self._show_unit()
        self._on_stack()

    def prepare(self, stack: FocalStackLayer) -> tuple[FocusWorker, tuple[float, float], str]:
        unit = str(self.unit.value)
        options = {
            "unit": unit,
            "window": self.window_side.value,
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

    def _show_unit(self) -> None:
        self.positions.native.setEnabled(self.unit.value != PLANES)
        self.positions.set_unit("" if self.unit.value == PLANES else str(self.unit.value))
