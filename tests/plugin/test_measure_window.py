"""Measuring in the real window, with the mouse; run under Xvfb with OpenGL."""

import gc
import threading
import weakref

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import QEvent, QPoint, QPointF, Qt
from qtpy.QtGui import QMouseEvent
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase

from napari_defocus import Microscope

pytestmark = pytest.mark.window

SCOPE = Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=[0, 2, 4, 6, 8])
PLACE = {"scale": (0.5, 0.5), "units": ("um", "um"), "axis_labels": ("y", "x")}


def open_window(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    dock, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Measure depths")
    depth = np.tile(np.linspace(0, 8, 60, dtype=np.float32), (60, 1))
    for kind, data in (("confidence", depth / 8), ("depth", depth)):
        entry = {"kind": kind, "run": 1, "source": "stone", "unit": "um" if kind == "depth" else ""}
        entry["parameters"] = {"optics": SCOPE.to_dict()}
        metadata = {"napari_defocus": entry}
        viewer.add_layer(Image(data, name=f"stone {kind} [1]", metadata=metadata, rgb=False, **PLACE))
    return viewer, dock, widget


@pytest.fixture
def window(make_napari_viewer):
    return open_window(make_napari_viewer)


def mouse(canvas, kind, place, held=Qt.MouseButton.NoButton):
    """Send a mouse event at a place from the middle of the canvas, px."""
    local = QPointF(canvas.rect().center() + QPoint(*place))
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else Qt.MouseButton.LeftButton
    event = QMouseEvent(kind, local, canvas.mapToGlobal(local), button, held, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(canvas, event)


def test_line_drawn_with_the_mouse_is_followed_as_it_grows(window, qtbot):
    viewer, _, widget = window
    widget.tabs.setCurrentWidget(widget.profile)
    qtbot.mouseClick(widget.profile.draw_button, Qt.MouseButton.LeftButton)
    canvas = viewer.window._qt_viewer.canvas.native
    left = Qt.MouseButton.LeftButton
    mouse(canvas, QEvent.Type.MouseMove, (-60, 0))
    mouse(canvas, QEvent.Type.MouseButtonPress, (-60, 0), left)
    lengths = []
    for x in (20, 60):

        def longer(x=x):
            mouse(canvas, QEvent.Type.MouseMove, (x, 0), left)  # one of two quick moves is dropped
            profiles = widget.profile.profiles
            return 1 in profiles and profiles[1].distance[-1] > 1.2 * max(lengths, default=0.1)

        qtbot.waitUntil(longer, timeout=30_000)
        lengths.append(widget.profile.profiles[1].distance[-1])
    mouse(canvas, QEvent.Type.MouseButtonRelease, (60, 0))
    qtbot.waitUntil(lambda: not widget.profile.lines._timer.isActive())
    assert viewer.layers["profile lines"].nshapes == 1
    profile = widget.profile.profiles[1]
    assert (np.diff(profile.depth) > 0).all()  # the map rises from left to right
    drawn = widget.profile.chart.grab().toImage()
    viewer.layers["profile lines"].data = [np.array([[10.0, 10], [50, 10]])]
    qtbot.waitUntil(lambda: widget.profile.chart.grab().toImage() != drawn, timeout=30_000)


def test_status_bar_tells_depth_and_plane(window, qtbot):
    viewer, _, _ = window
    viewer.layers.selection.active = viewer.layers["stone depth [1]"]
    canvas = viewer.window._qt_viewer.canvas.native
    shown = viewer.window._status_bar._coordinates

    def told():
        mouse(canvas, QEvent.Type.MouseMove, (40, 3))
        viewer.mouse_over_canvas = True
        viewer.window._qt_window.status_thread.calculate_status()  # napari's fixture stops that thread
        return "plane" in shown.text()

    qtbot.waitUntil(told, timeout=30_000)
    depth, plane = shown.text().split("depth ")[1].split(" um, plane ")
    assert 4 < float(depth) < 8  # right of the middle
    assert float(plane) == pytest.approx(float(depth) / 2, abs=0.06)


def test_preview_is_red_and_gone_with_the_dock(make_napari_viewer, qtbot):
    viewer, dock, widget = open_window(make_napari_viewer)
    plain = viewer.screenshot(flash=False)[..., :3].astype(int)
    widget.outliers.threshold.value = 0.45
    shown = viewer.screenshot(flash=False)[..., :3].astype(int)
    red = shown[..., 0] - plain[..., 0] > 80
    assert red.any()
    assert np.nonzero(red)[1].max() < red.shape[1] * 0.6  # the left half, where the confidence is low
    qtbot.mouseClick(widget.outliers.button, Qt.MouseButton.LeftButton)
    dock.destroyOnClose()  # in the middle of it
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=60_000)
    QApplication.processEvents()
    assert [layer.name for layer in viewer.layers] == ["stone confidence [1]", "stone depth [1]"]
    remains = weakref.ref(widget)
    del dock, widget
    qtbot.waitUntil(lambda: gc.collect() >= 0 and remains() is None, timeout=10_000)


def test_viewer_closed_while_a_region_is_measured(window, qtbot):
    viewer, _, widget = window
    widget.regions.draw_button.click()
    corners = np.array([[5, 5], [5, 50], [50, 50], [50, 5]], float)
    viewer.layers["regions"].add(corners, shape_type="rectangle")
    widget.tilt.button.click()
    del widget
    viewer.close()
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=60_000)
    assert not any(thread.name == "napari-defocus" for thread in threading.enumerate())
