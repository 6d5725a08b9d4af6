"""What the optics in the form can tell apart, in words, before a run, and what is wrong with them."""

import math
from collections.abc import Sequence

from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_defocus.optics.resolution import TOLERANCE, OpticsReport
from napari_defocus.optics.units import metres
from napari_defocus.plugin.lengths import amount_in_words

__all__ = ["OpticsSummary"]

WARNING_STYLE = "color: #f0b429;"
"""Amber: readable on the dark and the light theme."""

METRIC = ("m", "mm", "um", "nm")

MEANING = (
    "Blur (standard deviation, px) that a point in focus in one plane has in the next: 0.5 to 3 px is best. "
    f"Depth resolution: depths nearer to each other than this change no plane's blur by {TOLERANCE:g} px. "
    "Texture and noise decide how much of it a run reaches."
)


class OpticsSummary(QWidget):
    """Blur per plane step, depth resolution, and warnings in amber.

    Attributes
    ----------
    figures : QLabel
        The figures.
    warnings : QLabel
        The warnings; to be put where they are not scrolled out of sight.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.figures, self.warnings = QLabel(), QLabel()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.figures)
        for label in (self.figures, self.warnings):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.figures.setToolTip(MEANING)
        self.warnings.setStyleSheet(WARNING_STYLE)
        self.show_nothing()

    def show_nothing(self, reason: str = "", problem: str = "") -> None:
        """Show no figures, and why; a problem as a warning."""
        self._show(reason, [problem] if problem else [])

    def show_report(self, report: OpticsReport) -> None:
        """Show the figures of a report and its warnings."""
        figures = f"Blur per plane step: {_steps(report)}\nDepth resolution: {_resolution(report)}"
        self._show(figures, report.warnings)

    def _show(self, figures: str, warnings: Sequence[str]) -> None:
        self.figures.setText(figures)
        self.warnings.setText("\n".join(f"⚠ {warning}" for warning in warnings))
        for label in (self.figures, self.warnings):
            label.setVisible(bool(label.text()))


def _steps(report: OpticsReport) -> str:
    least, greatest = (f"{value:.2g}" for value in report.blur_per_step)
    return f"{least} px" if least == greatest else f"{least} to {greatest} px"


def _resolution(report: OpticsReport) -> str:
    parts = [
        f"{_length(extent, report.unit)} at {end:.3g} {report.unit}"
        for extent, end in zip(report.resolution, report.ends, strict=True)
    ]
    same = f"{report.resolution[0]:.2g}" == f"{report.resolution[1]:.2g}"
    return _length(report.resolution[0], report.unit) if same else ", ".join(parts)


def _length(extent: float, unit: str) -> str:
    """Return a length as a person would say it, in the largest metric unit that gives 1 or more."""
    if not math.isfinite(extent):
        return "none"
    if unit not in METRIC:
        return amount_in_words(f"{extent:.2g}", unit)
    length = extent * metres(unit)
    name = next((name for name in METRIC if length >= metres(name)), METRIC[-1])
    return f"{float(f'{length / metres(name):.2g}'):g} {name}"
