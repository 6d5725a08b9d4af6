"""What both widgets have in common: a stack, some choices, a run, its layers and the 3-D view."""

from collections.abc import Iterable
from functools import partial

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.run_panel import RunPanel, report
from napari_defocus.plugin.stack_picker import StackPicker
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.surface_button import SurfaceButton
from napari_defocus.plugin.turns import Step, Turns
from napari_defocus.plugin.worker import SolverWorker
from napari_defocus.solver.result import DefocusResult

__all__ = ["StackWidget"]

NO_STACK = (
    "Open a focal stack first: with the button above, or File > Open Sample > napari-defocus. An image layer "
    "that is open already is offered if it has a plane axis."
)
READY = "Ready: press Run."


class StackWidget(QWidget):
    """A widget that runs a solver on a focal stack.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer it is docked in; results are added to it.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._results: ResultLayers | None = None
        self.picker = StackPicker(viewer)
        self._turns = Turns(self)
        self.panel = RunPanel(self._turns)
        self.surface_button = SurfaceButton(viewer)
        self._fields = QVBoxLayout()
        self._fields.addWidget(self.picker)
        self._lay_out()
        self.picker.changed.connect(self._on_stack)
        self.panel.run_requested.connect(self.run)
        self.panel.running_changed.connect(self._on_running)

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setLayout(self._fields)
        scroll = self._scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inner)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.addWidget(scroll, 1)
        layout.addWidget(self.panel)
        layout.addWidget(self.surface_button)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Make the dock wide enough for whole fields; only now is the window's style known."""
        super().showEvent(event)
        inner, bar = self._scroll.widget(), self._scroll.verticalScrollBar()
        if inner is not None and bar is not None:
            self._scroll.setMinimumWidth(inner.minimumSizeHint().width() + bar.sizeHint().width())

    def event(self, event: QEvent | None) -> bool:
        """Stop the run when the dock is closed: that only takes the widget out of its window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._results = None  # no more layers
            self.panel.abandon()
        return bool(super().event(event))

    def run(self) -> None:
        """Start a run with what the fields say; wrong input becomes a notification."""
        try:
            stack = self.picker.stack()
            if stack is None:
                raise InputError(NO_STACK)
            worker, limits, unit = self.prepare(stack)
        except InputError as error:
            self.panel.status.setText(str(error))
            report(error)
            return
        self._results = ResultLayers(self._viewer, stack, limits, unit)
        worker.improved.connect(self._on_improved)
        worker.returned.connect(self._on_result)
        worker.cancelled.connect(self._on_result)
        self.panel.start(worker)

    def prepare(self, stack: FocalStackLayer) -> tuple[SolverWorker, tuple[float, float], str]:
        """Return the worker, the contrast limits of its depth and its unit, or raise :class:`InputError`."""
        raise NotImplementedError

    def fill(self, stack: FocalStackLayer) -> None:
        """Show what is known of a newly chosen stack."""
        raise NotImplementedError

    def _on_stack(self) -> None:
        try:
            stack = self.picker.stack()
        except InputError as error:
            self.panel.set_ready(True, str(error))
            return
        self.panel.set_ready(stack is not None, NO_STACK if stack is None else READY)
        if stack is not None:
            self.fill(stack)

    def _on_running(self, running: bool) -> None:
        self.picker.setEnabled(not running)
        if not running:
            if self._results is not None:
                self._turns.add(*self._results.legend_steps())
            self._results = None  # it holds the stack, which the user may delete to free its memory
            self.surface_button.refresh()

    def _on_improved(self, result: DefocusResult) -> None:
        if self._results is not None:
            self._show(self._results, self._results.steps(result))
            self._turns.add(self._on_shown)

    def _on_shown(self) -> None:
        worker = self.panel.worker
        if worker is None or worker.abort_requested:
            return  # the legend can wait until the result that is kept stands
        if self._results is not None:
            self._show(self._results, self._results.legend_steps())
        self._turns.add(worker.resume)

    def _on_result(self, result: DefocusResult | None) -> None:
        if self._results is not None and result is not None:
            self._show(self._results, self._results.last_steps(result))

    def _show(self, results: ResultLayers, steps: Iterable[Step]) -> None:
        def unless_closed(step: Step) -> None:
            if self._results is results:
                step()

        self._turns.add(*(partial(unless_closed, step) for step in steps))
