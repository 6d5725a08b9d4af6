"""A small chart painted by Qt: curves, points, bars. Nothing to install, and drawn in a millisecond."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from qtpy.QtCore import QPointF, QRectF, QSize, Qt
from qtpy.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QPen, QPolygonF
from qtpy.QtWidgets import QSizePolicy, QWidget

__all__ = ["Chart", "Series", "tick_count", "ticks"]

MARGIN = 6
LINES_PER_TICK = 4
"""Lines of text between two ticks of a high chart."""

POINT = 3.0
"""Radius of a point, px."""


@dataclass(frozen=True, eq=False)
class Series:
    """What is drawn.

    Attributes
    ----------
    kind : {"curve", "points", "bars", "line"}
        A curve through the values, points, bars from 0 up (`x` has one value more, their edges), or a
        vertical line at `x`.
    x, y : ndarray
        The values; those that are not finite are left out.
    color : str
        Name of the colour.
    """

    kind: Literal["curve", "points", "bars", "line"]
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    color: str = "#4fa3ff"


FACTORS = 1, 2, 5, 10
"""Steps between round numbers, in units of a power of ten."""


def ticks(low: float, high: float, count: int = 5) -> NDArray[np.float64]:
    """Return round numbers in a range, at most about `count` but two at least: one gives no scale."""
    if not high > low:
        return np.array([low])
    least = 10.0 ** np.floor(np.log10((high - low) / count))
    fits = next(place for place, factor in enumerate(FACTORS) if (high - low) / (factor * least) <= count)
    found = (_multiples(low, high, FACTORS[place] * least) for place in range(fits, -1, -1))
    return next((some for some in found if len(some) > 1), _multiples(low, high, least))


def _multiples(low: float, high: float, step: float) -> NDArray[np.float64]:
    first, last = int(np.ceil(low / step - 1e-9)), int(np.floor(high / step + 1e-9))
    return np.asarray(np.arange(first, last + 1) * step, np.float64)  # whole numbers: no -0


class Chart(QWidget):
    """Axes with some series.

    Parameters
    ----------
    hint : str
        What is shown while there is nothing to draw.
    from_zero : bool
        Whether the vertical axis always holds 0.
    """

    def __init__(self, hint: str = "", parent: QWidget | None = None, *, from_zero: bool = True) -> None:
        super().__init__(parent)
        self._hint, self._from_zero = hint, from_zero
        self.series: list[Series] = []
        self._label = ""
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.MinimumExpanding)

    def sizeHint(self) -> QSize:  # noqa: N802
        """A flat rectangle."""
        line = self.fontMetrics().lineSpacing()
        return QSize(16 * line, 11 * line)

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """As small as one can still read it."""
        return self.sizeHint() * 0.75

    def show_series(self, series: list[Series], label: str = "") -> None:
        """Draw these in place of what was there, `label` below the axis; nothing for an empty list."""
        self.series, self._label = series, label
        self.update()

    def limits(self) -> tuple[float, float, float, float]:
        """Least and greatest x and y of what is drawn, 0 among the latter unless it need not be."""
        x = np.concatenate([series.x for series in self.series])
        y = np.concatenate([series.y for series in self.series])
        x, y = x[np.isfinite(x)], y[np.isfinite(y)]
        low, high = (float(x.min()), float(x.max())) if x.size else (0.0, 1.0)
        if self._from_zero or not y.size:
            y = np.append(y, 0.0)
        bottom, top = float(y.min()), float(y.max())
        return low, high if high > low else low + 1, bottom, top if top > bottom else bottom + 1

    def paintEvent(self, event: QPaintEvent | None) -> None:  # noqa: N802
        """Draw axes and series."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(text)
        if not self.series:
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(QRectF(self.rect()).adjusted(MARGIN, 0, -MARGIN, 0), flags, self._hint)
            return
        _Painting(painter, QRectF(self.rect()), self.limits(), text).draw(self.series, self._label)


def tick_count(lines: float) -> int:
    """Return how many ticks there are at most about along an axis as long as so many lines of text."""
    return max(4, int(lines / LINES_PER_TICK))


class _Painting:
    """One drawing of a chart: where its values lie in the widget."""

    def __init__(
        self, painter: QPainter, frame: QRectF, limits: tuple[float, float, float, float], text: QColor
    ) -> None:
        self._painter, self._text = painter, text
        self._low, self._high, self._bottom, self._top = limits
        self._metrics = QFontMetricsF(painter.font())
        line = self._metrics.lineSpacing()
        self._y_ticks = ticks(self._bottom, self._top, tick_count(frame.height() / line))
        left = max(self._metrics.horizontalAdvance(f"{value:.4g}") for value in self._y_ticks)
        self._area = frame.adjusted(left + 2 * MARGIN, MARGIN + line / 2, -3 * MARGIN, -2 * line - MARGIN)

    def draw(self, series: list[Series], label: str) -> None:
        self._draw_axes(label)
        for one in series:
            color = QColor(one.color)
            if one.kind == "bars":
                self._draw_bars(one, color)
            elif one.kind == "line":
                self._painter.setPen(QPen(color, 1.5, Qt.PenStyle.DashLine))
                for x in one.x:
                    self._painter.drawLine(self._place(x, self._bottom), self._place(x, self._top))
            else:
                self._draw_values(one, color)

    def _place(self, x: float, y: float) -> QPointF:
        across = (x - self._low) / (self._high - self._low)
        up = (y - self._bottom) / (self._top - self._bottom)
        return QPointF(
            self._area.left() + across * self._area.width(), self._area.bottom() - up * self._area.height()
        )

    def _draw_axes(self, label: str) -> None:
        painter, area, line = self._painter, self._area, self._metrics.lineSpacing()
        grid = QColor(self._text)
        grid.setAlphaF(0.15)
        for value in self._y_ticks:
            at = self._place(self._low, value)
            painter.setPen(grid)
            painter.drawLine(at, self._place(self._high, value))
            painter.setPen(self._text)
            box = QRectF(0, at.y() - line / 2, area.left() - MARGIN, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignRight, f"{value:.4g}")
        for value in ticks(self._low, self._high):
            at = self._place(value, self._bottom)
            painter.drawLine(at, at + QPointF(0, 3))
            box = QRectF(at.x() - 50, at.y() + 3, 100, line)
            painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, f"{value:.4g}")
        painter.drawLine(area.bottomLeft(), area.bottomRight())
        box = QRectF(area.left(), area.bottom() + line + 3, area.width(), line)
        painter.drawText(box, Qt.AlignmentFlag.AlignHCenter, label)

    def _draw_bars(self, one: Series, color: QColor) -> None:
        for low, high, value in zip(one.x[:-1], one.x[1:], one.y, strict=True):
            self._painter.fillRect(QRectF(self._place(low, value), self._place(high, 0)), color)

    def _draw_values(self, one: Series, color: QColor) -> None:
        finite = np.isfinite(one.x) & np.isfinite(one.y)
        places = [self._place(x, y) for x, y in zip(one.x[finite], one.y[finite], strict=True)]
        self._painter.setPen(QPen(color, 1.5))
        if one.kind == "curve":
            self._painter.drawPolyline(QPolygonF(places))
            return
        self._painter.setBrush(color)
        for place in places:
            self._painter.drawEllipse(place, POINT, POINT)


def values(array: ArrayLike) -> NDArray[np.float64]:
    """Return what a :class:`Series` takes."""
    return np.atleast_1d(np.asarray(array, np.float64))
