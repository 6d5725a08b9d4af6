"""Which pixel of a 2-D layer the user points at."""

import weakref
from collections.abc import Callable, Iterator
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtWidgets import QWidget

from napari_defocus.plugin.shown_map import map_axes

__all__ = ["PixelClicks", "pixel_at"]


def pixel_at(layer: Layer, position: Any) -> tuple[int, int] | None:
    """Return row and column of a result layer at a place in the viewer's coordinates, None outside of it."""
    place, axes = layer.world_to_data(position), map_axes(layer)
    y, x = (round(float(place[axis])) for axis in axes)
    height, width = (layer.data.shape[axis] for axis in axes)
    return (y, x) if 0 <= y < height and 0 <= x < width else None


class PixelClicks:
    """Calls ``owner.on_position(position)`` on a click into the canvas, and on a move with Shift held down.

    The viewer keeps its callbacks alive, so they only hold a weak reference to the owner. A drag, which moves
    the view, is no click.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    owner : QWidget
        With a method ``on_position``.
    """

    def __init__(self, viewer: ViewerModel, owner: QWidget) -> None:
        self._viewer = viewer
        remains = weakref.ref(owner)

        def tell(event: Any) -> None:
            widget: Any = remains()
            if widget is not None:
                widget.on_position(event.position)

        def on_press(_viewer: ViewerModel, event: Any) -> Iterator[None]:
            yield
            dragged = False
            while event.type == "mouse_move":
                dragged = True
                yield
            if not dragged:
                tell(event)

        def on_move(_viewer: ViewerModel, event: Any) -> None:
            if "Shift" in event.modifiers:
                tell(event)

        self._callbacks: list[tuple[list[Callable[..., Any]], Callable[..., Any]]] = [
            (viewer.mouse_drag_callbacks, on_press),
            (viewer.mouse_move_callbacks, on_move),
        ]
        for callbacks, callback in self._callbacks:
            callbacks.append(callback)

    def stop(self) -> None:
        """Listen no more."""
        for callbacks, callback in self._callbacks:
            if callback in callbacks:
                callbacks.remove(callback)
