"""Work for the window in small steps, so that it can draw and answer between them."""

from collections import deque
from collections.abc import Callable

from qtpy.compat import isalive
from qtpy.QtCore import QObject, QTimer

from napari_defocus.plugin.repaints import PAUSE, Repaints

__all__ = ["Step", "Turns"]

Step = Callable[[], object]


class Turns(QObject):
    """Steps that are done in their order, one each turn of the event loop.

    napari takes a tenth of a second for a new layer; several at once would be seen as a frozen window.

    Parameters
    ----------
    parent : QObject, optional
        Steps are done as long as it lives.
    repaints : Repaints, optional
        Those of the window that the steps change; the one that a step calls for has a turn of its own.
    """

    def __init__(self, parent: QObject | None = None, repaints: Repaints | None = None) -> None:
        super().__init__(parent)
        self._repaints = repaints
        self._steps: deque[Step] = deque()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._go_on)

    def add(self, *steps: Step) -> None:
        """Do `steps` after those that wait already."""
        self._steps.extend(steps)
        if not self._timer.isActive():
            self._timer.start(0)

    def _go_on(self) -> None:
        """Take the next step, once the window has been painted after the last one."""
        for repaints in self._of_window():
            if repaints.busy:
                self._timer.start(PAUSE)
                return
            repaints.hold()
        try:
            self._do(self._steps.popleft())
        finally:  # an error is napari's to report; the steps that follow set the window right again
            if self._steps:
                self._timer.start(0)

    def hold_repaints(self) -> None:
        """Give the repaint that this work brings about a turn of its own."""
        for repaints in self._of_window():
            repaints.hold()

    def _of_window(self) -> list[Repaints]:
        """Return the repaints, none when they are gone with their window."""
        repaints = self._repaints
        return [repaints] if repaints is not None and isalive(repaints) else []  # type: ignore[no-untyped-call]

    def _do(self, step: Step) -> None:
        """Do a step (`benchmarks.window_heartbeat` takes the time of this method)."""
        step()
