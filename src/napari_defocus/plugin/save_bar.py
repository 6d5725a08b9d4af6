"""The buttons that write a run to files."""

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from napari.components import ViewerModel
from napari.utils.notifications import show_info
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from napari_defocus.errors import InputError
from napari_defocus.io import depth_mesh, save_mesh, save_result
from napari_defocus.io.result_directory import partial_directory
from napari_defocus.io.save import file_name
from napari_defocus.plugin.calculation import Calculation
from napari_defocus.plugin.depth_layers import newest_depth_layer
from napari_defocus.plugin.layer_result import LayerResult, optics_of, result_of, results_of
from napari_defocus.plugin.run_panel import report

__all__ = ["SaveBar"]

MESH_FILTER = "PLY with colours (*.ply);;OBJ with texture (*.obj);;STL, shape only (*.stl)"

LONGEST_SIDE = 1024
"""Vertices along the longer side of a mesh: two million triangles, which other programs still take."""


class SaveBar(QWidget):
    """``Save all results...`` and ``Export mesh...``, for the selected run or the newest.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer with the results.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._saving = False
        self.save_button = QPushButton("Save all results...")
        self.mesh_button = QPushButton("Export mesh...")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.save_button)
        layout.addWidget(self.mesh_button)
        self.save_button.clicked.connect(self._ask_for_folder)
        self.mesh_button.clicked.connect(self._ask_for_mesh)
        for event in (viewer.layers.events.inserted, viewer.layers.events.removed):
            event.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Offer what makes sense now."""
        available = newest_depth_layer(self._viewer) is not None
        without = "There is no depth map yet: press Run first."
        self.save_button.setToolTip(
            "A new folder with depth, all-in-focus image, confidence, outliers and parameters.json of the "
            "selected run, the same files as the command line writes; of time points and positions a folder "
            "each."
            if available
            else without
        )
        self.mesh_button.setToolTip(
            "The selected depth map as a surface for other programs: PLY, OBJ or STL, in the unit of depth; "
            "of time points and positions the one shown."
            if available
            else without
        )
        for button in (self.save_button, self.mesh_button):
            button.setEnabled(available and not self._saving)

    def save(self, folder: str | Path) -> None:
        """Write the result to a new folder in `folder`, in another thread; it ends in a notification."""
        try:
            found = results_of(self._viewer)
        except InputError as error:
            report(error)
            return
        target = Path(folder) / f"{file_name(found[0].name)}_{datetime.now():%Y%m%d-%H%M%S}"
        self._start(partial(_save_one if len(found) == 1 else _save_each, found, target))

    def export(self, path: str | Path) -> None:
        """Write the mesh of the depth map, in another thread; it ends in a notification.

        The dialog has asked already whether to overwrite.
        """
        try:
            found = result_of(self._viewer)
            optics = optics_of(found.result.parameters)
        except InputError as error:
            report(error)
            return
        depth = found.result.depth

        def write() -> Path:
            mesh = depth_mesh(
                depth,
                optics,
                found.result.all_in_focus,
                depth_unit=found.result.unit,
                stride=max(1, -(-max(depth.shape) // LONGEST_SIDE)),
            )
            return save_mesh(mesh, path, overwrite=True)[0]

        self._start(write)

    def _start(self, write: Any) -> None:
        worker = Calculation(write)
        worker.signals.returned.connect(self._on_written)
        worker.signals.errored.connect(self._on_error)
        worker.signals.finished.connect(self._on_finished)
        self._saving = True
        self.refresh()
        worker.start()

    def _on_written(self, path: Path) -> None:
        show_info(f"Saved {path.name} in {path.parent}")

    def _on_error(self, error: Exception) -> None:
        report(error)

    def _on_finished(self) -> None:
        self._saving = False
        self.refresh()

    def _ask_for_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder that gets a new folder with the results")
        if folder:
            self.save(folder)

    def _ask_for_mesh(self) -> None:
        path, chosen = QFileDialog.getSaveFileName(self, "Export mesh", "surface.ply", MESH_FILTER)
        if path:
            suffix = chosen[chosen.find("*") + 1 : -1] if not Path(path).suffix else ""
            self.export(path + suffix)


def _save_one(found: list[LayerResult], target: Path) -> Path:
    """Write a result to a folder."""
    (one,) = found
    return save_result(
        one.result,
        target,
        images_dtype=one.images_dtype,
        extra_parameters=one.origin,
        channels=one.channels,
    )


def _save_each(found: list[LayerResult], target: Path) -> Path:
    """Write the results of several stacks to a folder each in one; all of them or none."""
    with partial_directory(target) as directory:
        for one in found:
            _save_one([one], directory / file_name(one.stack))
    return target
