"""Layers and colour bar that are made part by part, in the real window."""

import gc

import numpy as np
import pytest
from napari._qt.layer_controls.qt_image_controls import QtImageControls
from napari.layers import Image, Labels
from napari.settings import get_settings
from vispy.gloo.glir import GlirProgram

from napari_defocus.plugin.gradual import GradualColorbar
from napari_defocus.plugin.legend import show_colorbar
from napari_defocus.plugin.premade import CONTROLS, VISUAL, NewLayer
from napari_defocus.plugin.programs import _Programs, _programs
from napari_defocus.plugin.repaints import Repaints

pytestmark = pytest.mark.window

RAMP = np.linspace(0, 1, 32 * 32, dtype=np.float32).reshape(32, 32)


def new_layer(kind, **options):
    return Labels((RAMP > 0.5).astype(np.uint8), **options) if kind == "labels" else Image(RAMP, **options)


def add(viewer, layer):
    new = NewLayer(viewer, layer)
    new.make_visual()
    new.make_controls()
    with new.handed_over():
        viewer.layers.append(layer)
    return new._made


@pytest.mark.parametrize("ndisplay", [2, 3])
@pytest.mark.parametrize("kind", ["image", "labels"])
def test_napari_takes_what_was_made_and_shows_the_same(make_napari_viewer, kind, ndisplay):
    pictures = []
    for made_before in (False, True):
        viewer = make_napari_viewer(show=True)
        viewer.add_image(np.zeros((4, 32, 32), np.float32))
        viewer.dims.ndisplay = ndisplay
        layer = new_layer(kind, visible=False)
        if made_before:
            made = add(viewer, layer)
            inside = viewer.window._qt_viewer
            assert inside.canvas.layer_to_visual[layer] is made[VISUAL]
            assert inside.controls.widgets[layer] is made[CONTROLS]
            assert made[CONTROLS].ndisplay == ndisplay
        else:
            viewer.layers.append(layer)
        layer.visible = True
        viewer.scene.camera.zoom = 4  # whatever room the window leaves
        pictures.append(viewer.screenshot(size=(240, 320), flash=False))
        viewer.layers.selection.active = layer
        viewer.dims.ndisplay = 5 - ndisplay
        viewer.layers.remove(layer)
        viewer.close()
    np.testing.assert_array_equal(*pictures)
    assert len(np.unique(pictures[0])) > 2


@pytest.fixture
def deferred(make_napari_viewer):
    """A viewer, a layer that is not to be drawn at once, its program, and what builds that."""
    viewer = make_napari_viewer(show=True)
    new = NewLayer(viewer, Image(RAMP, visible=False))
    new.make_visual()
    new.defer_drawing()
    with new.handed_over():
        viewer.layers.append(new.layer)
    (program,) = _programs(new._made[VISUAL].node)
    return viewer, new.layer, program


def building(viewer):
    return viewer.window._qt_viewer.canvas.native.findChildren(_Programs)


def test_a_layer_drawn_a_turn_later_looks_the_same(make_napari_viewer, deferred, qtbot):
    viewer, layer, program = deferred
    plain = make_napari_viewer(show=True)
    plain.add_image(RAMP)
    for each in (plain, viewer):
        each.scene.camera.zoom = 4
    drawn = plain.screenshot(size=(240, 320), flash=False)
    layer.visible = True
    assert (viewer.screenshot(size=(240, 320), flash=False) != drawn).any()
    qtbot.waitUntil(lambda: "draw" not in vars(program))
    np.testing.assert_array_equal(viewer.screenshot(size=(240, 320), flash=False), drawn)


def test_a_layer_is_drawn_of_itself_once_its_program_is_built(deferred, qtbot):
    viewer, layer, program = deferred
    layer.visible = True
    assert building(viewer)
    qtbot.waitUntil(lambda: not building(viewer))  # they are kept until it has been drawn
    assert "draw" not in vars(program)


def test_a_program_is_compiled_before_it_is_drawn(deferred, qtbot, monkeypatch):
    _, layer, _ = deferred
    events = []
    link = GlirProgram.link_program
    monkeypatch.setattr(GlirProgram, "link_program", lambda self: events.append("compiled") or link(self))
    monkeypatch.setattr(_Programs, "_let_draw", lambda self: events.append("may draw"))
    layer.visible = True
    qtbot.waitUntil(lambda: "may draw" in events)
    assert events == ["compiled", "may draw"]


