"""Repaints of napari's window, each in a turn of its own.

Qt repaints a window right after the work that changed it, before it looks for input. Where the processor
draws, a repaint takes some 40 ms: together with the work it would be felt.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from napari.components import ViewerModel
from qtpy.QtCore import QCoreApplication, QEvent, QObject, QTimer

from napari_defocus.plugin.qt_viewer import qt_viewer_of

__all__ = ["PAUSE", "Repaints"]

PAUSE = 6
"""Milliseconds in which other timers come before ours; one of 0 ms would come before all of them."""


class Repaints(QObject):
    """Those of one window.

    Parameters
    ----------
    window : QObject
        The window; it becomes the parent.
    """

    def __init__(self, window: QObject) -> None:
        super().__init__(window)
        self._held = self._wanted = self._under_way = False
        self._release = QTimer(self)
        self._rest = QTimer(self)
        for timer in (self._release, self._rest):
            timer.setSingleShot(True)
            timer.timeout.connect(self._on_timeout)
        window.installEventFilter(self)

    @classmethod
    def of(cls, viewer: ViewerModel) -> "Repaints | None":
        """Return those of a viewer's window, None where there is no window."""
        qt_viewer = qt_viewer_of(viewer)
        if qt_viewer is None:
            return None
        window: QObject = qt_viewer.window()
        return window.findChild(cls) or cls(window)

    @property
    def busy(self) -> bool:
        """Whether one is held or under way, or what waited meanwhile has not had its turn."""
        return self._held or self._under_way or self._rest.isActive()

    @contextmanager
    def apart(self) -> Iterator[None]:
        """Hold those that are asked for meanwhile until the next turn."""
        self._held = True
        try:
            yield
        finally:
            self._release.start(0)

    def _on_timeout(self) -> None:
        self._held = self._release.isActive()
        if self._wanted and not self._held:
            self._wanted, self._under_way = False, True
            QCoreApplication.postEvent(self.parent(), QEvent(QEvent.Type.UpdateRequest))

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Take a repaint away while they are held, and a second one right after the first."""
        if event is None or event.type() != QEvent.Type.UpdateRequest:
            return False
        self._wanted = self._held or self._rest.isActive()
        if self._under_way and not self._wanted:
            self._under_way = False
            self._rest.start(PAUSE)
        return self._wanted
