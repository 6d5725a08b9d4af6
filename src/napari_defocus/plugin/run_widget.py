"""What all widgets have in common: a stack, some fields, a run."""

from napari.components import ViewerModel
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.collecting import collect_all_again
from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.docking import TabbedDock
from napari_defocus.plugin.fitted_view import FittedView
from napari_defocus.plugin.hidden_thumbnails import picture_hidden
from napari_defocus.plugin.preferences import apply_threads
from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.run_panel import RunPanel, report
from napari_defocus.plugin.scrolled import Scrolled
from napari_defocus.plugin.stack_picker import StackPicker
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.turns import Turns
from napari_defocus.plugin.worker import SolverWorker

__all__ = ["RunWidget"]

NO_STACK = (
    "Open a focal stack first: with the button above, or File > Open Sample > napari-defocus. An image layer "
    "that is open already is offered if it has a plane axis."
)
READY = "Ready: press Run."
LATER = "This run keeps the settings it began with; changes count for the next one."


class RunWidget(QWidget):
    """A widget that does something with a focal stack in another thread.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer it is docked in; results are added to it.

    Attributes
    ----------
    MANY : bool
        Whether it takes layers of several stacks and of channels.
    """

    MANY = False

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        TabbedDock(self)
        self._viewer = viewer
        self.picker = StackPicker(viewer, many=self.MANY)
        self._filled = False
        self._view = FittedView(viewer, self)
        self._turns = Turns(self, Repaints.of(viewer))
        self.panel = RunPanel(self._turns)
        self._fields = QVBoxLayout()
        self._fields.addWidget(self.picker)
        self.later = QLabel(LATER)
        self.later.setWordWrap(True)
        self.later.hide()
        self._lay_out()
        viewer.layers.events.removed.connect(collect_all_again)
        self.picker.changed.connect(self._on_stack)
        self.panel.run_requested.connect(self.run)
        self.panel.running_changed.connect(self._on_running)

    def _lay_out(self) -> None:
        inner = QWidget()
        inner.setLayout(self._fields)
        layout = QVBoxLayout(self)
        layout.addWidget(Scrolled(inner), 1)
        layout.addWidget(self.later)
        layout.addWidget(self.panel)

    def _put_above_panel(self, widget: QWidget) -> None:
        """Show a widget between the fields and the run, where it is not scrolled out of sight."""
        layout = self.layout()
        assert isinstance(layout, QVBoxLayout)  # made above
        layout.insertWidget(1, widget)

    def event(self, event: QEvent | None) -> bool:
        """Stop the run when the dock is closed: that only takes the widget out of its window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.abandon()
        return bool(super().event(event))

    def abandon(self) -> None:
        """Stop the run, nobody waits for its result, and follow the viewer no more."""
        self.picker.stop()
        self._view.stop()
        self.panel.abandon()

    def run(self) -> None:
        """Start a run with what the fields say; wrong input becomes a notification."""
        self._turns.hold_repaints()
        try:
            stack = self.picker.stack()
            if stack is None:
                raise InputError(self.picker.why_none() or NO_STACK)
            apply_threads()
            worker = self.begin(stack)
        except InputError as error:
            self.panel.status.setText(str(error))
            report(error)
            return
        self.panel.start(worker)

    def begin(self, stack: FocalStackLayer) -> SolverWorker:
        """Return the worker of a run, its signals connected, or raise :class:`InputError`."""
        raise NotImplementedError

    def fill(self, stack: FocalStackLayer) -> None:
        """Show what is known of a newly chosen stack."""
        raise NotImplementedError

    def clear(self) -> None:
        """Forget what :meth:`fill` has shown: the last stack was deleted."""

    def _on_stack(self) -> None:
        try:
            stack = self.picker.stack()
        except InputError as error:
            self.panel.set_ready(True, str(error))
            return
        missing = self.picker.why_none() or NO_STACK
        self.panel.set_ready(stack is not None, missing if stack is None else READY)
        if stack is not None:
            self._view.follow()
            self._turns.add(self._select_stack, self._picture_truths)
            self.fill(stack)
        elif self._filled:
            self.clear()
        self._filled = stack is not None

    def _select_stack(self) -> None:
        """Select the stack in the layer list in place of a hidden layer: a sample brings one after it."""
        layers, stack = self._viewer.layers, self.picker.layer.value
        active = layers.selection.active
        if stack in layers and active is not None and not active.visible:
            layers.selection.active = stack

    def _picture_truths(self) -> None:
        """Draw the thumbnail of the true depth that a sample brings hidden."""
        for layer in self._viewer.layers:
            if entry_of(layer).get("kind") == "truth":
                picture_hidden(layer)

    def _on_running(self, running: bool) -> None:
        self.picker.setEnabled(not running)
        self.later.setVisible(running)
