"""Colour bar and name of one map at a time: side by side in the canvas they would cover each other."""

from collections.abc import Iterable
from typing import Any

from napari.components import ViewerModel
from napari.components.overlays import Overlay
from napari.layers import Image, Layer

from napari_defocus.plugin.depth_layers import entry_of

__all__ = ["keep_one_legend", "prepare", "show_colorbar", "show_in_place", "show_name"]

MAPS = ("depth", "error")
"""Kinds of layers that get a colour bar."""


def prepare(layer: Image, overlay: Overlay) -> None:
    """Let napari make an overlay of a layer that is not visible yet; to draw it is as much again."""
    if not layer.visible:
        overlay.visible = True
        overlay.visible = False


def show_colorbar(layers: Iterable[Layer], layer: Image) -> None:
    """Show the colour bar of a layer in place of all others."""
    _hide_others(layers, layer)
    layer.colorbar.visible = True


def show_name(layer: Image) -> None:
    """Show the name of a layer, which says its unit, beside its colour bar."""
    layer.name_overlay.position = "top_right"
    layer.name_overlay.visible = True


def show_in_place(viewer: ViewerModel, depth: Image, layer: Image) -> None:
    """Add a layer made of a depth layer above it, and hide that one: their colour bars would overlap.

    A series stays visible: the layer covers only one of its maps.
    """
    viewer.layers.insert(viewer.layers.index(depth) + 1, layer)
    depth.visible = layer.data.shape != depth.data.shape
    show_colorbar(viewer.layers, layer)
    show_name(layer)
    viewer.layers.selection.active = layer


def keep_one_legend(viewer: ViewerModel) -> None:
    """Let the legend go with what is seen: when its layer is hidden or deleted, to the topmost map left.

    It may be called again for a viewer that does so already.
    """
    viewer.layers.events.connect(_on_event)


def _maps(layers: Iterable[Layer]) -> list[Image]:
    return [layer for layer in layers if isinstance(layer, Image) and entry_of(layer).get("kind") in MAPS]


def _hide_others(layers: Iterable[Layer], layer: Image) -> None:
    """Hide the colour bars and names of all visible maps but one; hidden ones bring theirs back."""
    for other in _maps(layers):
        if other is not layer and other.visible:
            other.colorbar.visible = other.name_overlay.visible = False


def _on_event(event: Any) -> None:
    """Follow the visibility and the removal of maps; other events of layers are none of ours."""
    if event.type not in ("visible", "removed"):
        return
    layers = event.source
    layer = event.value if event.type == "removed" else event.sources[0]
    if not _maps([layer]) or not layer.colorbar.visible:
        return
    if event.type == "visible" and layer.visible:
        _hide_others(layers, layer)
        return
    left = [other for other in reversed(_maps(layers)) if other.visible]
    if left and not any(other.colorbar.visible for other in left):
        left[0].colorbar.visible = True
        show_name(left[0])
