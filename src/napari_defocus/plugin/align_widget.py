"""The widget "Align focal stack"."""

from functools import partial

from magicgui.widgets import CheckBox, ComboBox
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QLabel

from napari_defocus.alignment.result import AlignmentResult
from napari_defocus.errors import InputError
from napari_defocus.optics import Microscope
from napari_defocus.plugin.align_table import AlignTable
from napari_defocus.plugin.aligned_layer import aligned_layer
from napari_defocus.plugin.alignment_worker import AlignmentWorker
from napari_defocus.plugin.fields import NumberField
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.run_widget import RunWidget
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.worker import Outcome

__all__ = ["AlignWidget"]

MOTIONS = [
    ("shift, scale and rotation", "similarity"),
    ("shift and scale", "breathing"),
    ("shift", "translation"),
]
RARELY = "Ready: press Run. The planes of a microscope on a stage seldom need it, and then only shifts."


class AlignWidget(RunWidget):
    """Takes shifts, rotation and focus breathing out of a focal stack.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self._aligned: tuple[Image, int] | None = None  # layer and plane axis of the run under way
        self.motion = ComboBox(
            label="Motion",
            choices=MOTIONS,
            tooltip="What is looked for: a camera held in the hand shifts and turns; a lens that focuses "
            "changes the scale of its image.",
        )
        self.reference = NumberField(
            "Reference plane",
            optional=True,
            tooltip="The plane that stays as it is, counted from 0; the depth map will lie over this one.",
        )
        self.crop = CheckBox(
            label="Crop",
            tooltip="Cut off the borders that not every plane shows; otherwise planes are continued there by "
            "their mirror image.",
        )
        self.table = AlignTable()
        self._found = QLabel("Found in each plane:")
        self._fields.addWidget(Form([self.motion, self.reference, self.crop]))
        self._fields.addWidget(self._found)
        self._fields.addWidget(self.table, 1)
        self._on_stack()

    def begin(self, stack: FocalStackLayer) -> AlignmentWorker:
        number = self.reference.number()
        if number is not None and number != int(number):
            raise InputError(f"Reference plane must be a whole number, but is {number:g}.")
        worker = AlignmentWorker(
            stack.images,
            motion=self.motion.value,
            reference=None if number is None else int(number),
            crop=self.crop.value,
        )
        self._aligned = self.picker.layer.value, self.picker.plane_axis()
        worker.returned.connect(self._on_result)
        return worker

    def abandon(self) -> None:
        """Stop the run and add no layer."""
        self._aligned = None
        super().abandon()

    def fill(self, stack: FocalStackLayer) -> None:
        self.reference.set_placeholder(f"the middle one: {stack.planes // 2}")
        self.table.setRowCount(0)
        microscope = (stack.optics or {}).get("kind") == Microscope.kind
        self.motion.value = "translation" if microscope else "similarity"
        if microscope:
            self.panel.set_ready(True, RARELY)

    def clear(self) -> None:
        self.reference.set_placeholder("")
        self.table.setRowCount(0)

    def _on_running(self, running: bool) -> None:
        super()._on_running(running)
        if not running:
            self._aligned = None  # it holds the stack, which the user may delete to free its memory

    def _on_result(self, result: Outcome | None) -> None:
        if self._aligned is None or not isinstance(result, AlignmentResult):
            return
        self.table.show_result(result)
        if result.changed:
            self._turns.add(partial(self._add, aligned_layer(*self._aligned, result)))

    def _add(self, layer: Image) -> None:
        if self._aligned is not None:
            self._viewer.add_layer(layer)
