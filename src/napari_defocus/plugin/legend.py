"""Colour bar and name of one map at a time: side by side in the canvas they would cover each other."""

from collections.abc import Iterable
from functools import partial
from typing import Any
from weakref import WeakSet

from napari.components import ViewerModel
from napari.components.layerlist import LayerList
from napari.components.overlays import TextOverlay
from napari.layers import Image, Layer

from napari_defocus.plugin.depth_layers import entry_of

__all__ = ["name_text", "show_colorbar", "show_in_place", "show_name", "write_unseen"]

MAPS = ("depth", "error", "focus measure")
"""Kinds of layers that get a colour bar."""

NAME = "napari-defocus name of the map"
"""Key of the text among the overlays of the canvas."""

UNSEEN = (0.0, 0.0, 0.0, 0.0)

_listened_to: WeakSet[Layer] = WeakSet()
"""Maps whose colour bar takes the name away when the user hides it."""


def name_text(viewer: ViewerModel) -> TextOverlay:
    """Return the text of the name: one of the canvas, since a text of each layer takes 40 ms to draw first.

    From the first call on the legend goes with what is seen: when its layer is hidden or deleted, to the
    topmost map left.
    """
    overlays = viewer.canvas.overlays
    if NAME not in overlays:
        overlays[NAME] = text = TextOverlay(position="top_left")
        viewer.layers.events.connect(partial(_on_event, text))
    return overlays[NAME]


def write_unseen(text: TextOverlay, what: str) -> bool:
    """Let a text be drawn transparently, unless it is to be seen; return whether it will be."""
    if text.visible and text.opacity:
        return False
    text.opacity, text.box_color, text.text, text.visible = 0, UNSEEN, what, True
    return True


def show_colorbar(layers: Iterable[Layer], layer: Image) -> None:
    """Show the colour bar of a layer in place of all others."""
    _hide_others(layers, layer)
    layer.colorbar.visible = True


def show_name(viewer: ViewerModel) -> None:
    """Show the name of the map that has the colour bar, which says its unit."""
    _write_name(name_text(viewer), viewer.layers)


def show_in_place(viewer: ViewerModel, depth: Image, layer: Image) -> None:
    """Add a layer made of a depth layer above it, and hide that one: their colour bars would overlap.

    A series stays visible: the layer covers only one of its maps.
    """
    viewer.layers.insert(viewer.layers.index(depth) + 1, layer)
    depth.visible = layer.data.shape != depth.data.shape
    show_colorbar(viewer.layers, layer)
    show_name(viewer)
    viewer.layers.selection.active = layer


def _maps(layers: Iterable[Layer]) -> list[Image]:
    return [layer for layer in layers if isinstance(layer, Image) and entry_of(layer).get("kind") in MAPS]


def _hide_others(layers: Iterable[Layer], layer: Image) -> None:
    """Hide the colour bars of all visible maps but one; hidden ones bring theirs back."""
    for other in _maps(layers):
        if other is not layer and other.visible:
            other.colorbar.visible = False


def _write_name(text: TextOverlay, layers: LayerList) -> None:
    named = [layer for layer in reversed(_maps(layers)) if layer.visible and layer.colorbar.visible]
    if named:
        if named[0] not in _listened_to:
            _listened_to.add(named[0])
            named[0].colorbar.events.visible.connect(partial(_write_name, text, layers))
        text.text, text.box_color, text.opacity, text.visible = named[0].name, None, 1, True
    elif text.opacity:
        text.visible = False


def _on_event(text: TextOverlay, event: Any) -> None:
    """Follow visibility, names and removal of maps; other events of layers are none of ours."""
    if event.type not in ("visible", "name", "removed"):
        return
    layers = event.source
    layer = event.value if event.type == "removed" else event.sources[0]
    if not _maps([layer]):
        return
    if event.type != "name" and layer.colorbar.visible:
        _pass_on(layers, layer, gone=event.type == "removed" or not layer.visible)
    _write_name(text, layers)


def _pass_on(layers: LayerList, layer: Image, *, gone: bool) -> None:
    """Give the colour bar to a layer that is seen again, or to the topmost map where it has gone."""
    if not gone:
        _hide_others(layers, layer)
        return
    left = [other for other in reversed(_maps(layers)) if other.visible]
    if left and not any(other.colorbar.visible for other in left):
        left[0].colorbar.visible = True
