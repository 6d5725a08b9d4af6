"""The widget "Data sets": the scenes of NYUv2, Make3D and MobileDepth that are on disk."""

from magicgui.widgets import ComboBox, LineEdit
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtWidgets import QFileDialog, QLabel, QListWidget, QPushButton, QVBoxLayout, QWidget

from napari_defocus.datasets import scene_keys
from napari_defocus.errors import InputError
from napari_defocus.plugin.docking import TabbedDock
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.hidden_thumbnails import picture_hidden
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.scene_opening import SceneWorker

__all__ = ["DatasetWidget"]

DATASETS = [("NYUv2", "nyuv2"), ("Make3D", "make3d"), ("MobileDepth", "mobiledepth")]
OPEN = "Open scene"


class DatasetWidget(QWidget):
    """Lists the scenes of a data set on disk and opens one, with its optics and its truth.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        TabbedDock(self)
        self._viewer = napari_viewer
        self.folder = LineEdit(
            label="Data folder", tooltip="The folder that holds NYUv2, Make3D and MobileDepth."
        )
        self.choose_button = QPushButton("Choose data folder...")
        self.dataset = ComboBox(label="Data set", choices=DATASETS, tooltip="Data set of the paper.")
        self.split = ComboBox(
            label="Split", choices=["test", "train"], tooltip="Split of the data set; MobileDepth has none."
        )
        self.scenes = QListWidget()
        self.note = QLabel("Choose the folder that holds the data sets.")
        self.note.setWordWrap(True)
        self.open_button = QPushButton(OPEN)
        self.open_button.setEnabled(False)
        layout = QVBoxLayout(self)
        layout.addWidget(self.choose_button)
        layout.addWidget(Form([self.folder, self.dataset, self.split]))
        layout.addWidget(self.scenes, 1)
        layout.addWidget(self.note)
        layout.addWidget(self.open_button)
        self._keys: list[tuple[str, ...]] = []
        for field in (self.folder, self.dataset, self.split):
            field.changed.connect(self.refresh)
        self.choose_button.clicked.connect(self._ask_for_folder)
        self.scenes.currentRowChanged.connect(self._on_row)
        self.scenes.itemActivated.connect(self.open_scene)
        self.open_button.clicked.connect(self.open_scene)

    def refresh(self) -> None:
        """List what is on disk, or say what to download."""
        self.split.enabled = self.dataset.value != "mobiledepth"
        try:
            self._keys = scene_keys(self.dataset.value, self.folder.value, self.split.value)
        except InputError as error:
            self._keys = []
            self.note.setText(str(error))
        else:
            self.note.setText(f"{len(self._keys)} scenes. Depth of the data set is added too, hidden.")
        self.scenes.clear()
        self.scenes.addItems([key[-1] for key in self._keys])

    def open_scene(self) -> None:
        """Open the chosen scene in another thread; an error becomes a notification."""
        row = self.scenes.currentRow()
        if row < 0 or not self.open_button.isEnabled():
            return
        worker = SceneWorker(self.dataset.value, str(self.folder.value), self._keys[row])
        worker.signals.returned.connect(self._on_read)
        worker.signals.errored.connect(report)
        worker.signals.finished.connect(self._on_finished)
        self.open_button.setEnabled(False)
        self.open_button.setText("Opening ...")
        worker.start()

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder of the data sets", self.folder.value)
        if folder:
            self.folder.value = folder

    def _on_read(self, layers: list[Image]) -> None:
        for layer in layers:
            self._viewer.add_layer(layer)
            picture_hidden(layer)

    def _on_finished(self) -> None:
        self.open_button.setText(OPEN)
        self._on_row(self.scenes.currentRow())

    def _on_row(self, row: int) -> None:
        self.open_button.setEnabled(row >= 0 and self.open_button.text() == OPEN)
