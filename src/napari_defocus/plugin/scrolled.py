"""Fields that are scrolled when there is too little room for them."""

from qtpy.QtCore import Qt
from qtpy.QtGui import QShowEvent
from qtpy.QtWidgets import QFrame, QScrollArea, QWidget

__all__ = ["Scrolled"]


class Scrolled(QScrollArea):
    """Scrolls its content up and down, and is never narrower than that.

    Parameters
    ----------
    content : QWidget
        What is scrolled; its layout must be set.
    """

    def __init__(self, content: QWidget) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidget(content)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def showEvent(self, event: QShowEvent | None) -> None:  # noqa: N802
        """Make the dock wide enough for whole fields; only now is the window's style known."""
        super().showEvent(event)
        content, bar = self.widget(), self.verticalScrollBar()
        if content is not None and bar is not None:
            self.setMinimumWidth(content.minimumSizeHint().width() + bar.sizeHint().width())
