"""Layers of previews make room for those of the run on all pixels, and can be brought back."""

from collections.abc import Iterator, Sequence
from functools import partial
from zlib import crc32

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from qtpy.QtWidgets import QPushButton, QWidget

from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.hidden_thumbnails import keep_thumbnail
from napari_defocus.plugin.turns import Step, Turns

__all__ = ["OutdatedPreviews"]


class OutdatedPreviews(QPushButton):
    """A button that is there while the layers of a preview are put away, and brings them back.

    A preview of which the user has renamed, changed or deleted a layer stays as it is.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__("Bring back the preview", parent)
        self.setToolTip("Its layers made room for those of the run. A preview stays if you rename a layer.")
        self._viewer = viewer
        self._made: list[list[tuple[Layer, str, int]]] = []
        self._away: list[Layer] = []
        self._turns = Turns(self)
        self.clicked.connect(self.bring_back)
        self.hide()

    def add(self, layers: Sequence[Layer]) -> None:
        """Take in the layers of a preview that has ended."""
        self._made = [preview for preview in self._made if preview[0][0] in self._viewer.layers]
        if layers:
            as_listed = sorted(layers, key=self._viewer.layers.index)
            self._made.append([(layer, layer.name, _checksum(layer)) for layer in as_listed])

    def outdated_by(self, depth: Layer) -> list[Layer]:
        """Return the layers of those previews that show the same part of a stack as a depth map."""
        return [
            layer
            for preview in self._made
            if all(self._untouched(*made) for made in preview)
            for layer, *_ in preview
            if _same_place(layer, depth)
        ]

    def steps(self, depth: Layer) -> Iterator[Step]:
        """Yield the steps that put them away."""
        outdated = self.outdated_by(depth)
        self._made = [preview for preview in self._made if preview[0][0] not in outdated]
        if outdated:
            yield self._away.clear
        for layer in outdated:
            yield partial(self._put_away, layer)

    def bring_back(self) -> None:
        """Add what was put away last, hidden, right above its stack; from now on it stays."""
        self._turns.add(*(partial(self._add, layer) for layer in reversed(self._away)))
        self._away.clear()
        self.hide()

    def _add(self, layer: Layer) -> None:
        layers, picture = self._viewer.layers, layer.thumbnail
        layer.visible = False
        source, active = entry_of(layer).get("source"), layers.selection.active
        layers.insert(layers.index(layers[source]) + 1 if source in layers else 0, layer)
        keep_thumbnail(layer, picture)
        if active is not None:  # napari chooses each new layer
            layers.selection.active = active

    def _untouched(self, layer: Layer, name: str, checksum: int) -> bool:
        return layer in self._viewer.layers and layer.name == name and _checksum(layer) == checksum

    def _put_away(self, layer: Layer) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
            self._away.append(layer)
            self.show()


def _checksum(layer: Layer) -> int:
    """Painting in a layer changes its data in place."""
    return crc32(np.ascontiguousarray(layer.data).tobytes())


def _same_place(layer: Layer, depth: Layer) -> bool:
    """Whether two layers are of one stack and cover each other, but for a part of a large pixel."""
    corners, others = layer.extent.world, depth.extent.world
    alike = entry_of(layer).get("source") == entry_of(depth).get("source") and corners.shape == others.shape
    return alike and bool(np.all(np.abs(corners - others) <= np.asarray(layer.scale)))
