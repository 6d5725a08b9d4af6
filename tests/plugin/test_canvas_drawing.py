"""Drawing of the canvas put off to the next turn."""

import numpy as np
import pytest
from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QOpenGLWidget, QWidget

from napari_defocus.plugin.canvas_drawing import draw_next_turn


@pytest.fixture
def window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    return window


def test_a_canvas_is_drawn_in_the_next_turn(window, qtbot):
    canvas = QOpenGLWidget(window)
    draw_next_turn(window)
    draw_next_turn(window)
    assert not canvas.updatesEnabled()
    assert len(canvas.findChildren(QTimer)) == 1
    qtbot.waitUntil(canvas.updatesEnabled)
    qtbot.waitUntil(lambda: not canvas.findChildren(QTimer))


def test_a_window_without_canvas_stays_as_it_is(window):
    draw_next_turn(window)
    assert window.updatesEnabled()
    assert not window.findChildren(QTimer)


@pytest.mark.window
def test_the_viewer_is_drawn_though_the_widget_was_closed(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    dock, _ = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from focus")
    canvas = viewer.window._qt_window.findChild(QOpenGLWidget)
    qtbot.waitUntil(canvas.updatesEnabled)
    viewer.add_image(np.eye(9))
    assert not canvas.updatesEnabled()
    viewer.window.remove_dock_widget(dock)
    qtbot.waitUntil(canvas.updatesEnabled, timeout=10_000)
