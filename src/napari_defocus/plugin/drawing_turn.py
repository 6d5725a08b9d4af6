"""What a step of the window lets it draw, drawn in a turn of its own.

Qt draws right after a step, before it looks for input; the window would not answer for the time of both.
"""

from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer
from qtpy.QtWidgets import QWidget

__all__ = ["DrawingTurn", "drawing_turn_of"]

PASSES = 2
"""Timers of 0 ms that go by until all events have been seen to: the first may come before them."""


class DrawingTurn(QObject):
    """Holds back the request to draw that follows a step until the window has seen to its events.

    Parameters
    ----------
    window : QWidget
        A window at the top level.
    """

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        self._held = self._may_hold = False
        self._passes = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_pass)
        window.installEventFilter(self)

    @property
    def busy(self) -> bool:
        """Whether the window has still to draw or to answer before the next step."""
        return self._timer.isActive()

    def begin(self) -> None:
        """A step is taken now."""
        self._may_hold = True
        self._let_answer()

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Hold back the first request after a step; what moves all the time must not hold up the steps."""
        if event is None or event.type() != QEvent.Type.UpdateRequest or not (self._may_hold and self.busy):
            return False
        self._held, self._may_hold = True, False  # the window makes no other until this one is answered
        self._let_answer()
        return True

    def _let_answer(self) -> None:
        self._passes = PASSES
        self._timer.start(0)

    def _on_pass(self) -> None:
        self._passes -= 1
        if self._passes:
            self._timer.start(0)
        elif self._held:
            self._held = self._may_hold = False
            QCoreApplication.sendEvent(self._window, QEvent(QEvent.Type.UpdateRequest))
            self._let_answer()


def drawing_turn_of(widget: QObject | None) -> DrawingTurn | None:
    """Return that of the main window that a widget is in or floats before, None for what is no widget."""
    if not isinstance(widget, QWidget):
        return None
    window = widget.window()
    while window is not None and (parent := window.parentWidget()) is not None:
        window = parent.window()
    if window is None:
        return None
    found = window.findChild(DrawingTurn, "", Qt.FindChildOption.FindDirectChildrenOnly)
    return found or DrawingTurn(window)
