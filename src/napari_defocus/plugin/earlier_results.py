"""Layers of earlier runs make room for those of the last one, and can be brought back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from zlib import crc32

import numpy as np
from napari.components import ViewerModel
from napari.layers import Labels, Layer
from qtpy.QtWidgets import QPushButton, QWidget

from napari_defocus.plugin.depth_layers import entry_of
from napari_defocus.plugin.hidden_thumbnails import keep_thumbnail
from napari_defocus.plugin.turns import Step, Turns

__all__ = ["EarlierResults"]


@dataclass(frozen=True, eq=False)
class _Made:
    """A layer as a run has left it."""

    layer: Layer
    name: str
    data: Any
    checksum: int

    @classmethod
    def of(cls, layer: Layer) -> "_Made":
        return cls(layer, layer.name, layer.data, _checksum(layer))

    @property
    def untouched(self) -> bool:
        layer = self.layer
        return layer.name == self.name and layer.data is self.data and _checksum(layer) == self.checksum


@dataclass(frozen=True, eq=False)
class _Run:
    """The layers of a run in the order of the list."""

    made: list[_Made]
    preview: bool


class EarlierResults(QPushButton):
    """A button that is there while layers of earlier runs are put away, and brings them back.

    A run of which the user has renamed, changed or deleted a layer stays as it is.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown.
    """

    def __init__(self, viewer: ViewerModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setToolTip("Their layers made room for those of the run. A run stays if you rename a layer.")
        self._viewer = viewer
        self._runs: list[_Run] = []
        self._away: list[Layer] = []
        self._turns = Turns(self)
        viewer.layers.events.removed.connect(self._on_removed)
        self.clicked.connect(self.bring_back)
        self.hide()

    def stop(self) -> None:
        """Follow the layer list no more."""
        self._viewer.layers.events.removed.disconnect(self._on_removed)

    def add(self, layers: Sequence[Layer], *, preview: bool) -> None:
        """Take in the layers of a run that has ended."""
        if layers:
            as_listed = sorted(layers, key=self._viewer.layers.index)
            self._runs.append(_Run([_Made.of(layer) for layer in as_listed], preview))

    def outdated_by(self, depth: Layer, *, previews_only: bool) -> list[Layer]:
        """Return the layers of those runs that show the same part of a stack as a depth map."""
        return [
            made.layer
            for run in self._runs
            if (run.preview or not previews_only) and all(made.untouched for made in run.made)
            for made in run.made
            if _same_place(made.layer, depth)
        ]

    def steps(self, depth: Layer, *, previews_only: bool) -> Iterator[Step]:
        """Yield the steps that put them away."""
        outdated = self.outdated_by(depth, previews_only=previews_only)
        replaced = [run for run in self._runs if run.made[0].layer in outdated]
        if not outdated:
            return
        only = all(run.preview for run in replaced)
        yield partial(self._begin, "Bring back the preview" if only else "Bring back what was replaced")
        for layer in outdated:
            yield partial(self._put_away, layer)

    def bring_back(self) -> None:
        """Add what was put away last, hidden, right above its stack; from now on it stays."""
        self._turns.add(*(partial(self._add, layer) for layer in reversed(self._away)))
        self._away.clear()
        self.hide()

    def _begin(self, text: str) -> None:
        self._away.clear()
        self.setText(text)

    def _add(self, layer: Layer) -> None:
        layers, picture = self._viewer.layers, layer.thumbnail
        layer.visible = False
        source, active = entry_of(layer).get("source"), layers.selection.active
        layers.insert(layers.index(layers[source]) + 1 if source in layers else 0, layer)
        keep_thumbnail(layer, picture)
        if active is not None:  # napari chooses each new layer
            layers.selection.active = active

    def _put_away(self, layer: Layer) -> None:
        if layer in self._viewer.layers:
            self._viewer.layers.remove(layer)
            self._away.append(layer)
            self.show()

    def _on_removed(self) -> None:
        """Forget runs of which a layer is gone: it stays, and nothing here may keep its memory."""
        layers = self._viewer.layers
        self._runs = [run for run in self._runs if all(made.layer in layers for made in run.made)]


def _checksum(layer: Layer) -> int:
    """Painting in a layer of labels changes its data in place; of others only the array can be another."""
    return crc32(np.ascontiguousarray(layer.data).tobytes()) if isinstance(layer, Labels) else 0


def _same_place(layer: Layer, depth: Layer) -> bool:
    """Whether two layers are of one stack and cover each other, but for a part of a large pixel."""
    corners, others = layer.extent.world, depth.extent.world
    alike = entry_of(layer).get("source") == entry_of(depth).get("source") and corners.shape == others.shape
    return alike and bool(np.all(np.abs(corners - others) <= np.asarray(layer.scale)))
