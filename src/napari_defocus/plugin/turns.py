"""Work for the window in small steps, so that it can draw and answer between them."""

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

__all__ = ["Step", "Turns"]

Step = Callable[[], object]

RESTS = 2
"""Turns between two steps: in the first, drawing that was put off is asked for; by the second it is done."""


class Turns(QObject):
    """Steps that are done in their order, each in a turn of the event loop of its own.

    napari takes a twentieth of a second for a new layer, and half as much to draw the canvas; several at once
    would be seen as a frozen window.

    Parameters
    ----------
    parent : QObject, optional
        Steps are done as long as it lives.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: deque[Step] = deque()
        self._rests = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_turn)

    def add(self, *steps: Step) -> None:
        """Do `steps` after those that wait already."""
        self._steps.extend(steps)
        if not self._timer.isActive():
            self._timer.start(0)

    def _on_turn(self) -> None:
        try:
            if self._rests:
                self._rests -= 1
            else:
                self._rests = RESTS
                self._take_one()
        finally:  # an error is napari's to report; the steps that follow set the window right again
            if self._steps:
                self._timer.start(0)

    def _take_one(self) -> None:
        self._steps.popleft()()
