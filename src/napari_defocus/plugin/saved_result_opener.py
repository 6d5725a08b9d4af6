"""Adds a result on disk to the viewer as the layers it had when it was made."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]

from napari_defocus.io import FocalStack, load_result
from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.plugin.calculation import Calculation
from napari_defocus.plugin.layer_result import optics_of
from napari_defocus.plugin.reader import stack_layer_data
from napari_defocus.plugin.result_layers import KINDS, ResultLayers
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer, stack_from_layer
from napari_defocus.plugin.turns import Step, Turns
from napari_defocus.solver.result import DefocusResult

__all__ = ["SavedResultOpener", "read_saved"]

Saved = tuple[DefocusResult, Optics, FocalStackLayer]


def read_saved(directory: Path) -> Saved:
    """Read a result, and tell where its layers lie; the images it was made of are not needed.

    Raises
    ------
    InputError
        If a file of the result is missing or damaged.
    """
    result = load_result(directory)
    known = result.parameters
    optics = optics_of(known) or UncalibratedFocus(planes=2)  # depth from focus tells none
    dtype = np.dtype(known.get("images_dtype", "uint8"))
    blank = da.zeros((optics.planes, *result.all_in_focus.shape), dtype=dtype)
    metadata: dict[str, Any] = {key: known[key] for key in ("files", "names", "alignment") if key in known}
    source = str(known.get("source", directory.name))
    data, options, _ = stack_layer_data(FocalStack(blank, optics=optics, metadata=metadata, source=source))
    stack = stack_from_layer(Image(data, **options | {"name": directory.name}))
    limits = 0.0, float(result.all_in_focus.max()) * (stack.white_of(known) or 1.0)  # not of the blank
    return result, optics, replace(stack, contrast_limits=limits)


class SavedResultOpener(QObject):
    """Reads one result at a time in another thread and adds its layers, those of others being hidden.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown.
    turns : Turns
        Steps of the window.

    Attributes
    ----------
    opening_changed : Signal
        A result is about to be read, or has been shown.
    """

    opening_changed = Signal()

    def __init__(self, viewer: ViewerModel, turns: Turns) -> None:
        super().__init__(turns)
        self._viewer, self._turns = viewer, turns
        self._closed = False
        self.opening = False

    def open(self, directory: Path) -> None:
        """Open a result; an error becomes a notification."""
        worker = Calculation(partial(read_saved, directory))
        worker.signals.returned.connect(self._on_read)
        worker.signals.errored.connect(self._on_error)
        worker.signals.finished.connect(self._on_finished)
        self.opening = True
        self.opening_changed.emit()
        worker.start()

    def abandon(self) -> None:
        """Show no more layers."""
        self._closed = True

    def _on_read(self, saved: Saved) -> None:
        result, optics, stack = saved
        positions = optics.focus_positions_array
        limits = float(positions.min()), float(positions.max())
        layers = ResultLayers(self._viewer, stack, limits, result.unit)
        for step in self._steps(layers, result):
            self._turns.add(partial(self._unless_closed, step))

    def _steps(self, layers: ResultLayers, result: DefocusResult) -> Iterator[Step]:
        yield self._hide_others  # they would lie over or under it, with their colour bars
        yield from layers.last_steps(result)
        yield from layers.legend_steps()
        yield self._viewer.reset_view

    def _hide_others(self) -> None:
        for layer in self._viewer.layers:
            entry = layer.metadata.get(METADATA_KEY)
            if isinstance(entry, dict) and entry.get("kind") in KINDS:
                layer.visible = False

    def _unless_closed(self, step: Step) -> None:
        if not self._closed:
            step()

    def _on_error(self, error: Exception) -> None:
        report(error)

    def _on_finished(self) -> None:
        self._turns.add(self._end)

    def _end(self) -> None:
        self.opening = False
        self.opening_changed.emit()
