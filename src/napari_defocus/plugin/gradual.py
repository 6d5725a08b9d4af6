"""A first colour bar made and drawn bit by bit.

vispy builds a shader program each for its picture, frame, ticks and figures, the last from 85 kB of source;
with the first drawing that takes a tenth of a second. Here each is built in a turn of its own. Where napari
is not as we know it, it makes and draws the bar in one go.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image

from napari_defocus.plugin.premade import Premade
from napari_defocus.plugin.turns import Turns

__all__ = ["GradualColorbar"]

COLORBAR = "napari._vispy.overlays.colorbar", "ColorBar"


class GradualColorbar(Premade):
    """The colour bar of a layer that is not visible yet.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    layer : Image
        One of its layers.
    """

    def __init__(self, viewer: ViewerModel, layer: Image) -> None:
        super().__init__(viewer)
        self._layer = layer

    def make_parts(self) -> None:
        """Make what the bar consists of."""
        with suppress(AttributeError, TypeError):
            self.make(COLORBAR, font_info=self._qt_viewer.canvas.font_info())

    def prepare(self) -> None:
        """Let napari make the bar, which is drawn when it and the layer are visible; the box comes later."""
        bar = self._layer.colorbar
        bar.box = False
        if not self._layer.visible:
            with self.handed_over():
                bar.visible = True
            bar.visible = False
            for node in self._made.values():
                _Gradual(node, _programs(node))


def _programs(visual: Any) -> Iterator[Any]:
    """Yield the shader programs of a visual and of its parts."""
    program = getattr(visual, "_program", None)
    if hasattr(program, "build_if_needed"):
        yield program
    for part in (*getattr(visual, "children", ()), *getattr(visual, "_subvisuals", ())):
        yield from _programs(part)


class _Gradual:
    """Takes the place of the ``draw`` of shader programs until all that are to be drawn are built.

    They are then drawn together: OpenGL may crash when a layer is deleted while only some have been.
    """

    def __init__(self, node: Any, programs: Iterable[Any]) -> None:
        self._node = node
        self._turns = Turns()
        self._programs = list(programs)
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
        self._built += 1
        if self._built == len(self._wanted):
            self._turns.add(self._let_draw)

    def _let_draw(self) -> None:
        for program in self._programs:
            del program.draw
        self._node.update()
