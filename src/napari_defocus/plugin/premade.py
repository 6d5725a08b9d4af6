"""Parts of napari's window made before napari asks for them.

napari makes controls and visual of a layer as it adds the layer, 50 ms in one go. Made here before, each in a
turn of its own, they are handed over when napari makes its own. What makes them is not public; where it is
not found as we know it, napari makes them itself.
"""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from typing import Any

from napari.components import ViewerModel
from napari.layers import Layer

from napari_defocus.plugin.programs import build_in_turns
from napari_defocus.plugin.qt_viewer import qt_viewer_of

__all__ = ["NewLayer", "Premade"]

VISUAL = "napari._qt.qt_viewer", "create_vispy_layer"
CONTROLS = "napari._qt.layer_controls.qt_layer_controls_container", "create_qt_layer_controls"
"""Modules, and by what name they call the function that makes a part."""


class Premade:
    """Parts that are made and not yet handed over.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer; without a window nothing is made.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._qt_viewer = qt_viewer_of(viewer)
        self._made: dict[tuple[str, str], Any] = {}

    def make(self, name: tuple[str, str], *arguments: Any, **options: Any) -> Any:
        """Make a part with the function of a module; raises AttributeError or TypeError in another napari."""
        made = getattr(sys.modules.get(name[0]), name[1])(*arguments, **options)
        self._made[name] = made
        return made

    @contextmanager
    def handed_over(self) -> Iterator[None]:
        """Let napari get these parts where it makes its own."""
        with ExitStack() as stack:
            for (module, name), part in self._made.items():
                stack.enter_context(_only_returning(part, sys.modules[module], name))
            yield


@contextmanager
def _only_returning(result: Any, owner: Any, name: str) -> Iterator[None]:
    """Let a function of a module or class do nothing but return this, whatever it is called with."""
    kept = getattr(owner, name)
    setattr(owner, name, lambda *_, **__: result)
    try:
        yield
    finally:
        setattr(owner, name, kept)


def _boxes_left_alone() -> AbstractContextManager[None]:
    """Let nothing draw the boxes of the canvas anew."""
    overlay = getattr(sys.modules.get("napari._vispy.overlays.base"), "VispyCanvasOverlay", None)
    draw = "_on_box_change"
    return _only_returning(None, overlay, draw) if hasattr(overlay, draw) else nullcontext()


class NewLayer(Premade):
    """A layer that is not added yet.

    Parameters
    ----------
    viewer : ViewerModel
        Where it will be added.
    layer : Layer
        The layer.
    """

    def __init__(self, viewer: ViewerModel, layer: Layer) -> None:
        super().__init__(viewer)
        self.layer = layer

    def make_visual(self) -> None:
        """Make what draws it."""
        with suppress(AttributeError, TypeError):
            self.make(VISUAL, self.layer, font_info=self._qt_viewer.canvas.font_info())

    def make_controls(self) -> None:
        """Make its page of controls; in its place it gets the style of the window, which takes a third."""
        with suppress(AttributeError, TypeError):
            pages = self._qt_viewer.controls
            self.make(CONTROLS, self.layer).setParent(pages)

    def defer_drawing(self) -> None:
        """Let it be drawn one turn after it has become visible: until then its program is built."""
        if VISUAL in self._made:
            build_in_turns(self._viewer, self._made[VISUAL].node)

    @contextmanager
    def handed_over(self) -> Iterator[None]:
        """Let napari get them as it adds the layer.

        If that is invisible, the boxes behind texts and colour bars are left alone: napari would make the
        same again, 10 ms each with their programs.
        """
        with super().handed_over(), nullcontext() if self.layer.visible else _boxes_left_alone():
            yield

    def discard(self) -> None:
        """Delete controls that napari has not taken: they hold the layer."""
        controls = self._made.pop(CONTROLS, None)
        if controls is not None and controls not in self._qt_viewer.controls.widgets.values():
            controls.deleteLater()
