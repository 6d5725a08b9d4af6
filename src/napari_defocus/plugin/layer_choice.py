"""Which layer is chosen in the layer list as results come: they do not take it from the user."""

from weakref import ref

from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_defocus.plugin.depth_layers import entry_of

__all__ = ["LayerChoice"]


class LayerChoice:
    """Chooses the depth of a run unless the user has chosen something else meanwhile.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer as the run begins.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._before = {ref(layer) for layer in viewer.layers.selection}  # none is to be kept alive

    def choose(self, depth: Layer) -> None:
        """Choose a depth layer that was added, if that is allowed."""
        if self._allowed(entry_of(depth).get("run")):
            self._viewer.layers.selection.active = depth

    def _allowed(self, run: int | None) -> bool:
        """Not if another run's result or what is being drawn was chosen since."""
        active = self._viewer.layers.selection.active
        if active is None or any(active == layer() for layer in self._before):
            return True
        return isinstance(active, Image) and entry_of(active).get("run") in (None, run)
