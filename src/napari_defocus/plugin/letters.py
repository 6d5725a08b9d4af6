"""Letters of the legend drawn ahead, unseen.

napari takes some 5 ms for each letter that a canvas has not shown yet. The figures of a first colour bar and
the name beside it come to more than a tenth of a second, in the middle of a run. They are drawn with the text
of that name, which is then made and drawn for the first time as well.
"""

import string

from napari.components import ViewerModel
from qtpy.QtCore import QObject, QTimer

from napari_defocus.plugin.legend import name_text, write_unseen

__all__ = ["LettersAhead"]

FIGURES = "0123456789.-+e[]() "
WORDS = string.ascii_lowercase + "µ"
"""Letters of the part, the kind and the unit in the name of a layer that is not made yet."""

AT_ONCE = 4
"""Letters that are new to the canvas each time it is drawn."""

INTERVAL = 50
"""Milliseconds between two times; the canvas is drawn only when the window has nothing else to do."""


class LettersAhead(QObject):
    """Lets the canvas of a viewer draw letters, few at a time, fully transparent.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    parent : QObject
        Letters are drawn as long as it lives.
    """

    def __init__(self, viewer: ViewerModel, parent: QObject) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self._known: set[str] = set()
        self._waiting: list[str] = []
        self._timer = QTimer(self)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._draw_some)

    def want(self, text: str) -> None:
        """Have the letters of a text drawn, and all that figures, kinds and units are written with."""
        self._waiting = sorted({*self._waiting, *text, *FIGURES, *WORDS} - self._known)
        if self._waiting and not self._timer.isActive():
            self._timer.start()

    def stop(self) -> None:
        """Draw no more, and leave nothing to be drawn."""
        self._timer.stop()
        self._waiting = []
        text = name_text(self._viewer)
        if not text.opacity:
            text.visible = False

    def _draw_some(self) -> None:
        some, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
        if some and write_unseen(name_text(self._viewer), "".join(some)):
            self._known.update(some)
        else:
            self.stop()