def test_a_program_that_was_compiled_is_kept_until_it_is_drawn(deferred, qtbot, monkeypatch):
    """OpenGL would crash."""
    viewer, layer, program = deferred
    let_draw = _Programs._let_draw

    def delete_and(self):
        viewer.layers.remove(layer)
        let_draw(self)

    monkeypatch.setattr(_Programs, "_let_draw", delete_and)
    layer.visible = True
    qtbot.waitUntil(lambda: layer not in viewer.layers)
    gc.collect()
    (kept,) = building(viewer)
    assert kept._programs == [program]
    viewer.screenshot(flash=False)


def test_what_cannot_be_built_before_is_drawn_all_the_same(deferred, qtbot, monkeypatch):
    viewer, layer, _ = deferred
    monkeypatch.setattr(_Programs, "_compile", lambda self, program: 1 / 0)
    with qtbot.captureExceptions() as errors:
        layer.visible = True
        qtbot.waitUntil(lambda: not building(viewer))
    assert [kind for kind, _, _ in errors] == [ZeroDivisionError]
    assert len(np.unique(viewer.screenshot(flash=False))) > 2


def test_a_run_repaints_apart(make_napari_viewer):
    viewer = make_napari_viewer()
    _, widget = viewer.window.add_plugin_dock_widget("napari-defocus", "Depth from defocus")
    (repaints,) = viewer.window._qt_window.findChildren(Repaints)
    assert widget._turns._repaints is repaints


def test_a_new_layer_leaves_the_boxes_of_others_as_they_are(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    layer = viewer.add_image(np.ones_like(RAMP), contrast_limits=(0, 1))
    layer.colorbar.visible = layer.colorbar.box = True
    before = viewer.screenshot(size=(240, 320), flash=False)
    overlays = viewer.window._qt_viewer.canvas._layer_overlay_to_visual[layer]
    mesh = overlays[layer.colorbar].box.mesh
    add(viewer, Image(RAMP, visible=False))
    assert not mesh._data_changed  # which napari itself brings about
    np.testing.assert_array_equal(viewer.screenshot(size=(240, 320), flash=False), before)
    layer.colorbar.box = False
    assert (viewer.screenshot(size=(240, 320), flash=False) != before).any()


@pytest.mark.parametrize("dynamic", [False, True])
def test_controls_that_napari_does_not_take_are_deleted(make_napari_viewer, qtbot, dynamic):
    viewer = make_napari_viewer(show=True)
    get_settings().experimental.dynamic_layer_controls = dynamic
    pages = viewer.window._qt_viewer.controls
    new = NewLayer(viewer, new_layer("image", visible=False))
    new.make_controls()
    (controls,) = pages.findChildren(QtImageControls)
    gone = []
    controls.destroyed.connect(lambda: gone.append("controls"))
    if dynamic:
        with new.handed_over():
            viewer.layers.append(new.layer)
    new.discard()
    new.discard()
    qtbot.waitUntil(lambda: gone == ["controls"])
    viewer.layers.clear()  # before the setting is what it was


def test_a_colour_bar_drawn_bit_by_bit_ends_as_one_drawn_at_once(make_napari_viewer, qtbot):
    pictures = []
    for gradual in (False, True):
        viewer = make_napari_viewer(show=True)
        layer = viewer.add_image(RAMP, visible=False)
        bar = GradualColorbar(viewer, layer)
        if gradual:
            bar.make_parts()
        bar.prepare()
        layer.visible = True
        show_colorbar(viewer.layers, layer)
        programs = [program for node in bar._made.values() for program in _programs(node)]
        assert len(programs) == (6 if gradual else 0)
        qtbot.waitUntil(lambda of=programs: not any("draw" in vars(program) for program in of))
        pictures.append(viewer.screenshot(size=(240, 320), flash=False))
        viewer.close()
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize("after", ["made", "prepared", "asked to be drawn"])
def test_a_layer_deleted_while_its_colour_bar_is_made(make_napari_viewer, qtbot, after):
    viewer = make_napari_viewer(show=True)
    viewer.add_image(RAMP)
    layer = viewer.add_image(RAMP, visible=False)
    bar = GradualColorbar(viewer, layer)
    bar.make_parts()
    if after != "made":
        bar.prepare()
    layer.visible = True
    if after == "asked to be drawn":
        show_colorbar(viewer.layers, layer)
        viewer.screenshot(flash=False)
        (node,) = bar._made.values()
        assert all("draw" in vars(program) for program in _programs(node))
    viewer.layers.remove(layer)
    before = viewer.screenshot(flash=False)
    qtbot.waitExposed(viewer.window._qt_window)
    np.testing.assert_array_equal(viewer.screenshot(flash=False), before)
