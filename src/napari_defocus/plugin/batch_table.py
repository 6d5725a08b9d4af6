"""The table of a queue."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QColor
from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QProgressBar, QTableWidget, QTableWidgetItem

from napari_defocus.batch import Item, State

__all__ = ["BatchTable"]

COLUMNS = ("Stack", "Optics from", "State", "Time")
STATE = COLUMNS.index("State")

COLOURS = {
    State.DONE: "#3aa55d",
    State.DONE_BEFORE: "#3aa55d",
    State.FAILED: "#e2574c",
    State.NEEDS_OPTICS: "#d9932b",
}
"""Colours that can be read on a dark and on a light background."""


class BatchTable(QTableWidget):
    """One row for each item, in the order in which they were added; reasons are shown in full."""

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.setHorizontalHeaderLabels(COLUMNS)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setMinimumHeight(9 * self.fontMetrics().lineSpacing())
        rows, columns = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None
        assert columns is not None
        rows.hide()
        columns.setSectionResizeMode(STATE, QHeaderView.ResizeMode.Stretch)
        columns.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        columns.sectionResized.connect(self._on_column_resized)
        self._shown: dict[str, Item] = {}
        self.fit()

    def show_item(self, item: Item) -> None:
        """Bring the row of an item up to date, or add it."""
        before = self._shown.get(item.name)
        if item == before:
            return
        self._shown[item.name] = item
        if before is None:
            self.insertRow(self.rowCount())
        row = list(self._shown).index(item.name)
        texts = (
            "\n".join([item.name, *_size(item.shape)]),
            item.optics_from or ("none" if item.shape else ""),
            "\n".join([str(item.state), *([item.message] if item.message else [])]),
            "" if item.seconds is None else _time(item.seconds),
        )
        for column, text in enumerate(texts):
            self._show_text(row, column, text, item)
        self._show_bar(row, item)
        if before is None or before.state != State.RUNNING or item.state != State.RUNNING:
            self.resizeRowToContents(row)

    def remove_items(self, names: list[str]) -> None:
        """Take rows out."""
        for name in names:
            self.removeRow(list(self._shown).index(name))
            del self._shown[name]

    def selected_names(self) -> list[str]:
        """Return the names of the items whose rows are selected, from top to bottom."""
        names = list(self._shown)
        return [names[row] for row in sorted({index.row() for index in self.selectedIndexes()})]

    def fit(self) -> None:
        """Fit columns and rows to what they hold; with many rows that takes long, so it is not automatic."""
        for column in range(len(COLUMNS)):
            if column != STATE:
                self.resizeColumnToContents(column)
        self.resizeRowsToContents()

    def _on_column_resized(self, column: int) -> None:
        if column == STATE:  # its text has other line breaks now
            self.resizeRowsToContents()

    def _show_text(self, row: int, column: int, text: str, item: Item) -> None:
        cell = self.item(row, column)
        if cell is None:
            cell = QTableWidgetItem()
            cell.setToolTip(str(item.source))
            self.setItem(row, column, cell)
        cell.setText(text)
        if column == STATE:
            colour = COLOURS.get(item.state)
            cell.setData(Qt.ItemDataRole.ForegroundRole, None if colour is None else QColor(colour))

    def _show_bar(self, row: int, item: Item) -> None:
        bar = self.cellWidget(row, STATE)
        if item.state is not State.RUNNING:
            if bar is not None:
                self.removeCellWidget(row, STATE)
            return
        if not isinstance(bar, QProgressBar):
            bar = QProgressBar()
            self.setCellWidget(row, STATE, bar)
        bar.setFormat(f"%p % · {item.message}")
        bar.setValue(round(100 * item.fraction))


def _size(shape: tuple[int, ...] | None) -> list[str]:
    """Return planes and size in words, the width first as people say it; nothing when they are unknown."""
    if shape is None:
        return []
    planes, rows, columns = shape[:3]
    return [f"{planes} planes of {columns} × {rows}"]


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
