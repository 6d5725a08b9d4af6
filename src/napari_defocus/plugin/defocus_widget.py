"""The widget "Depth from defocus"."""

from contextlib import suppress
from typing import Literal

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtWidgets import QLabel, QPushButton

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import StackPart
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.optics.binning import binned
from napari_defocus.optics.resolution import known, report_on
from napari_defocus.plugin.block_worker import BlockWorker
from napari_defocus.plugin.depth_worker import DefocusWorker, DepthWorker
from napari_defocus.plugin.loss_chart import LossChart
from napari_defocus.plugin.memory import recall, remember
from napari_defocus.plugin.memory_offer import MemoryOffer
from napari_defocus.plugin.optics_form import OpticsForm
from napari_defocus.plugin.optics_summary import OpticsSummary
from napari_defocus.plugin.outdated_previews import OutdatedPreviews
from napari_defocus.plugin.parameters_button import ParametersButton
from napari_defocus.plugin.preparation import FIRST_USE, Preparation
from napari_defocus.plugin.region_form import RegionForm
from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.settings_form import SettingsForm
from napari_defocus.plugin.stack_part import preview_of
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.stack_widget import StackWidget
from napari_defocus.plugin.tiny_run import kind_of_run
from napari_defocus.plugin.worker import SolverWorker
from napari_defocus.solver.settings import SolverSettings

__all__ = ["DefocusWidget"]

TITLE = "Depth from defocus"

Way = Literal["if it fits", "whole", "blocks", "preview"]
"""How a run is done."""


