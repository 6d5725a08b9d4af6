"""A first colour bar made and drawn bit by bit.

vispy builds a shader program each for its picture, frame, ticks and figures, the last from 85 kB of source.
Where napari is not as we know it, it makes and draws the bar in one go.
"""

from contextlib import suppress

from napari.components import ViewerModel
from napari.layers import Image

from napari_defocus.plugin.premade import Premade
from napari_defocus.plugin.programs import build_in_turns

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
                build_in_turns(self._viewer, node)
