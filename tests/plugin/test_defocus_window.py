"""Pause, Preview and Region in the real window; run under Xvfb with OpenGL."""

import threading

import numpy as np
import pytest
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase
from tiny_stacks import add_stack, make_stack

from napari_defocus.plugin.legend import name_text

pytestmark = pytest.mark.window

RUN_MS = 60_000


@pytest.fixture
def window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    return viewer, widget


def drag(canvas, place):
    """Move the mouse with its left button down."""
    left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
    globally = QPointF(canvas.mapToGlobal(place))
    event = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(place), globally, none, left, Qt.KeyboardModifier.NoModifier
    )
    QApplication.sendEvent(canvas, event)


def press(qtbot, button):
    assert button.isVisible()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_viewer_closed_while_paused(make_napari_viewer, qtbot, patient_solver):
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    add_stack(viewer)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    widget.panel.pause_button.click()
    del widget
    viewer.close()
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)
    assert not any(thread.name == "napari-defocus" for thread in threading.enumerate())


def test_preview_with_the_mouse(window, qtbot):
    viewer, widget = window
    add_stack(viewer, make_stack(side=160))
    widget.settings_form.editors["epochs"].value = "1"
    before = viewer.screenshot(flash=False)
    press(qtbot, widget.preview_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    qtbot.waitUntil(lambda: name_text(viewer).text == "preview stone depth (m) [1]", timeout=RUN_MS)
    assert not np.array_equal(before, viewer.screenshot(flash=False))
    assert widget.loss_chart.isVisible()


def test_region_drawn_with_the_mouse(window, qtbot, patient_solver):
    patient_solver.release.set()
    viewer, widget = window
    add_stack(viewer, make_stack(side=64))
    viewer.screenshot(flash=False)
    press(qtbot, widget.region_form.draw_button)
    canvas = viewer.window._qt_viewer.canvas.native
    middle = canvas.rect().center()
    start, end = middle - QPoint(60, 50), middle + QPoint(60, 50)
    qtbot.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
    shapes = viewer.layers["stone region"]

    def dragged():
        drag(canvas, middle)
        drag(canvas, end)  # one of two quick moves may be dropped
        return len(shapes.data) == 1 and np.ptp(shapes.data[0], axis=0).min() > 10

    qtbot.waitUntil(dragged, timeout=RUN_MS)
    qtbot.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=end)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    depth = viewer.layers["region stone depth (m) [1]"]
    rows, columns = depth.data.shape
    assert 8 <= rows < columns < 64
    assert list(viewer.layers)[-2:] == [depth, shapes]  # its outline is seen whole
    low, high = shapes.extent.world
    assert np.all(np.abs(depth.data_to_world((-0.5, -0.5)) - low) <= 1)
    assert np.all(np.abs(depth.data_to_world((rows - 0.5, columns - 0.5)) - high) <= 1)


def test_the_last_button_is_whole_when_the_sample_is_open(window, qtbot):
    viewer, widget = window
    viewer.window.resize(1400, 900)
    viewer.open_sample("napari-defocus", "photograph")
    button = widget.parameters_button
    qtbot.waitUntil(lambda: button.visibleRegion().boundingRect() == button.rect())
