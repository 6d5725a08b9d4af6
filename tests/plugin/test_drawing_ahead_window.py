"""Drawing ahead of the canvas's own drawing, in the real window."""

import numpy as np
import pytest

from napari_defocus.plugin.drawing_ahead import canvas_of, draw_ahead

pytestmark = pytest.mark.window

RAMP = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)


@pytest.fixture
def viewer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(RAMP, colormap="viridis")
    viewer.screenshot(flash=False)
    return viewer


def node_of(viewer):
    return viewer.window._qt_viewer.canvas.layer_to_visual[viewer.layers[0]].node


def test_new_pixels_are_handed_over_before_the_drawing(viewer):
    viewer.layers[0].data = RAMP[::-1].copy()
    assert node_of(viewer)._need_texture_upload
    draw_ahead(canvas_of(viewer))
    assert not node_of(viewer)._need_texture_upload


def test_a_changed_program_is_built_before_the_drawing(viewer):
    viewer.layers[0].interpolation2d = "cubic"
    assert node_of(viewer)._program._need_build or node_of(viewer)._need_interpolation_update
    draw_ahead(canvas_of(viewer))
    assert not node_of(viewer)._program._need_build
    assert not node_of(viewer)._need_interpolation_update


def test_the_picture_is_the_one_without_it(viewer):
    pictures = []
    for ahead in (False, True):
        viewer.layers[0].data = RAMP
        viewer.screenshot(flash=False)
        viewer.layers[0].data = RAMP[::-1].copy()
        if ahead:
            draw_ahead(canvas_of(viewer))
        pictures.append(viewer.screenshot(flash=False))
    np.testing.assert_array_equal(*pictures)
    assert len(np.unique(pictures[0])) > 2


def test_nothing_is_drawn_where_nothing_is_seen(make_napari_viewer):
    viewer = make_napari_viewer(show=False)
    viewer.add_image(RAMP)
    draw_ahead(canvas_of(viewer))
    draw_ahead(None)
    assert node_of(viewer)._need_texture_upload
