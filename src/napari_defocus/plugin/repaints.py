"""Repaints of napari's window, each in a turn of its own.

Qt repaints a window right after the work that changed it, before it looks for input. Where the processor
draws, a repaint takes some 40 ms: together with the work it would be felt.
"""

from enum import Enum, auto

from napari.components import ViewerModel
from qtpy.QtCore import QCoreApplication, QEvent, QObject, Qt, QTimer

from napari_defocus.plugin.qt_viewer import qt_viewer_of

__all__ = ["PAUSE", "Repaints"]

PAUSE = 6
"""Milliseconds after which it is our turn again: timers that were due before then come first."""

LONGEST = 500
"""Milliseconds after which a repaint that was asked for is waited for no longer."""


class _Stage(Enum):
    IDLE = auto()
    HELD = auto()  # a step is under way
    PAINTING = auto()  # a repaint was posted and has not come yet
    RESTING = auto()  # it has come, and what waited meanwhile has its turn


class Repaints(QObject):
    """Holds back the repaints that a step brings about.

    The first comes once the step is over. What is painted then may bring about another: that one comes once
    other events have had their turn. From then on repaints are Qt's again until the next step.

    Parameters
    ----------
    window : QObject
        The window that is repainted; it becomes the parent.
    """

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        self._stage = _Stage.IDLE
        self._wanted = False
        self._left = 0  # repaints that may still be held
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._on_timeout)
        window.installEventFilter(self)

    @classmethod
    def of(cls, viewer: ViewerModel) -> "Repaints | None":
        """Return those of a viewer's window, None where there is no window."""
        qt_viewer = qt_viewer_of(viewer)
        if qt_viewer is None:
            return None
        window: QObject = qt_viewer.window()
        return window.findChild(cls, "", Qt.FindChildOption.FindDirectChildrenOnly) or cls(window)

    @property
    def busy(self) -> bool:
        """Whether a repaint is held or awaited, or what waited for it has not had its turn."""
        return self._stage is not _Stage.IDLE

    def hold(self) -> None:
        """Hold those that a step brings about, which begins now, until the next turn of the event loop."""
        self._left = 2
        self._enter(_Stage.HELD, 0)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Take a repaint away while they are held."""
        if event is None or event.type() != QEvent.Type.UpdateRequest:
            return False
        take = self._stage is _Stage.HELD or (self._stage is _Stage.RESTING and self._left > 0)
        self._wanted = take
        if self._stage is _Stage.PAINTING:
            self._enter(_Stage.RESTING, PAUSE)
        return take

    def _on_timeout(self) -> None:
        if self._wanted:
            self._wanted = False
            self._left -= 1
            self._enter(_Stage.PAINTING, LONGEST)
            QCoreApplication.postEvent(self.parent(), QEvent(QEvent.Type.UpdateRequest))
        else:
            self._stage = _Stage.IDLE

    def _enter(self, stage: _Stage, milliseconds: int) -> None:
        self._stage = stage
        self._timer.start(milliseconds)
