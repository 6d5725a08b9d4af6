"""The widget "Depth from defocus: batch"."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from napari.components import ViewerModel
from qtpy.QtCore import QEvent, Qt
from qtpy.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QSplitter, QVBoxLayout, QWidget

from napari_defocus.batch import SUMMARY_FILE, Item, State, offer_optics
from napari_defocus.errors import InputError
from napari_defocus.plugin.batch_form import FALLBACK_NAME, BatchForm
from napari_defocus.plugin.batch_table import BatchTable
from napari_defocus.plugin.batch_worker import BatchWorker, InspectionWorker, QueueWorker
from napari_defocus.plugin.docking import TabbedDock
from napari_defocus.plugin.preferences import apply_threads
from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.run_panel import RunPanel, report
from napari_defocus.plugin.saved_result_opener import SavedResultOpener
from napari_defocus.plugin.scrolled import Scrolled
from napari_defocus.plugin.stack_picker import FILE_FILTER
from napari_defocus.plugin.turns import Turns

__all__ = ["BatchWidget"]

EMPTY = "Add focal stacks: a folder of them, files, or drop them here."


class BatchWidget(QWidget):
    """A queue of focal stacks, solved one after the other, each with its result in a folder.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in; results that are opened are added to it.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        TabbedDock(self)
        self._items: dict[str, Item] = {}
        self._plain_end = True  # whether the last work has met no error of its own
        self._inspecting = False
        self._turns = Turns(self, Repaints.of(napari_viewer))
        self.form = BatchForm(napari_viewer)
        self.table = BatchTable()
        self.panel = RunPanel(self._turns)
        self.opener = SavedResultOpener(napari_viewer, self._turns)
        self.folder_button = QPushButton("Add folder of stacks...")
        self.folder_button.setToolTip(
            "Adds every subfolder of images and every file that holds a stack: a TIFF of several images, "
            ".npy, .zip."
        )
        self.files_button = QPushButton("Add files...")
        self.files_button.setToolTip("Single images are taken together, those of one folder as one stack.")
        self.remove_button = QPushButton("Remove")
        self.clear_button = QPushButton("Clear")
        self.open_button = QPushButton("Open result")
        self.open_button.setToolTip(
            "Show depth, all-in-focus image, confidence and outliers of the selected row."
        )
        self.panel.cancel_button.setToolTip("Stop the present stack; the others are left waiting.")
        self.setAcceptDrops(True)
        self._lay_out()
        self._connect()
        self._show_state()

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        for button in (self.folder_button, self.files_button, self.remove_button, self.clear_button):
            buttons.addWidget(button)
        buttons.addStretch(1)
        buttons.addWidget(self.open_button)
        queue = QWidget()
        column = QVBoxLayout(queue)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(buttons)
        column.addWidget(self.table, 1)
        self._splitter = QSplitter(Qt.Orientation.Vertical)
        self._splitter.addWidget(queue)
        self._splitter.addWidget(Scrolled(self.form))
        self._splitter.setStretchFactor(0, 1)
        self._splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self._splitter, 1)
        layout.addWidget(self.panel)

    def _connect(self) -> None:
        self.folder_button.clicked.connect(self._ask_for_folder)
        self.files_button.clicked.connect(self._ask_for_files)
        self.remove_button.clicked.connect(self._remove_selected)
        self.clear_button.clicked.connect(self.clear)
        self.open_button.clicked.connect(self.open_selected)
        self.table.itemSelectionChanged.connect(self._update_buttons)
        self.table.cellDoubleClicked.connect(self.open_selected)
        self.form.optics_changed.connect(self._offer_optics)
        self.opener.opening_changed.connect(self._update_buttons)
        self.panel.run_requested.connect(self.run)
        self.panel.running_changed.connect(self._on_running)

    @property
    def items(self) -> list[Item]:
        """The queue."""
        return list(self._items.values())

    def add(self, paths: Sequence[str | Path]) -> None:
        """Add the stacks of files and folders, read in another thread; an error becomes a notification."""
        if not self.panel.running:
            self._start(InspectionWorker(paths, self.items))

    def run(self) -> None:
        """Run the queue with what the form says; wrong input becomes a notification."""
        try:
            plan = self.form.plan(self._planes())
        except InputError as error:
            self.panel.status.setText(str(error))
            report(error)
            return
        apply_threads()
        self._start(BatchWorker(self.items, plan))

    def remove(self, names: list[str]) -> None:
        """Take stacks out of the queue; files are not touched."""
        for name in names:
            del self._items[name]
        self.table.remove_items(names)
        self._show_state()

    def clear(self) -> None:
        """Take all stacks out of the queue."""
        self.remove(list(self._items))

    def open_selected(self) -> None:
        """Add the layers of the first selected result to the viewer."""
        done = self._selected_results()
        if done and not self.opener.opening:
            self.opener.open(done[0])

    def abandon(self) -> None:
        """Stop what is under way; nobody waits for it."""
        self.panel.abandon()
        self.opener.abandon()

    def resizeEvent(self, event: QResizeEvent | None) -> None:  # noqa: N802
        """Put queue and form side by side where there is room, as in a dock at the bottom."""
        super().resizeEvent(event)
        wide = self.width() > 1.5 * self.height()
        self._splitter.setOrientation(Qt.Orientation.Horizontal if wide else Qt.Orientation.Vertical)

    def event(self, event: QEvent | None) -> bool:
        """Stop the run when the dock is closed: that only takes the widget out of its window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self.abandon()
        return bool(super().event(event))

    def dragEnterEvent(self, event: QDragEnterEvent | None) -> None:  # noqa: N802
        """Take files and folders."""
        data = None if event is None else event.mimeData()
        if event is not None and data is not None and data.hasUrls() and not self.panel.running:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent | None) -> None:  # noqa: N802
        """Add the files and folders that are dropped."""
        data = None if event is None else event.mimeData()
        paths = [] if data is None else [url.toLocalFile() for url in data.urls() if url.isLocalFile()]
        if event is not None and paths:
            event.acceptProposedAction()
            self.add(paths)

    def _start(self, worker: QueueWorker) -> None:
        self._plain_end = True
        self._inspecting = isinstance(worker, InspectionWorker)
        worker.signals.item_changed.connect(self._on_item)
        worker.signals.errored.connect(self._on_error)
        self.panel.start(worker)

    def _on_item(self, item: Item) -> None:
        self._items[item.name] = item
        self.table.show_item(item)
        if item.state is not State.RUNNING:
            self._update_buttons()

    def _on_error(self) -> None:
        self._plain_end = False

    def _on_running(self, running: bool) -> None:
        self.form.setEnabled(not running)
        if not running:
            reading = [item.name for item in self.items if item.state is State.READING]
            self.remove(reading)  # whose reading was cancelled
            if self._inspecting:
                self.panel.bar.setValue(0)
            if self._items:
                self.form.suggest_output(self.items[0].place.parent)
            self._offer_optics()
            self.table.fit()
        self._update_buttons()

    def _planes(self) -> list[int]:
        return [item.shape[0] for item in self.items if item.shape is not None]

    def _offer_optics(self) -> None:
        """Take in that the form offers other optics, or that there are new stacks."""
        fallback = self.form.fallback(self._planes())
        for item in self.items:
            self._on_item(offer_optics(item, fallback, FALLBACK_NAME))
        self._show_state()

    def _show_state(self) -> None:
        """Say how many stacks are in which state."""
        counts = Counter(str(item.state) for item in self.items)
        told = ", ".join(f"{count} {state}" for state, count in counts.items())
        if self.panel.running or not self._plain_end:
            message = self.panel.status.text()
        elif any(item.result for item in self.items):
            message = f"{told}. Results and {SUMMARY_FILE} are in {self._folder()}."
        else:
            message = f"{told}. Press Run." if counts else EMPTY
        self.panel.set_ready(bool(counts), message)
        self._update_buttons()

    def _folder(self) -> Path:
        return next(item.result.parent for item in self.items if item.result is not None)

    def _selected_results(self) -> list[Path]:
        chosen = (self._items[name] for name in self.table.selected_names())
        return [item.result for item in chosen if item.result is not None]

    def _update_buttons(self) -> None:
        free = not self.panel.running
        self.folder_button.setEnabled(free)
        self.files_button.setEnabled(free)
        self.remove_button.setEnabled(free and bool(self.table.selected_names()))
        self.clear_button.setEnabled(free and bool(self._items))
        self.open_button.setEnabled(bool(self._selected_results()) and not self.opener.opening)

    def _remove_selected(self) -> None:
        self.remove(self.table.selected_names())

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Add a folder of focal stacks")
        if folder:
            self.add([folder])

    def _ask_for_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Add focal stacks", filter=FILE_FILTER)
        if files:
            self.add(list(files))
