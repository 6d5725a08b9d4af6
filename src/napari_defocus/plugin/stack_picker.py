"""Choice of the image layer that is the focal stack, and of its plane axis."""

from pathlib import Path

from magicgui.widgets import ComboBox
from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QFileDialog, QMenu, QPushButton, QVBoxLayout, QWidget

from napari_defocus.io.files import STACK_SUFFIXES
from napari_defocus.plugin.axes_form import AxesForm
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.opening import OpeningWorker
from napari_defocus.plugin.run_panel import PROMINENT, report
from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer, is_stack

__all__ = ["StackPicker"]

OPEN = "Open focal stack..."

PATTERNS = [
    *(f"*{suffix}" for suffix in sorted(STACK_SUFFIXES)),
    *(f"{start}optics.{suffix}" for start in ("", "*.") for suffix in ("toml", "json")),
]
FILE_FILTER = f"Focal stacks ({' '.join(PATTERNS)});;All files (*)"


class StackPicker(QWidget):
    """Combo box of the layers that can be focal stacks, kept up to date, and ``Open focal stack...``.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    many : bool
        Whether layers of several stacks (time points, positions) and of channels can be taken.

    Attributes
    ----------
    changed : Signal
        Another layer or axis was chosen, or there is none any more.
    """

    changed = Signal()

    def __init__(self, viewer: ViewerModel, *, many: bool = False) -> None:
        super().__init__()
        self._viewer = viewer
        self.layer = ComboBox(
            label="Focal stack",
            choices=self._layers,
            nullable=False,
            tooltip="Image layer with the planes of the stack along one axis.",
        )
        self.axes = AxesForm(viewer, many=many)
        self.axis = self.axes.plane
        self.open_button = QPushButton(OPEN)
        self.open_button.setToolTip(
            "Open a folder of images, several images, a TIFF, ZIP or NPY file, or the optics beside them."
        )
        menu = QMenu(self.open_button)
        menu.addAction("Folder of images...", self._ask_for_folder)
        menu.addAction("File or several images...", self._ask_for_files)
        self.open_button.setMenu(menu)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(Form([self.layer]))
        layout.addWidget(self.axes)
        layout.addWidget(self.open_button)
        events = viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self.refresh)
        self.layer.changed.connect(self._on_layer)
        self.axes.changed.connect(self._on_axis)
        self.refresh()
        self._on_layer()  # a layer that was open before is the box's value from the first on: no change

    def stop(self) -> None:
        """Follow the viewer no more."""
        events = self._viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.disconnect(self.refresh)
        self.axes.stop()

    def stack(self, *, only_shown: bool = False) -> FocalStackLayer | None:
        """Return the chosen stack, None when no layer can be one.

        Parameters
        ----------
        only_shown : bool
            Of several stacks in the layer take the one that the viewer shows and no other.

        Raises
        ------
        InputError
            If the layer has more axes than a focal stack, or the plane axis has to be chosen.
        """
        return self.axes.stack(only_shown=only_shown)

    def why_none(self) -> str:
        """Say how what is open can be made a stack; empty where nothing is open that could be one."""
        flat = [layer for layer in self._viewer.layers if isinstance(layer, Image) and layer.ndim == 2]
        flat = [layer for layer in flat if METADATA_KEY not in layer.metadata]  # those are results
        alike = [layer for layer in flat if layer.data.shape == flat[0].data.shape]
        if len(alike) > 1:
            return (
                f"{len(alike)} images of one size are open, each in its own layer: if they are the planes of "
                "a stack, select them in the layer list in their order, right click > Merge to Stack."
            )
        if flat and flat[0].rgb:
            return (
                f"Layer {flat[0].name!r} is one image in colour, not a stack. If its last axis holds planes, "
                "open it with rgb=False: viewer.add_image(data, rgb=False) in napari's console."
            )
        return ""

    def plane_axis(self) -> int:
        """Return the plane axis of the chosen layer.

        Raises
        ------
        InputError
            If it has to be chosen.
        """
        return self.axes.plane_axis()

    def refresh(self) -> None:
        """Take in that layers were added, removed or renamed."""
        before = self.layer.value
        with self.layer.changed.blocked():
            self.layer.reset_choices()
            if before in self.layer.choices:  # the combo box goes by the names, so a renamed layer loses it
                self.layer.value = before
        self.layer.enabled = self.layer.value is not None
        self.axes.refresh_others()
        if self.layer.value is not before or self.layer.value is None:
            self._on_layer()

    def open_stack(self, path: str | Path | list[str | Path]) -> None:
        """Open a focal stack from disk and choose it when it is read; an error becomes a notification."""
        worker = OpeningWorker(path)
        worker.signals.returned.connect(self._on_read)
        worker.signals.errored.connect(self._on_failed)
        worker.signals.finished.connect(self._on_finished)
        self.open_button.setEnabled(False)
        self.open_button.setText("Opening ...")
        worker.start()

    def _on_read(self, layer: Image) -> None:
        try:
            self._viewer.add_layer(layer)
        except Exception as error:  # the plane that was to be shown cannot be read
            report(error)
            if layer in self._viewer.layers:
                self._viewer.layers.remove(layer)
            return
        self.layer.value = layer

    def _on_failed(self, error: Exception) -> None:
        report(error)

    def _on_finished(self) -> None:
        self.open_button.setText(OPEN)
        self.open_button.setEnabled(True)

    def _layers(self, _widget: object = None) -> list[tuple[str, Layer]]:
        return [(layer.name, layer) for layer in self._viewer.layers if is_stack(layer)]

    def _on_layer(self) -> None:
        self.open_button.setStyleSheet("" if self.layer.value is not None else PROMINENT)
        self.axes.show_layer(self.layer.value)
        self.changed.emit()

    def _on_axis(self) -> None:
        self.changed.emit()

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Open a folder of images")
        if folder:
            self.open_stack(folder)

    def _ask_for_files(self) -> None:
        files, _ = QFileDialog.getOpenFileNames(self, "Open a focal stack", filter=FILE_FILTER)
        if files:
            self.open_stack(files[0] if len(files) == 1 else list(files))
