"""Parts that napari is given in place of those it makes, where there is no window or another napari."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest
from napari.layers import Image

from napari_defocus.plugin import gradual, premade
from napari_defocus.plugin.gradual import GradualColorbar
from napari_defocus.plugin.premade import NewLayer, Premade
from napari_defocus.plugin.qt_viewer import qt_viewer_of

PART = "a module of napari", "make_part"


@pytest.fixture
def layer():
    return Image(np.zeros((8, 8), np.float32), visible=False)


@pytest.fixture
def module(monkeypatch):
    module = SimpleNamespace(make_part=lambda of, *, size: f"{size} part of {of}")
    monkeypatch.setitem(sys.modules, PART[0], module)
    return module


@pytest.fixture
def windowed(viewer):
    canvas = SimpleNamespace(font_info=lambda: "font")
    pages = SimpleNamespace()
    return SimpleNamespace(window=SimpleNamespace(_qt_viewer=SimpleNamespace(canvas=canvas, controls=pages)))


def test_a_part_is_handed_over_in_the_block_only(viewer, module):
    parts = Premade(viewer)
    assert parts.make(PART, "this", size="large") == "large part of this"
    with parts.handed_over():
        assert module.make_part("this", size="small") == "large part of this"
    assert module.make_part("this", size="small") == "small part of this"
    with pytest.raises(ZeroDivisionError), parts.handed_over():
        raise ZeroDivisionError
    assert module.make_part("this", size="small") == "small part of this"


def test_without_a_window_nothing_is_made(viewer, layer):
    assert qt_viewer_of(viewer) is None
    new = NewLayer(viewer, layer)
    new.make_visual()
    new.make_controls()
    bar = GradualColorbar(viewer, layer)
    bar.make_parts()
    bar.prepare()
    assert not new._made
    assert not bar._made
    assert not layer.colorbar.visible


@pytest.mark.parametrize("make", [None, lambda layer: 1 / 0, lambda unexpected, parameters: None])
def test_another_napari_makes_its_parts_itself(windowed, layer, module, monkeypatch, make):
    wrong = make is not None and make.__code__.co_argcount == 1
    if make is None:
        del module.make_part
    else:
        module.make_part = make
    for owner, name in ((premade, "VISUAL"), (premade, "CONTROLS"), (gradual, "COLORBAR")):
        monkeypatch.setattr(owner, name, PART)
    new, bar = NewLayer(windowed, layer), GradualColorbar(windowed, layer)
    new.make_visual()
    if wrong:
        with pytest.raises(ZeroDivisionError):  # an error is no other version
            new.make_controls()
    else:
        new.make_controls()
    bar.make_parts()
    bar.prepare()
    with new.handed_over():
        pass
    assert not new._made
    assert not bar._made


def test_a_viewer_in_a_proxy_is_asked_itself(windowed):
    proxy = SimpleNamespace(__wrapped__=windowed)
    assert qt_viewer_of(proxy) is windowed.window._qt_viewer
