"""An image that fits the canvas goes on fitting it."""

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from tiny_stacks import add_stack

from napari_defocus.plugin.fitted_view import FittedView


def camera(viewer):
    return viewer.scene.camera.zoom, tuple(viewer.scene.camera.center)


@pytest.fixture
def fitted(viewer, qapp):
    add_stack(viewer)
    viewer.reset_view()
    view = FittedView(viewer, qapp)
    view.follow()
    yield view
    view.stop()


def narrower(viewer):
    """The canvas as it is after docks have taken room from it."""
    viewer.canvas.size = (viewer.canvas.size[0] // 2, viewer.canvas.size[1] // 2)


def test_is_fitted_to_a_smaller_canvas(viewer, fitted):
    before = viewer.scene.camera.zoom
    narrower(viewer)
    assert viewer.scene.camera.zoom == pytest.approx(before / 2)
    narrower(viewer)
    assert viewer.scene.camera.zoom == pytest.approx(before / 4)
    fitted.stop()
    narrower(viewer)
    assert viewer.scene.camera.zoom == pytest.approx(before / 4)


def test_the_window_is_laid_out_within_a_second(viewer, fitted, qtbot):
    qtbot.waitUntil(lambda: not fitted._timer.isActive())
    before = camera(viewer)
    narrower(viewer)
    assert camera(viewer) == before


def test_an_image_that_napari_left_too_wide_is_fitted(viewer, fitted):
    fitted.stop()
    fits = viewer.scene.camera.zoom
    viewer.scene.camera.zoom *= 1.1
    fitted.follow()
    assert viewer.scene.camera.zoom == pytest.approx(fits)


def test_what_the_user_has_moved_stays(viewer, fitted):
    viewer.scene.camera.zoom *= 1.5
    before = camera(viewer)
    narrower(viewer)
    assert camera(viewer) == before
    fitted.follow()  # nor is it fitted then
    narrower(viewer)
    assert camera(viewer) == before


def test_nothing_is_done_in_3d_and_without_layers(viewer, fitted):
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (10, 20, 30)
    before = camera(viewer)
    fitted.follow()
    narrower(viewer)
    np.testing.assert_allclose(viewer.scene.camera.angles, (10, 20, 30))
    assert camera(viewer) == before
    viewer.layers.clear()
    fitted.follow()


@pytest.mark.window
@pytest.mark.parametrize("first", ["widget", "stack"])
def test_no_edge_of_the_first_image_is_cut_off(make_napari_viewer, qtbot, first):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1400, 900)

    def dock():
        viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")

    def stack():
        add_stack(viewer, np.zeros((4, 200, 400), np.uint8))

    steps = [dock, stack] if first == "widget" else [stack, dock]
    for step in steps:
        step()
        for _ in range(20):
            QApplication.processEvents()
    native = viewer.window._qt_viewer.canvas.native
    assert 400 * viewer.scene.camera.zoom <= native.width()
    assert 400 * viewer.scene.camera.zoom >= 0.85 * native.width()
