"""Layers of previews make room for those of the run on all pixels, and can be brought back."""

from collections.abc import Iterator, Sequence
from functools import partial
from zlib import crc32

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from napari.utils.events import Event
from qtpy.QtWidgets import QPushButton, QWidget

from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.hidden_thumbnails import keep_thumbnail
from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.result_layers import next_run
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
        self._turns = Turns(self, Repaints.of(viewer))
        viewer.layers.events.removed.connect(self._on_removed)
        self.clicked.connect(self.bring_back)
        self.hide()

    def stop(self) -> None:
        """Follow the layer list no more."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def add(self, layers: Sequence[Layer]) -> None:
        """Take in the layers of a preview that has ended."""
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
        self._renumber()
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

    def _renumber(self) -> None:
        """Give what was put away numbers that are free: another run may have taken theirs meanwhile."""
        layers = self._viewer.layers
        taken = {entry_of(layer).get("run") for layer in layers}
        for run in {entry_of(layer)["run"] for layer in self._away} & taken:
            number = next_run(layer.name for layer in (*layers, *self._away))
            for layer in self._away:
                if entry_of(layer)["run"] == run:
                    layer.name = layer.name.replace(f"[{run}]", f"[{number}]")
                    entry_of(layer)["run"] = number

    def _on_removed(self, event: Event) -> None:
        """Forget previews of a stack that is gone: another may get its name. Nor need they stay in memory."""
        gone = event.value.name
        self._made = [
            preview
            for preview in self._made
            if preview[0][0] in self._viewer.layers and entry_of(preview[0][0]).get("source") != gone
        ]

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
    """Whether a preview and a depth map are of one stack and cover each other, but for a part of a pixel."""
    corners, others = layer.extent.world, depth.extent.world
    alike = entry_of(layer).get("source") == entry_of(depth).get("source") and corners.shape == others.shape
    return alike and bool(np.all(np.abs(corners - others) <= layer.scale - depth.scale / 2))
