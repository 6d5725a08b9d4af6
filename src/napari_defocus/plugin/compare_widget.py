"""The widget "Compare depths"."""

from functools import partial
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox, ComboBox
from napari.components import ViewerModel
from napari.layers import Image, Layer
from numpy.typing import NDArray
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import (
    QAbstractItemView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_defocus.comparison import DepthComparison, compare_depths
from napari_defocus.errors import InputError
from napari_defocus.plugin.calculation import Calculation
from napari_defocus.plugin.chart import Chart, Series, values
from napari_defocus.plugin.docking import TabbedDock
from napari_defocus.plugin.error_layer import check_alike, depth_of, depth_unit, error_layer, is_depth_map
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.legend import show_colorbar, show_name
from napari_defocus.plugin.lengths import amount_in_words
from napari_defocus.plugin.result_layers import next_run
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["CompareWidget"]

Histogram = tuple[NDArray[np.intp], NDArray[np.float64]]
"""Counts and edges."""

HINT = "Histogram of the differences."
READY = "Choose two depth maps and press Compare."
NONE = "Two depth maps are needed: results of a run, or grey images of two axes, such as a known truth."

ROWS = {
    "rmse": ("RMSE", True, "Root of the mean square of the differences: large ones weigh more."),
    "bias": ("mean (bias)", True, "Mean difference: above 0 the first map has the larger values."),
    "mae": ("mean absolute", True, "Mean size of the differences."),
    "median_abs": ("median absolute", True, "Half of the differences are smaller."),
    "p95_abs": ("95 % are within", True, "95 % of the differences are at most so large."),
    "abs_rel": (
        "mean share of depth (AbsRel)",
        False,
        "Mean of the differences as shares of the depth compared with: 0.05 is 5 %.",
    ),
    "log10": (
        "mean ratio, power of ten (log10)",
        False,
        "Mean of |log10(depth / depth compared with)|: 0.1 is a factor of 1.26, either way.",
    ),
    "delta1": ("within factor 1.25", False, "Share of the pixels, 1 being all."),
    "delta2": ("within 1.25²", False, "Share of the pixels within a factor of 1.56."),
    "delta3": ("within 1.25³", False, "Share of the pixels within a factor of 1.95."),
    "pixels": ("pixels compared", False, "Those whose depth is known."),
}
"""Metrics in their order: name for the user, whether in the unit of depth, what it means."""


class CompareWidget(QWidget):
    """Puts two depth maps side by side: error map, histogram, metrics.

    Parameters
    ----------
    napari_viewer : ViewerModel
        The viewer it is docked in.
    """

    def __init__(self, napari_viewer: ViewerModel) -> None:
        super().__init__()
        TabbedDock(self)
        self._viewer = napari_viewer
        self._layers: tuple[Image, Image] | None = None  # what is compared now
        self._ready = False  # whether there are two maps to choose from
        self.first = ComboBox(
            label="Depth map",
            choices=self._choices,
            tooltip="The layer whose error is looked for.",
        )
        self.second = ComboBox(
            label="Compared with",
            choices=self._choices,
            tooltip="Another result, or the truth; it is subtracted.",
        )
        self.truth = CheckBox(
            label="That is the truth",
            tooltip="Where the truth is known and the depth map is not, the map is wrong. Two results are "
            "compared where both are known.",
        )
        self.button = QPushButton("Compare")
        self.status = QLabel(NONE)
        self.status.setWordWrap(True)
        self.table = QTableWidget(0, 2)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        row = self.table.fontMetrics().lineSpacing() + 6
        self.table.setFixedHeight((len(ROWS) + 1) * row)
        for header in (self.table.verticalHeader(), self.table.horizontalHeader()):
            if header is not None:
                header.setDefaultSectionSize(row)
                header.hide()
        self.chart = Chart(HINT)
        layout = QVBoxLayout(self)
        layout.addWidget(Form([self.first, self.second, self.truth]))
        layout.addWidget(self.button)
        layout.addWidget(self.status)
        layout.addWidget(self.table)
        layout.addWidget(self.chart, 1)
        events = napari_viewer.layers.events
        for event in (events.inserted, events.removed, events.renamed):
            event.connect(self.refresh)
        self.second.changed.connect(self._on_second)
        self.button.clicked.connect(self.compare)
        self.refresh()

    def refresh(self) -> None:
        """Take in that layers were added, removed or renamed."""
        maps = [layer for _, layer in self._choices()]
        chosen = [
            box.value if self._ready and box.value in maps else None for box in (self.first, self.second)
        ]
        for index, box in enumerate((self.first, self.second)):
            box.reset_choices()
            if chosen[index] is None:
                chosen[index] = next((layer for layer in maps if layer not in chosen), None)
            if chosen[index] is not None:  # the box goes by the names: it loses a layer that was renamed
                box.value = chosen[index]
        self._ready = len(maps) > 1
        self.button.setEnabled(self._ready and self._layers is None)
        if not self._ready or self.status.text() == NONE:
            self.status.setText(READY if self._ready else NONE)

    def compare(self) -> None:
        """Compare in another thread; wrong input becomes a notification."""
        first, second = self.first.value, self.second.value
        try:
            if first is None or second is None or first is second:
                raise InputError(NONE if first is None else "Choose two different layers to compare.")
            check_alike(first, second)
        except InputError as error:
            self._on_error(error)
            return
        options = {
            "unit": depth_unit(first),
            "reference_unit": depth_unit(second),
            "truth": self.truth.value,
        }
        work = partial(_compared, depth_of(first), depth_of(second), options)
        self._layers = first, second
        self.button.setEnabled(False)
        self.status.setText("Comparing ...")
        worker = Calculation(work)
        worker.signals.returned.connect(self._on_compared)
        worker.signals.errored.connect(self._on_error)
        worker.signals.finished.connect(self._on_finished)
        worker.start()

    def event(self, event: QEvent | None) -> bool:
        """Add no layer any more when the dock is closed: that only takes the widget out of its window."""
        if event is not None and event.type() == QEvent.Type.ParentChange and self.parent() is None:
            self._layers = None
        return bool(super().event(event))

    def _choices(self, _widget: object = None) -> list[tuple[str, Layer]]:
        """Return the results first, the newest on top; then other grey images of two axes."""
        maps = [layer for layer in reversed(self._viewer.layers) if is_depth_map(layer)]
        maps = [layer for layer in maps if _kind(layer) in (None, "depth", "truth")]
        maps.sort(key=lambda layer: _kind(layer) != "depth")
        return [(layer.name, layer) for layer in maps]

    def _on_second(self) -> None:
        if self.second.value is not None:
            self.truth.value = _kind(self.second.value) == "truth"

    def _on_compared(self, found: tuple[DepthComparison, Histogram]) -> None:
        if self._layers is None:
            return
        comparison, histogram = found
        first, second = self._layers
        number = next_run(layer.name for layer in self._viewer.layers)
        layer = self._viewer.add_layer(error_layer(comparison, first, second, number))
        first.visible = second.visible = False  # they lie below it
        show_colorbar(self._viewer.layers, layer)
        show_name(self._viewer)
        self.status.setText(_told(comparison, first, second))
        self._show_metrics(comparison)
        self._show_histogram(comparison, *histogram)

    def _on_error(self, error: Exception) -> None:
        self.status.setText(str(error))
        report(error)

    def _on_finished(self) -> None:
        self._layers = None
        self.refresh()

    def _show_metrics(self, comparison: DepthComparison) -> None:
        names = [name for name in ROWS if name in comparison.metrics]
        self.table.setRowCount(len(names))
        for row, name in enumerate(names):
            title, in_unit, meaning = ROWS[name]
            value = comparison.metrics[name]
            number = f"{value:.0f}" if name == "pixels" else f"{value:.4g}"
            text = amount_in_words(number, comparison.unit or "") if in_unit else number
            for column, words in enumerate((title, text)):
                item = QTableWidgetItem(words)
                item.setToolTip(f"{meaning} In files: {name}.")
                self.table.setItem(row, column, item)
        self.table.resizeColumnsToContents()
        header = self.table.horizontalHeader()
        if header is not None:
            header.setStretchLastSection(True)

    def _show_histogram(
        self, comparison: DepthComparison, counts: NDArray[np.intp], edges: NDArray[np.float64]
    ) -> None:
        unit = f" ({comparison.unit})" if comparison.unit else ""
        self.chart.show_series(
            [
                Series("bars", edges, np.log10(1 + counts)),
                Series("line", values(comparison.metrics["bias"]), values([]), "#ff5f5f"),
            ],
            f"{'error' if comparison.truth else 'difference'} of depth{unit}; upwards log10(1 + pixels)",
        )


def _compared(first: Any, second: Any, options: dict[str, Any]) -> tuple[DepthComparison, Histogram]:
    """Compare; the histogram is made here too, outside of the window's thread."""
    comparison = compare_depths(first, second, **options)
    return comparison, comparison.histogram()


def _kind(layer: Layer) -> str | None:
    entry = layer.metadata.get(METADATA_KEY)
    kind = entry.get("kind") if isinstance(entry, dict) else None
    return kind if isinstance(kind, str) else None


def _told(comparison: DepthComparison, first: Image, second: Image) -> str:
    told = f"{first.name} minus {second.name}."
    untold = [layer.name for layer in (first, second) if depth_unit(layer) is None]
    if untold and comparison.unit:
        told += f" The unit of {untold[0]} is not known; it is taken for {comparison.unit}."
    return told
