"""Drawing of the canvas put off, so that it does not come on top of what makes it necessary.

To add a layer takes napari 40 ms and more, and to draw the canvas after it another 20.
"""

from functools import partial

from qtpy.QtCore import QTimer
from qtpy.QtWidgets import QOpenGLWidget, QWidget  # type: ignore[attr-defined]

__all__ = ["draw_next_turn"]


def draw_next_turn(window: QWidget | None) -> None:
    """Let the canvas of a window, if it has one, be drawn not before the next turn of the event loop."""
    canvas = None if window is None else window.findChild(QOpenGLWidget)
    if canvas is None or not canvas.updatesEnabled():
        return
    canvas.setUpdatesEnabled(False)
    timer = QTimer(canvas)  # not ours: the canvas is drawn again even if our widget is closed meanwhile
    timer.setSingleShot(True)
    timer.timeout.connect(partial(canvas.setUpdatesEnabled, True))
    timer.timeout.connect(timer.deleteLater)
    timer.start(0)
