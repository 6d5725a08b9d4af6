"""Our widgets in one place of the window, as tabs: one above the other has room for two rows of fields."""

from qtpy.QtCore import QEvent, QObject, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget

__all__ = ["TabbedDock"]

OURS = "napari_defocus"
"""Property that tells our widgets that have their place."""


class TabbedDock(QObject):
    """Lays the dock of a widget on that of another widget of ours, as a tab, when it is first shown.

    Where the user has put no other of our widgets in the same area, nothing is moved.

    Parameters
    ----------
    widget : QWidget
        The widget; it becomes the parent.
    """

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self._widget = widget
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._share)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject | None, event: QEvent | None) -> bool:  # noqa: N802
        """Wait for the widget to be shown: then napari has docked it."""
        if event is not None and event.type() == QEvent.Type.Show:
            self._widget.removeEventFilter(self)
            self._timer.start(0)
        return False

    def _share(self) -> None:
        self._widget.setProperty(OURS, True)  # only now: of several opened at once each goes to those before
        window = self._widget.window()
        dock = _dock_of(self._widget)
        if not isinstance(window, QMainWindow) or dock is None or dock.isFloating():
            return
        for other in window.findChildren(QDockWidget):
            if other is dock or other.isHidden() or other.isFloating() or not _is_ours(other):
                continue
            if window.dockWidgetArea(other) == window.dockWidgetArea(dock):
                window.tabifyDockWidget(other, dock)
                dock.raise_()
                return


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent


def _is_ours(dock: QDockWidget) -> bool:
    return any(child.property(OURS) for child in dock.findChildren(QWidget))
