"""Brush and polygon of labels layers, made after the layer."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Labels

from napari_defocus.plugin import painting_tools
from napari_defocus.plugin.painting_tools import TOOLS, load_for_labels, without_tools


@pytest.fixture
def layer():
    return Labels(np.zeros((8, 8), np.uint8), visible=False)


def tools(layer):
    return sum(overlay.visible for overlay in layer._overlays.values())


def test_tools_come_one_by_one(layer):
    give_one = without_tools(layer)
    for given in range(TOOLS):
        assert tools(layer) == given
        give_one()
    assert tools(layer) == TOOLS
    give_one()  # none is left
    assert tools(layer) == TOOLS


def test_a_layer_that_is_seen_has_all_tools(layer):
    give_one = without_tools(layer)
    layer.visible = True
    assert tools(layer) == TOOLS
    layer._overlays["polygon"].visible = False
    layer.visible = False
    give_one()
    assert tools(layer) == TOOLS - 1  # what somebody has hidden since stays hidden


def test_without_the_private_name_nothing_is_taken():
    visible = SimpleNamespace(connect=lambda callback: None)
    without_tools(SimpleNamespace(events=SimpleNamespace(visible=visible)))()


def test_dashes_are_computed_where_something_is_drawn(monkeypatch):
    made = []
    drawing = SimpleNamespace(DashAtlas=lambda: made.append("dashes"))
    monkeypatch.setitem(sys.modules, painting_tools.DASHES, drawing)
    load_for_labels()
    assert made == ["dashes"]
    monkeypatch.setitem(sys.modules, painting_tools.DASHES, SimpleNamespace())  # of another version
    load_for_labels()
    monkeypatch.delitem(sys.modules, painting_tools.DASHES)
    load_for_labels()
    assert made == ["dashes"]


@pytest.mark.window
def test_a_polygon_is_drawn_as_on_any_labels_layer(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    pictures = []
    for take_tools in (without_tools, lambda layer: None):
        layer = Labels(np.zeros((32, 32), np.uint8), visible=False)
        take_tools(layer)
        viewer.layers.append(layer)
        layer.visible = True
        layer.mode = "polygon"
        pictures.append(viewer.screenshot(flash=False))
        layer._overlays["polygon"].points = [(4, 4), (4, 20), (20, 20)]
        pictures.append(viewer.screenshot(flash=False))
        viewer.layers.clear()
    bare, drawn, *ordinary = pictures
    assert (bare != drawn).any()
    np.testing.assert_array_equal((bare, drawn), ordinary)
    assert hasattr(sys.modules[painting_tools.DASHES], "DashAtlas")
