"""Work for the window in small steps, so that it can draw and answer between them."""

from collections import deque
from collections.abc import Callable

from qtpy.QtCore import QObject, QTimer

__all__ = ["Step", "Turns"]

Step = Callable[[], object]


class Turns(QObject):
    """Steps that are done in their order, one each turn of the event loop.

    napari takes a tenth of a second for a new layer; several at once would be seen as a frozen window.

    Parameters
    ----------
    parent : QObject, optional
        Steps are done as long as it lives.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._steps: deque[Step] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._take_one)

    def add(self, *steps: Step) -> None:
        """Do `steps` after those that wait already."""
        self._steps.extend(steps)
        if not self._timer.isActive():
            self._timer.start(0)

    def _take_one(self) -> None:
        step = self._steps.popleft()
        try:
            step()
        finally:  # an error is napari's to report; the steps that follow set the window right again
            if self._steps:
                self._timer.start(0)
