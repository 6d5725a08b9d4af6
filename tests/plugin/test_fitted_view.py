"""An image that fits the canvas goes on fitting it."""

import numpy as np
import pytest
from qtpy.QtWidgets import QApplication
from tiny_stacks import add_stack

from napari_defocus.plugin.fitted_view import FittedView


def camera(viewer):
    return viewer.scene.camera.zoom, tuple(viewer.scene.camera.center)


@pytest.fixture
def fitted(viewer):
    add_stack(viewer)
    viewer.reset_view()
    view = FittedView(viewer)
    view.note()
    return view


def narrower(viewer):
    """The canvas as it is after docks have taken room from it."""
    viewer.canvas.size = (viewer.canvas.size[0] // 2, viewer.canvas.size[1] // 2)


def test_is_fitted_to_a_smaller_canvas(viewer, fitted):
    before = viewer.scene.camera.zoom
    narrower(viewer)
    fitted.fit_again()
    assert viewer.scene.camera.zoom == pytest.approx(before / 2)


def test_what_the_user_has_moved_stays(viewer, fitted):
    viewer.scene.camera.zoom *= 1.5
    before = camera(viewer)
    narrower(viewer)
    fitted.fit_again()
    assert camera(viewer) == before
    fitted.note()  # nor is it fitted then
    assert camera(viewer) == before
    fitted.fit_again()
    assert camera(viewer) == before


def test_nothing_is_done_in_3d_and_without_layers(viewer, fitted):
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (10, 20, 30)
    before = camera(viewer)
    fitted.note()
    fitted.fit_again()
    np.testing.assert_allclose(viewer.scene.camera.angles, (10, 20, 30))
    assert camera(viewer) == before
    viewer.layers.clear()
    fitted.note()
    fitted.fit_again()


@pytest.mark.window
@pytest.mark.parametrize("first", ["widget", "stack"])
def test_no_edge_of_the_first_image_is_cut_off(make_napari_viewer, qtbot, first):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1000, 700)

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
