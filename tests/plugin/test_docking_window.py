"""Our widgets share one place in the real window."""

import pytest
from qtpy.QtWidgets import QLabel

pytestmark = pytest.mark.window

TITLES = ("Depth from defocus", "Measure depths", "Depth from focus")


def test_our_widgets_are_tabs_and_others_are_left_alone(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    other = viewer.window.add_dock_widget(QLabel("other"), name="other", area="right")
    docks = [viewer.window.add_plugin_dock_widget("napari-defocus", title)[0] for title in TITLES]

    window = viewer.window._qt_window
    qtbot.waitUntil(lambda: len(window.tabifiedDockWidgets(docks[0])) == 2, timeout=10_000)
    assert window.tabifiedDockWidgets(other) == []
    assert not docks[-1].visibleRegion().isEmpty()  # the one opened last is in front
    assert docks[0].visibleRegion().isEmpty()


def test_a_widget_in_another_area_stays_there(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    window = viewer.window._qt_window
    first, _ = viewer.window.add_plugin_dock_widget("napari-defocus", TITLES[0])
    window.addDockWidget(type(window.dockWidgetArea(first)).BottomDockWidgetArea, first)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", TITLES[1])
    qtbot.waitUntil(widget.isVisible, timeout=10_000)
    assert window.tabifiedDockWidgets(first) == []
