"""The real window; run under Xvfb with OpenGL."""

import csv
import gc
import sys
import threading
import weakref
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase
from tiny_stacks import add_stack, make_stack

from napari_defocus.plugin.batch_table import STATE

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))  # for queued_stacks.py
from queued_stacks import write_six

pytestmark = pytest.mark.window


@pytest.fixture
def window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    dock, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    return viewer, dock, widget


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_run_and_3d_view(window, qtbot):
    viewer, _, widget = window
    add_stack(viewer, make_stack(side=32, rgb=True), rgb=True)
    widget.settings_form.editors["epochs"].value = "1"
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
    flat = viewer.screenshot(flash=False)
    press(qtbot, widget.surface_button.button)
    assert viewer.dims.ndisplay == 3
    relief = viewer.screenshot(flash=False)
    assert not np.array_equal(flat[-300:], relief[-300:])
    assert len(np.unique(relief[..., :3].reshape(-1, 3), axis=0)) > 50  # the texture is there
    press(qtbot, widget.surface_button.button)
    assert viewer.dims.ndisplay == 2


def test_window_is_drawn_between_two_new_layers(window, qtbot, patient_solver):
    viewer, _, widget = window
    add_stack(viewer)
    log = []
    viewer.layers.events.inserted.connect(lambda: log.append("layer"))
    canvas = viewer.window._qt_viewer.canvas._scene_canvas
    canvas.events.draw.connect(lambda event: log.append("drawn"))
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=60_000)
    press(qtbot, widget.panel.cancel_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    layers = [index for index, entry in enumerate(log) if entry == "layer"]
    assert len(layers) == 4
    assert all("drawn" in log[first:second] for first, second in pairwise(layers))


def test_widget_closed_in_mid_run(make_napari_viewer, qtbot, patient_solver):
    viewer = make_napari_viewer()
    dock, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    add_stack(viewer)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: len(viewer.layers) > 1, timeout=60_000)
    dock.destroyOnClose()
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=60_000)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=60_000)
    assert not any("outliers" in layer.name for layer in viewer.layers)
    add_stack(viewer)
    viewer.layers.clear()
    remains = weakref.ref(widget)
    del dock, widget
    qtbot.waitUntil(lambda: gc.collect() >= 0 and remains() is None, timeout=10_000)


def test_viewer_closed_in_mid_run(make_napari_viewer, qtbot, patient_solver):
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    add_stack(viewer)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: len(viewer.layers) > 1, timeout=60_000)
    del widget
    viewer.close()
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=60_000)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=60_000)


def test_batch_is_seen_to_run_and_stops_as_the_viewer_closes(
    make_napari_viewer, qtbot, patient_solver, tmp_path
):
    write_six(tmp_path / "stacks")
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus: batch")
    widget.add([tmp_path / "stacks"])
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    waiting = widget.table.grab().toImage()
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: widget.table.cellWidget(0, STATE) is not None, timeout=60_000)
    assert widget.table.cellWidget(0, STATE).isVisible()
    assert widget.table.grab().toImage() != waiting
    assert all(widget.table.rowHeight(row) >= 2 * widget.fontMetrics().lineSpacing() for row in range(6))
    viewer.close()
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=60_000)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=60_000)
    assert not any(thread.name == "napari-defocus" for thread in threading.enumerate())
    with (tmp_path / "stacks_depth" / "batch_summary.csv").open() as stream:
        states = [row["state"] for row in csv.DictReader(stream)]
    assert states == ["cancelled", "waiting", "waiting", "needs optics", "waiting", "waiting"]


def test_alignment_adds_a_layer_that_is_drawn(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Align focal stack")
    images = make_stack(side=96)
    images[3] = np.roll(images[3], 3, axis=1)
    add_stack(viewer, images)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
    aligned = viewer.layers["stone aligned"]
    viewer.dims.set_current_step(0, 3)
    both = viewer.screenshot(flash=False)
    aligned.visible = False
    assert not np.array_equal(both, viewer.screenshot(flash=False))
    assert widget.table.isVisible()
    assert widget.table.rowCount() == 4


def test_error_map_and_histogram_are_drawn(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Compare depths")
    depth = np.linspace(1, 2, 40 * 40, dtype=np.float32).reshape(40, 40)
    viewer.add_image(depth + np.linspace(-1, 1, 40, dtype=np.float32), name="found")
    viewer.add_image(depth, name="truth")
    widget.first.value, widget.second.value = viewer.layers["found"], viewer.layers["truth"]
    press(qtbot, widget.button)
    qtbot.waitUntil(lambda: "difference of depth [1]" in viewer.layers, timeout=60_000)
    qtbot.waitUntil(widget.button.isEnabled, timeout=60_000)
    shown = viewer.screenshot(flash=False)[..., :3].astype(int)
    red, blue = (shown[..., channel] - shown[..., 2 - channel] > 60 for channel in (0, 2))
    assert red.any()
    assert blue.any()
    assert np.nonzero(red)[1].mean() < np.nonzero(blue)[1].mean()
    assert widget.chart.isVisible()
    assert widget.table.rowCount() == 11


def move_to_center(canvas, modifier):
    place, none = QPointF(canvas.rect().center()), Qt.MouseButton.NoButton
    globally = QPointF(canvas.mapToGlobal(canvas.rect().center()))
    QApplication.sendEvent(canvas, QMouseEvent(QEvent.Type.MouseMove, place, globally, none, none, modifier))


@pytest.mark.parametrize("how", ["click", "hover"])
def test_mouse_on_the_canvas_shows_the_focus_curve(make_napari_viewer, qtbot, how):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from focus")
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
    canvas = viewer.window._qt_viewer.canvas.native
    if how == "click":
        qtbot.mouseClick(canvas, Qt.MouseButton.LeftButton, pos=canvas.rect().center())
        qtbot.waitUntil(lambda: bool(widget.curve.chart.series), timeout=60_000)
    else:
        move_to_center(canvas, Qt.KeyboardModifier.NoModifier)
        assert widget.curve._worker is None

        def shown():
            move_to_center(canvas, Qt.KeyboardModifier.ShiftModifier)  # one of two quick moves is dropped
            return bool(widget.curve.chart.series)

        qtbot.waitUntil(shown, timeout=60_000)
    assert "Row 1" in widget.curve.text.text()


def test_error_is_shown_as_a_notification(window, qtbot, patient_solver):
    from napari._qt.dialogs.qt_notification import NapariQtNotification

    viewer, _, widget = window
    patient_solver.error = RuntimeError("the graph is cut")
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    shown = viewer.window._qt_window.findChildren(NapariQtNotification)
    assert any("the graph is cut" in notification.message.text() for notification in shown)
    for notification in shown:
        notification.close()


def test_each_run_selects_its_depth(window, qtbot, patient_solver):
    viewer, _, widget = window
    patient_solver.release.set()
    add_stack(viewer)
    viewer.add_shapes([[[2, 2], [2, 20], [20, 20], [20, 2]]], name="box", ndim=2)
    widget.region_form.layer.value = viewer.layers["box"]
    for run in (1, 2):  # napari gives plugins other objects for the same layers each time
        press(qtbot, widget.panel.run_button)
        qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)
        assert viewer.layers.selection.active.name == f"region stone depth (m) [{run}]"
