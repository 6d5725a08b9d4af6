"""What was found in each plane by the alignment, in a table as narrow as the widget."""

from qtpy.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem

from napari_defocus.alignment.result import AlignmentResult, PlaneAlignment

__all__ = ["AlignTable"]

COLUMNS = {
    "plane": "Plane, counted from 0.",
    "moved": "Whether the plane was moved; 'ref' is the one that stays as it is.",
    "scale\n%": "Change of scale, %.",
    "turn\n°": "Rotation, degrees.",
    "down\npx": "Shift downwards, px.",
    "right\npx": "Shift to the right, px.",
    "up to\npx": "Largest way of a pixel, px.",
    "match\nbefore": "How well the plane agreed with the sharp image of all before; 1 is the best.",
    "match\nnow": "How well it agrees with that now; 1 is the best.",
}
"""Heading and tooltip of each column; all are seen in the width that the widget has in napari."""


class AlignTable(QTableWidget):
    """One row a plane; the tooltip of a row has its figures to the last digit, and why it was not moved."""

    def __init__(self) -> None:
        super().__init__(0, len(COLUMNS))
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setMinimumHeight(12 * self.fontMetrics().lineSpacing())
        self.setStyleSheet("QTableWidget::item, QHeaderView::section { padding: 0; }")
        small = self.font()
        small.setPixelSize(self.fontInfo().pixelSize() - 2)
        for column, (heading, tooltip) in enumerate(COLUMNS.items()):
            item = QTableWidgetItem(heading)
            item.setToolTip(tooltip)
            item.setFont(small)
            self.setHorizontalHeaderItem(column, item)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        assert rows is not None  # every table has both
        assert header is not None
        rows.hide()
        header.setMinimumSectionSize(1)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)

    def show_result(self, result: AlignmentResult) -> None:
        """Show what was found."""
        headings, *lines = result.rows()
        self.setRowCount(len(result.planes))
        for row, (plane, line) in enumerate(zip(result.planes, lines, strict=True)):
            exact = ", ".join(f"{name} {text}" for name, text in zip(headings, line, strict=True))
            for column, text in enumerate(_cells(row, plane, reference=row == result.reference)):
                item = QTableWidgetItem(text)
                item.setToolTip(f"{exact}\n{plane.note}".strip())
                self.setItem(row, column, item)


def _cells(number: int, plane: PlaneAlignment, *, reference: bool) -> list[str]:
    motion = plane.motion
    return [
        str(number),
        "ref" if reference else "yes" if plane.accepted else "no",
        f"{100 * (motion.scale - 1):+.2f}",
        f"{motion.rotation:+.2f}",
        f"{motion.shift_y:+.1f}",
        f"{motion.shift_x:+.1f}",
        f"{plane.largest:.1f}",
        f"{plane.agreement_before:.2f}",
        f"{plane.agreement_after:.2f}",
    ]