class DefocusWidget(StackWidget):
    """Depth, all-in-focus image, outliers and confidence by direct optimization.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__(napari_viewer)
        self._way: Way = "if it fits"
        self._layer: int | None = None
        self.preparation = Preparation(self)
        self.preparing = QLabel(f"{FIRST_USE.capitalize()} ...")
        self.preparing.setToolTip(
            "Compiling, for some twenty seconds; it is kept for the next time. You can press Run meanwhile."
        )
        self.preparing.hide()
        self.optics_form = OpticsForm()
        self.optics_summary = OpticsSummary()
        self.settings_form = SettingsForm()
        self.region_form = RegionForm(napari_viewer)
        self.preview_button = QPushButton("Preview")
        self.preview_button.setToolTip(
            "Run on a smaller copy of the stack first, in a few seconds; with a region, on that part of it. "
            "Of time points and positions it takes the one shown."
        )
        self.previews = OutdatedPreviews(napari_viewer)
        self._previewing = False
        self._whole = False  # a run on all pixels has come to its end
        self.loss_chart = LossChart()
        self.memory_offer = MemoryOffer()
        self._fields.insertWidget(1, self.region_form)
        self.parameters_button = ParametersButton(self.optics_form, self.settings_form, self._show_part)
        for part in (self.optics_form, self.optics_summary, self.settings_form):
            self._fields.addWidget(part)
        self._put_above_panel(self.optics_summary.warnings)
        self._fields.addWidget(self.parameters_button.note)  # above: below it would be scrolled out of sight
        self._fields.addWidget(self.parameters_button)
        self._fields.addStretch(1)
        self.panel.buttons.insertWidget(0, self.preview_button)
        self.panel.add(self.previews, self.preparing, self.memory_offer, self.loss_chart)
        self._connect()
        self._recall()
        self._on_stack()
        self._on_running(False)

    def _connect(self) -> None:
        self.optics_form.changed.connect(self._on_optics)
        for field in (self.settings_form.near, self.settings_form.far):
            field.changed.connect(self._show_summary)
        self.region_form.draw_requested.connect(self._draw_region)
        self.region_form.layer.changed.connect(self._on_region)
        self.preview_button.clicked.connect(self.run_preview)
        self.memory_offer.accepted.connect(self.run_in_blocks)
        self.memory_offer.declined.connect(self.run_whole)
        self.preparation.changed.connect(self._show_preparation)

    def abandon(self) -> None:
        """Stop what is under way."""
        super().abandon()
        self.preparation.stop()
        self.previews.stop()

    def run_preview(self) -> None:
        """Run on a smaller copy of the stack."""
        self._run_by("preview")

    def run_in_blocks(self) -> None:
        """Run block by block, with the blocks that were offered."""
        self._run_by("blocks")

    def run_whole(self) -> None:
        """Run without asking whether there is enough memory."""
        self._run_by("whole")

    def _run_by(self, way: Way) -> None:
        self._way = way
        try:
            self.run()
        finally:
            self._way = "if it fits"

    def begin(self, stack: FocalStackLayer) -> SolverWorker:
        part = self._part(stack)
        worker = super().begin(part)
        self._previewing, self._whole = self._way == "preview", False
        side = part.binning
        self.panel.remark = f"Preview: a px here is {side} x {side} px of the stack." if side > 1 else ""
        self.memory_offer.hide()
        self.loss_chart.clear()
        worker.signals.improved.connect(self.loss_chart.show_result)
        worker.signals.returned.connect(self.loss_chart.show_result)
        worker.signals.returned.connect(self._on_returned)
        return worker

    def _part(self, stack: FocalStackLayer) -> FocalStackLayer:
        """The part to run on; where there are several stacks a part is of the one that is shown."""
        preview = self._way == "preview"
        if preview or self.region_form.layer.value is not None:
            stack = self.picker.stack(only_shown=True) or stack
        part = self.region_form.part(stack)
        return preview_of(part) if preview else part

    def prepare(self, stack: FocalStackLayer) -> tuple[DepthWorker, tuple[float, float], str]:
        optics = self.optics_form.optics(stack.planes)
        settings = self.settings_form.settings()
        self._remember(optics)
        optics = binned(optics, stack.binning)
        if settings.white is None:
            settings = settings.replace(white=stack.white)
        if settings.depth_range is not None:
            optics.check_depth_range(settings.depth_range)
        self._prepare(stack, optics, settings)
        positions = optics.focus_positions_array
        limits = float(positions.min()), float(positions.max())
        worker: DepthWorker
        if self._way == "blocks" and self.memory_offer.side is not None:
            worker = BlockWorker(stack.images, optics, settings, self.memory_offer.side, self.preparation)
        else:
            if self._way == "if it fits":
                self.memory_offer.check(stack)
            worker = DefocusWorker(stack.images, optics, settings, self.preparation)
        worker.inside = stack.inside
        return worker, limits, optics.depth_unit

    def fill(self, stack: FocalStackLayer) -> None:
        self.memory_offer.hide()
        layer = id(self.picker.layer.value)  # the layer itself would be kept alive
        if self._layer not in (None, layer):
            self.settings_form.forget_stack()
        self._layer = layer
        self.parameters_button.forget()
        self.optics_form.fill(stack)
        self.settings_form.show_automatic_white(stack.white)

    def clear(self) -> None:
        self.memory_offer.hide()
        self._layer = None
        self.parameters_button.forget()
        self.optics_form.clear()
        self.settings_form.forget_stack()
        self.settings_form.show_automatic_white(None)
        if not self.panel.running:
            self.loss_chart.clear()

    def _remember(self, optics: Optics) -> None:
        remember(TITLE, {"optics": optics.to_dict(), **self.settings_form.memory()})

    def _recall(self) -> None:
        last = recall(TITLE)
        self.settings_form.recall(last)
        with suppress(KeyError, TypeError, AttributeError, InputError):  # nothing, or of another version
            self.optics_form.last = optics_from_dict(last["optics"])

    def _on_stack(self) -> None:
        super()._on_stack()
        self._on_optics()
        self._on_running(self.panel.running)

    def _on_returned(self) -> None:
        self._whole = not self._previewing

    def _tell_colours(self, results: ResultLayers) -> None:
        depth = results.made.get("depth")
        outdated = self.previews.outdated_by(depth) if self._whole and depth is not None else []
        if not any(layer.name in results.colours_told for layer in outdated):  # it is there no more
            super()._tell_colours(results)

    def _on_running(self, running: bool) -> None:
        results = None if running else self._results
        super()._on_running(running)
        if results is not None:
            self._tidy(results.made)
        self._show_preparation()
        free = not running and self.picker.layer.value is not None
        self.preview_button.setEnabled(free)
        self.region_form.setEnabled(free)

    def _tidy(self, made: dict[str, Layer]) -> None:
        """Let previews make room for a run on all pixels; one that was cancelled may be no better."""
        if self._previewing:
            self.previews.add(list(made.values()))
        elif self._whole and "depth" in made:
            self._turns.add(*self.previews.steps(made["depth"]))

    def _on_region(self) -> None:
        self.memory_offer.hide()  # it was about another part of the stack

    def _on_optics(self) -> None:
        depth_range = None
        try:
            stack = self.picker.stack()
            if stack is not None:
                optics = self.optics_form.optics(stack.planes)
                depth_range = optics.default_depth_range()
                self._prepare(stack, optics, self.settings_form.settings())
        except InputError:
            pass  # the summary tells it
        self.settings_form.show_automatic_range(depth_range, self.optics_form.depth_unit)
        self._show_summary()

    def _show_summary(self) -> None:
        try:
            stack = self.picker.stack()
        except InputError:
            stack = None  # the panel tells it
        if stack is None or not self.optics_form.filled:
            self.optics_summary.show_nothing()
            return
        try:
            optics = self.optics_form.optics(stack.planes)
            depth_range = self.settings_form.settings().depth_range
            if known(optics):
                self.optics_summary.show_report(report_on(optics, depth_range))
            else:
                self.optics_summary.show_nothing(
                    "Blur per plane step: estimated from the stack as the run begins."
                )
        except InputError as error:
            self.optics_summary.show_nothing(problem=str(error))

    def _prepare(self, stack: FocalStackLayer, optics: Optics, settings: SolverSettings) -> None:
        """Let be compiled what a run needs; it knows nothing of the stack but its type."""
        colour = stack.images.ndim == 4
        self.preparation.want(kind_of_run(stack.images.dtype, colour, optics, settings))

    def _show_preparation(self) -> None:
        self.preparing.setVisible(self.preparation.busy and not self.panel.running)  # a run tells it itself

    def _show_part(self, part: StackPart) -> str:
        """Choose the part that a recorded run was of; return what else gives its numbers again."""
        try:
            stack = self.picker.stack(only_shown=True)
            if stack is not None:
                self.region_form.choose(stack, part.region)
            elif part.region is not None:
                return "Open its stack and load again: the region is then drawn."
        except InputError as error:
            return str(error)
        said = [] if part.region is None else ["It is drawn and chosen."]
        if part.binning > 1:
            said.append("Press Preview for its numbers.")
        return " ".join(said)

    def _draw_region(self) -> None:
        try:
            stack = self.picker.stack()
        except InputError as error:
            report(error)
            return
        if stack is not None:
            self.region_form.draw_on(stack)
            self.panel.status.setText("Draw a rectangle on the image with the mouse, then press Run.")
