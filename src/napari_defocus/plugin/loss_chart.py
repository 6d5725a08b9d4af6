"""The loss curve of a run, drawn as it goes on."""

import numpy as np
from qtpy.QtCore import QSize
from qtpy.QtWidgets import QWidget

from napari_defocus.plugin.chart import Chart, Series, values
from napari_defocus.solver.result import DefocusResult

__all__ = ["LossChart"]

WIDEST = 30.0
"""Greatest over least loss beyond which the logarithm is drawn."""


FEWEST = 5.0
"""Half-steps that the axis spans at least: its ticks stay whole numbers."""


class LossChart(Chart):
    """Loss after each half-step; hidden before the first.

    The vertical axis spans the values (their logarithm where they fall by more than a decade), so that the
    last improvements show too.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("", parent)
        self.setToolTip(
            "Loss after each half-step (depth, all-in-focus image): what the blur model cannot explain of "
            "the stack, with the priors; it never rises. When it is level, more epochs change little."
        )
        self.hide()

    def sizeHint(self) -> QSize:  # noqa: N802
        """Flatter than other charts: the form above it needs the room."""
        line = self.fontMetrics().lineSpacing()
        return QSize(16 * line, 7 * line)

    def clear(self) -> None:
        """Forget the curve of the run before."""
        self.show_series([])
        self.hide()

    def show_result(self, result: object) -> None:
        """Draw the losses of a result so far; others than of depth from defocus have none."""
        losses = result.losses if isinstance(result, DefocusResult) else ()
        if len(losses) < 2:
            return
        y, label = values(losses), "loss by half-step"
        if y.min() > 0 and y.max() > WIDEST * y.min():
            y, label = np.log10(y), "log10 of the loss by half-step"
        x = values(np.arange(len(y)))
        self.show_series([Series("curve", x, y), Series("points", x, y)], label)
        self.show()

    def limits(self) -> tuple[float, float, float, float]:
        """Least and greatest half-step and loss, with a little room."""
        low, high, *_ = super().limits()
        y = self.series[0].y
        room = 0.08 * float(np.ptp(y)) or abs(float(y[0])) or 1.0
        return low, max(high, FEWEST), float(y.min()) - room, float(y.max()) + room
