"""Shader programs built one by one before they draw.

vispy builds all that a drawing needs in that drawing: for a first colour bar four, which takes a tenth of a
second. Here each is built in a turn of its own. Where vispy is not as we know it, they are built in the
drawing.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from napari.components import ViewerModel
from qtpy.QtCore import QObject

from napari_defocus.plugin.drawing_ahead import canvas_of, draw_ahead
from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.turns import Turns

__all__ = ["build_in_turns"]


def build_in_turns(viewer: ViewerModel, node: Any) -> None:
    """Let a visual that has not been drawn build its programs in turns, from the time when it is to be drawn.

    Until they are built it is not seen, in a screenshot neither.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer, with a window.
    node : vispy node
        The visual.
    """
    canvas = canvas_of(viewer)
    if canvas is not None:
        _Programs(node, canvas, Repaints.of(viewer))


def _programs(visual: Any) -> Iterator[Any]:
    """Yield the shader programs of a visual and of its parts."""
    program = getattr(visual, "_program", None)
    if hasattr(program, "build_if_needed"):
        yield program
    for part in (*getattr(visual, "children", ()), *getattr(visual, "_subvisuals", ())):
        yield from _programs(part)


class _Programs(QObject):
    """Takes the place of the ``draw`` of shader programs until all that are to be drawn are built.

    They are then drawn together, and are kept until they have been: OpenGL may crash when a layer is deleted
    while only some of its programs have been drawn, or one was compiled and never drawn.
    """

    def __init__(self, node: Any, canvas: Any, repaints: Repaints | None) -> None:
        super().__init__(canvas.native)
        self._node, self._canvas = node, canvas
        self._turns = Turns(self, repaints)
        self._programs = list(_programs(node))
        self._wanted: set[Any] = set()
        self._built: set[Any] = set()
        for program in self._programs:
            program.draw = partial(self._want, program)

    def _want(self, program: Any, *_: Any) -> None:
        """Draw nothing; but from now on the source of the program is complete."""
        if program not in self._wanted:
            self._wanted.add(program)
            self._turns.add(partial(self._build, program))

    def _build(self, program: Any) -> None:
        try:
            program.build_if_needed()
        finally:  # the drawing meets the same error, and then it is napari's
            self._turns.add(partial(self._end, program))

    def _end(self, program: Any) -> None:
        try:
            self._compile(program)
        finally:
            self._built.add(program)
            if self._built == self._wanted:
                self._turns.add(self._let_draw)

    def _compile(self, program: Any) -> None:
        """Let OpenGL do now what it would do in the drawing."""
        with suppress(AttributeError):
            self._canvas.set_current()
            self._canvas.context.glir.associate(program.glir)
            self._canvas.context.flush_commands()

    def _let_draw(self) -> None:
        for program in self._programs:
            vars(program).pop("draw", None)
        for program in self._wanted:
            program.draw = partial(self._draw_first, program)
        self._node.update()
        draw_ahead(self._canvas)

    def _draw_first(self, program: Any, *arguments: Any) -> None:
        del program.draw
        program.draw(*arguments)
        self._wanted.discard(program)
        if not self._wanted:
            self.deleteLater()
