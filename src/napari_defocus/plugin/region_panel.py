"""Roughness and step height of drawn regions."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox
from napari.components import ViewerModel
from numpy.typing import NDArray
from qtpy.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from napari_defocus.errors import InputError
from napari_defocus.measurement import Level, Roughness, areal_roughness, region_level
from napari_defocus.plugin.depth_layers import grows_towards_lens, pixel_size_of, unit_of
from napari_defocus.plugin.drawn_shapes import REGIONS, DrawnShapes, outline_in, region_of
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.latest import Latest
from napari_defocus.plugin.lengths import amount_in_words, depth_in_words
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.shown_depth import ShownDepth

__all__ = ["RegionFigures", "RegionPanel"]

HINT = "Press Draw rectangle and drag one over the depth map; with two of them the step between them is told."

TOOLTIPS = {
    "": "Number of the region, as it stands beside it.",
    "Median": "Median of the depths.",
    "Sa": "Arithmetic mean height (ISO 25178-2).",
    "Sq": "Root mean square height (ISO 25178-2).",
    "Sz": "Maximum height: lowest to highest pixel (ISO 25178-2). One wrong pixel is enough to raise it.",
}


@dataclass(frozen=True)
class RegionFigures:
    """What is told of one region: its number, and its figures, or why there are none."""

    number: int
    roughness: Roughness | None = None
    level: Level | None = None
    problem: str = ""


class RegionPanel(QWidget):
    """A table of the regions of a Shapes layer, followed while they are drawn and moved.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._depth: ShownDepth | None = None
        self.regions = DrawnShapes(viewer, REGIONS, "regions", "add_rectangle", self)
        self.figures: list[RegionFigures] = []
        self._work = Latest(self)
        self.draw_button = QPushButton("Draw rectangle")
        self.draw_button.setToolTip(
            "Makes a Shapes layer and takes its rectangle tool. Its other tools draw ellipses and polygons, "
            "and move regions; select regions there to measure only these."
        )
        self.level = CheckBox(
            label="Level each region",
            value=True,
            tooltip="Remove the tilt of each region (its least-squares plane) before Sa, Sq and Sz are told. "
            "Medians and the step are those of the depth map as it is.",
        )
        self.table = QTableWidget(0, len(TOOLTIPS))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        for column, (name, tooltip) in enumerate(TOOLTIPS.items()):
            item = QTableWidgetItem(name)
            item.setToolTip(tooltip)
            self.table.setHorizontalHeaderItem(column, item)
        rows, columns = self.table.verticalHeader(), self.table.horizontalHeader()
        if rows is not None and columns is not None:
            rows.hide()
            rows.setDefaultSectionSize(self.table.fontMetrics().lineSpacing() + 8)
            columns.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
            columns.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        self.status = QLabel(HINT)
        self.status.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.addWidget(self.draw_button)
        layout.addWidget(Form([self.level]))
        layout.addWidget(self.table, 1)
        layout.addWidget(self.status)
        self.draw_button.clicked.connect(self.draw)
        self.level.changed.connect(self.refresh)
        self.regions.changed.connect(self.refresh)
        self._work.found.connect(self._show)
        self._work.failed.connect(report)

    @property
    def busy(self) -> bool:
        """Whether figures are being computed."""
        return self._work.busy

    def set_depth(self, depth: ShownDepth | None) -> None:
        """Work on another depth map."""
        self._depth = depth
        self.draw_button.setEnabled(depth is not None)
        self.refresh()

    def stop(self) -> None:
        """Follow the regions no more."""
        self._depth = None
        self._work.drop()
        self.regions.stop()

    def draw(self) -> None:
        """Take the rectangle tool."""
        if self._depth is not None:
            self.regions.draw(self._depth.map)

    def outlines(self) -> dict[int, NDArray[np.float64]]:
        """Return the outlines of the regions that count in px of the depth map, by their numbers."""
        depth, shapes = self._depth, self.regions.layer
        if depth is None or shapes is None:
            return {}
        return {index + 1: outline_in(shapes, index, depth.map) for index in self.regions.chosen()}

    def refresh(self) -> None:
        """Measure the regions as they are now, in another thread."""
        outlines = self.outlines()
        depth = self._depth
        if depth is None or not outlines:
            self._work.drop()
            self._show([])
            return
        options = {"level": bool(self.level.value), "pixel_size": pixel_size_of(depth.map)}
        self._work.want(partial(_figures, depth.map.data, outlines, options))

    def _show(self, figures: list[RegionFigures]) -> None:
        self.figures = figures
        unit = "" if self._depth is None else unit_of(self._depth.map)
        self.table.setRowCount(len(figures))
        for row, found in enumerate(figures):
            for column, text in enumerate(_cells(found, unit)):
                item = QTableWidgetItem(text)
                item.setToolTip(found.problem)
                self.table.setItem(row, column, item)
        self.status.setText(self._told(figures, unit))

    def _told(self, figures: list[RegionFigures], unit: str) -> str:
        if not figures:
            return HINT
        lines = [f"Region {found.number}: {found.problem}" for found in figures if found.problem]
        measured = [found for found in figures if found.level is not None]
        if len(measured) < 2:
            return "\n".join([*lines, "Draw a second region for the step between the two."])
        first, second = measured[:2]
        assert first.level is not None  # chosen for it
        assert second.level is not None
        step = second.level.median - first.level.median
        uncertainty = float(np.hypot(first.level.uncertainty, second.level.uncertainty))
        up = self._depth is not None and grows_towards_lens(self._viewer, self._depth.map)
        where = ("lower", "higher") if up else ("nearer", "farther")
        told = amount_in_words(_with_uncertainty(abs(step), uncertainty), unit)
        lines.append(f"Step: region {second.number} is {told} {where[step > 0]} than region {first.number}.")
        if len(measured) > 2:
            lines.append("Select two regions for the step between others.")
        return "\n".join(lines)


def _figures(
    depth: Any, outlines: dict[int, NDArray[np.float64]], options: dict[str, Any]
) -> list[RegionFigures]:
    values = np.asarray(depth)
    found = []
    for number, outline in outlines.items():
        mask = region_of(outline, values.shape)
        try:
            roughness = areal_roughness(values, region=mask, **options)
            found.append(RegionFigures(number, roughness, region_level(values, mask)))
        except InputError as error:
            found.append(RegionFigures(number, problem=str(error)))
    return found


def _cells(found: RegionFigures, unit: str) -> list[str]:
    if found.roughness is None or found.level is None:
        return [str(found.number), *["-"] * 4]
    heights = (found.roughness.Sa, found.roughness.Sq, found.roughness.Sz)
    told = (amount_in_words(f"{height:.3g}", unit) for height in heights)
    return [str(found.number), depth_in_words(unit, found.level.median), *told]


def _with_uncertainty(value: float, uncertainty: float) -> str:
    """Return a value with the digits that its uncertainty, of two digits, leaves it."""
    if not uncertainty > 0:
        return f"{value:.4g}"
    digits = max(0, 1 - int(np.floor(np.log10(uncertainty))))
    return f"{value:.{digits}f} ± {uncertainty:.{digits}f}"
