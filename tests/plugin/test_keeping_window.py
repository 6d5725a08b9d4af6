"""Saving, exporting and preferences in the real window; run under Xvfb with OpenGL."""

from pathlib import Path

import napari.settings
import numpy as np
import pytest
import tifffile
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QFileDialog, QSpinBox
from tiny_stacks import SCOPE, add_stack

from napari_defocus.plugin import preferences

pytestmark = pytest.mark.window
STORED = preferences._stored
RUN_MS = 120_000


@pytest.fixture
def window(make_napari_viewer, qtbot, monkeypatch, tmp_path):
    """A window with the results of a run, its Preferences in the test's own folder."""
    monkeypatch.setattr(napari.settings, "_CFG_PATH", str(tmp_path / "settings.yaml"))
    napari.settings._clear_plugin_settings_cache()
    monkeypatch.setattr(preferences, "_stored", STORED)
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    add_stack(viewer, optics=SCOPE, scale=(2, 0.325, 0.325), units=("um",) * 3)
    widget.settings_form.editors["epochs"].value = "1"
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    yield viewer, widget
    napari.settings._clear_plugin_settings_cache()


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_buttons_save_load_and_export(window, qtbot, monkeypatch, tmp_path):
    viewer, widget = window
    folder = tmp_path / "chosen"
    folder.mkdir()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(folder))
    press(qtbot, widget.save_bar.save_button)
    qtbot.waitUntil(widget.save_bar.save_button.isEnabled, timeout=RUN_MS)
    (saved,) = folder.iterdir()
    depth = next(layer for layer in viewer.layers if "depth" in layer.name)
    np.testing.assert_array_equal(np.load(saved / "depth.npy"), depth.data)

    widget.settings_form.editors["epochs"].value = "9"
    chosen = str(saved / "parameters.json")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_, **__: (chosen, ""))
    press(qtbot, widget.parameters_button)
    assert widget.settings_form.settings().epochs == 1

    answer = str(tmp_path / "stone"), "OBJ with texture (*.obj)"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_, **__: answer)
    press(qtbot, widget.save_bar.mesh_button)
    qtbot.waitUntil(widget.save_bar.mesh_button.isEnabled, timeout=RUN_MS)
    assert {path.name for path in tmp_path.glob("stone.*")} == {"stone.obj", "stone.mtl", "stone.png"}


def test_save_selected_layer_offers_our_format(window, monkeypatch, tmp_path):
    viewer, _ = window
    depth = next(layer for layer in viewer.layers if "depth" in layer.name)
    viewer.layers.selection = {depth}
    offered = []

    def choose(*args, **options):
        offered.extend(options["filter"].split(";;"))
        ours = next(text for text in offered if "OME-TIFF with units" in text)
        return str(tmp_path / "height"), ours

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    viewer.window._qt_viewer._save_layers_dialog(selected=True)
    assert any("mesh of a depth map" in text for text in offered)
    path = tmp_path / "height.depth.ome.tif"
    with tifffile.TiffFile(path) as tif:
        assert 'PhysicalSizeX="0.325"' in tif.ome_metadata
    viewer.layers.clear()
    (again,) = viewer.open(path, plugin="napari-defocus")
    np.testing.assert_allclose(again.scale, (0.325, 0.325))
    assert {str(unit) for unit in again.units} == {"micrometer"}


def test_the_page_in_preferences_counts(window):
    viewer, _ = window
    dialog = viewer.window._open_preferences_dialog()
    shown = [dialog._list.item(row).text() for row in range(dialog._list.count())]
    dialog._list.setCurrentRow(shown.index("napari-defocus"))
    (threads,) = dialog._stack.currentWidget().findChildren(QSpinBox)
    assert threads.value() == 0
    threads.setValue(1)
    assert preferences.preferences().threads == 1
    dialog.accept()
    assert "threads: 1" in Path(napari.settings._CFG_PATH).with_name("napari-defocus.yaml").read_text()
