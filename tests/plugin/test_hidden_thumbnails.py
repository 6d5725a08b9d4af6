"""Thumbnails of hidden layers."""

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import Qt
from tiny_stacks import add_stack

from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.hidden_thumbnails import has_thumbnail, keep_thumbnail, picture_hidden

RAMP = np.linspace(0, 1, 20 * 30).reshape(20, 30)


@pytest.mark.parametrize("colour", [False, True])
def test_as_if_it_was_seen(colour):
    image = np.stack([RAMP, RAMP**2, 1 - RAMP], -1) if colour else RAMP
    hidden = Image(image, visible=False, rgb=colour, contrast_limits=(0.2, 0.9), colormap="viridis")
    seen = Image(image, rgb=colour, contrast_limits=(0.2, 0.9), colormap="viridis")
    assert not has_thumbnail(hidden)
    picture_hidden(hidden)
    assert has_thumbnail(hidden)
    np.testing.assert_array_equal(hidden.thumbnail[..., :3], seen.thumbnail[..., :3])


def test_a_thumbnail_of_its_own_stays():
    layer = Image(RAMP)
    own = layer.thumbnail.copy()
    keep_thumbnail(layer, np.zeros_like(own))
    layer.visible = False
    layer.data = 1 - RAMP
    picture_hidden(layer)
    np.testing.assert_array_equal(layer.thumbnail, own)


def test_the_true_depth_of_a_sample_has_one(viewer, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    kinds = {kind: {"metadata": {"napari_defocus": {"kind": kind}}} for kind in ("truth", "reference")}
    truth, other = (viewer.add_image(RAMP, visible=False, **options) for options in kinds.values())
    qtbot.waitUntil(lambda: has_thumbnail(truth))
    assert not truth.visible
    assert not has_thumbnail(other)


@pytest.mark.window
def test_confidence_keeps_the_one_it_was_made_with(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from focus")
    add_stack(viewer)
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    assert has_thumbnail(viewer.layers["stone confidence [1]"])
