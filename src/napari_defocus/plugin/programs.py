"""Shader programs built one by one before they draw.

vispy builds all that a drawing needs in that drawing: for a first colour bar four, which takes a tenth of a
second. Here each is built in a turn of its own.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

from napari.components import ViewerModel

from napari_defocus.plugin.qt_viewer import qt_viewer_of
from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.turns import Turns

__all__ = ["build_in_turns"]


def build_in_turns(viewer: ViewerModel, node: Any) -> None:
    """Let a visual that has not been drawn build its programs in turns, from the time when it is to be drawn.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer, with a window.
    node : vispy node
        The visual.
    """
    _Programs(viewer, node)


def _programs(visual: Any) -> Iterator[Any]:
    """Yield the shader programs of a visual and of its parts."""
    program = getattr(visual, "_program", None)
    if hasattr(program, "build_if_needed"):
        yield program
    for part in (*getattr(visual, "children", ()), *getattr(visual, "_subvisuals", ())):
        yield from _programs(part)


class _Programs:
    """Takes the place of the ``draw`` of shader programs until all that are to be drawn are built.

    They are then drawn together: OpenGL may crash when a layer is deleted while only some have been.
    """

    def __init__(self, viewer: ViewerModel, node: Any) -> None:
        self._node = node
        self._canvas = qt_viewer_of(viewer).canvas._scene_canvas
        self._turns = Turns(repaints=Repaints.of(viewer))
        self._programs = list(_programs(node))
        self._wanted: list[Any] = []
        self._built = 0
        for program in self._programs:
            program.draw = partial(self._want, program)

    def _want(self, program: Any, *_: Any) -> None:
        """Draw nothing; but from now on the source of the program is complete."""
        if program not in self._wanted:
            self._wanted.append(program)
            self._turns.add(partial(self._build, program))

    def _build(self, program: Any) -> None:
        program.build_if_needed()
        self._canvas.set_current()
        self._canvas.context.glir.associate(program.glir)
        self._canvas.context.flush_commands()  # OpenGL compiles it now, not when it is drawn
        self._built += 1
        if self._built == len(self._wanted):
            self._turns.add(self._let_draw)

    def _let_draw(self) -> None:
        for program in self._programs:
            del program.draw
        self._node.update()
