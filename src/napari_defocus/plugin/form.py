"""Rows of fields with their labels in one column, the same for every form of the widget."""

from collections.abc import Iterable
from typing import Any

from magicgui.widgets import CheckBox
from magicgui.widgets.bases import ValueWidget
from qtpy.QtCore import QSize, Signal  # type: ignore[attr-defined]
from qtpy.QtGui import QIcon, QPixmap
from qtpy.QtWidgets import QComboBox, QFormLayout, QLabel, QWidget
from superqt import QCollapsible

__all__ = ["Fold", "Form"]

WIDEST_LABEL = "Farthest depth (plane)"


class Form(QWidget):
    """Fields in rows.

    Parameters
    ----------
    fields : iterable of ValueWidget
        The fields; their labels and tooltips are shown, and followed when they change.

    Attributes
    ----------
    changed : Signal
        Emitted after every edit of a field.
    """

    changed = Signal()

    def __init__(self, fields: Iterable[ValueWidget[Any]]) -> None:
        super().__init__()
        self.fields = list(fields)
        self._defaults = [field.value for field in self.fields]
        self._labels = [QLabel(field.label) for field in self.fields]
        layout = QFormLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        for label, field in zip(self._labels, self.fields, strict=True):
            label.setFixedWidth(
                label.fontMetrics().horizontalAdvance(WIDEST_LABEL) + 32
            )  # the window's style has a wider font
            label.setWordWrap(True)
            label.setToolTip(field.tooltip or "")
            if isinstance(field, CheckBox):
                field.text = ""
            if isinstance(field.native, QComboBox):  # long layer names must not widen the dock
                field.native.setSizeAdjustPolicy(
                    QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon
                )
                field.native.setMinimumContentsLength(14)
                field.native.setPlaceholderText("none open")
            layout.addRow(label, field.native)
            field.changed.connect(self._on_edit)
            field.label_changed.connect(self._show_labels)

    def show_field(self, field: ValueWidget[Any], shown: bool) -> None:
        """Show or hide a field and its label."""
        self._labels[self.fields.index(field)].setVisible(shown)
        field.native.setVisible(shown)

    def reset(self) -> None:
        """Take every field back to what it held when the form was made."""
        for field, default in zip(self.fields, self._defaults, strict=True):
            field.value = default

    def _on_edit(self) -> None:
        self.changed.emit()

    def _show_labels(self) -> None:
        for label, field in zip(self._labels, self.fields, strict=True):
            label.setText(field.label)


class Fold(QCollapsible):
    """A title that shows and hides a form.

    Parameters
    ----------
    title : str
        The title.
    content : QWidget
        What is hidden at first.
    """

    def __init__(self, title: str, content: QWidget) -> None:
        blank = QIcon(QPixmap(1, 1))  # PySide6 takes an empty icon for none
        super().__init__(title, expandedIcon=blank, collapsedIcon=blank)
        self.toggleButton().setIconSize(QSize(0, 0))
        self._title = title
        self.setDuration(0)
        self.addWidget(content)
        layout = self.layout()
        assert layout is not None  # made by the base class, with room all around that is needed below
        layout.setContentsMargins(0, 0, 0, 0)
        self.toggled.connect(self._show_title)
        self._show_title(False)

    def _show_title(self, unfolded: bool) -> None:
        self.setText(f"{'▾' if unfolded else '▸'}  {self._title}")
