"""Somebody with a mouse and a keyboard before a napari window."""

import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import napari
import numpy as np
from napari._qt.dialogs.qt_notification import NapariQtNotification
from PIL import Image
from qtpy.QtCore import QBuffer, QEvent, QEventLoop, QPointF, Qt, QTimer
from qtpy.QtGui import QMouseEvent
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication, QComboBox, QDockWidget, QFileDialog, QMenu, QScrollArea, QWidget

from session_steps.watch import Watch, threads, workers

PICTURE_WIDTH = 1150
COLOURS = 256
LONGEST = 120
"""Seconds after which what was waited for will not come."""

LEFT = Qt.MouseButton.LeftButton
NONE = Qt.MouseButton.NoButton


class User:
    """Presses, types, drags, looks.

    Parameters
    ----------
    viewer : napari.Viewer
        The window.
    watch : Watch
        What is written and told meanwhile.
    folder : Path
        For the pictures.
    """

    def __init__(self, viewer: napari.Viewer, watch: Watch, folder: Path) -> None:
        self.viewer, self.watch, self._folder = viewer, watch, folder
        self.window: QWidget = viewer.window._qt_window
        self._shots = 0

    def wait(self, until: Callable[[], Any], what: str = "") -> float:
        """Let the window work until something holds; return the seconds it took."""
        loop, timer, began = QEventLoop(), QTimer(), time.monotonic()

        def look() -> None:
            if until() or time.monotonic() - began > LONGEST:
                loop.quit()

        timer.timeout.connect(look)
        timer.start(10)
        loop.exec()
        assert until(), f"waited in vain: {what}"
        return time.monotonic() - began

    def settle(self, milliseconds: int = 400) -> None:
        """Let the window draw itself."""
        loop = QEventLoop()
        QTimer.singleShot(milliseconds, loop.quit)
        loop.exec()

    def menu(self, *titles: str) -> None:
        """Choose an entry of the menus, as in ``"File", "Open Sample", "..."``."""
        menu = self.window.menuBar()
        for title in titles:
            if isinstance(menu, QMenu):
                menu.aboutToShow.emit()  # napari fills its menus then
            (action,) = (a for a in menu.actions() if a.text().replace("&", "").startswith(title))
            if title == titles[-1]:
                assert action.isEnabled()
                action.trigger()
            menu = action.menu()
        QApplication.processEvents()

    def open(self, title: str, kind: type[Any]) -> Any:
        """Open one of our widgets from the menu Plugins."""
        self.menu("Plugins", "napari-defocus", f"{title} (napari-defocus)")
        self.settle()
        return self.window.findChildren(kind)[-1]

    def press(self, button: QWidget) -> None:
        """Click a button, as one that can be seen and is enabled."""
        see(button)
        assert button.isEnabled(), button
        assert button.isVisible(), button
        QTest.mouseClick(button, LEFT)

    def tick(self, box: QWidget) -> None:
        """Click the square of a check box."""
        see(box)
        QTest.mouseClick(box, LEFT, pos=box.rect().center().__class__(8, box.height() // 2))

    def type(self, field: QWidget, text: str) -> None:
        """Replace what a field holds."""
        see(field)
        field.setFocus()
        QTest.keyClick(field, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
        QTest.keyClicks(field, text)
        QTest.keyClick(field, Qt.Key.Key_Return)

    def keys(self, field: QWidget, key: Qt.Key, count: int = 1) -> None:
        """Press a key some times, with the focus on a field."""
        see(field)
        field.setFocus()
        for _ in range(count):
            QTest.keyClick(field, key)

    def choose(self, box: QComboBox, text: str) -> None:
        """Go through the entries of a box with the arrow keys until one begins with `text`."""
        see(box)
        box.setFocus()
        QTest.keyClick(box, Qt.Key.Key_Home)
        for _ in range(box.count()):
            if box.currentText().startswith(text):
                return
            QTest.keyClick(box, Qt.Key.Key_Down)
        raise AssertionError(f"{text} is none of {[box.itemText(index) for index in range(box.count())]}")

    def tab(self, tabs: Any, title: str) -> None:
        """Click a tab."""
        see(tabs)
        (index,) = (index for index in range(tabs.count()) if tabs.tabText(index) == title)
        QTest.mouseClick(tabs.tabBar(), LEFT, pos=tabs.tabBar().tabRect(index).center())
        assert tabs.currentIndex() == index

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Drag the mouse over the image, between two places (y, x) in the viewer's coordinates."""
        first, last = self._on_canvas(start), self._on_canvas(end)
        self._mouse(QEvent.Type.MouseMove, first, NONE, NONE)
        self._mouse(QEvent.Type.MouseButtonPress, first, LEFT, LEFT)
        for share in np.linspace(0, 1, 8):
            self._mouse(QEvent.Type.MouseMove, first + share * (last - first), NONE, LEFT)
        self._mouse(QEvent.Type.MouseButtonRelease, last, LEFT, NONE)

    def point(self, place: tuple[float, float]) -> None:
        """Move the mouse over the image."""
        self._mouse(QEvent.Type.MouseMove, self._on_canvas(place), NONE, NONE)
        self.settle(200)

    def turn(self, right: int, down: int) -> None:
        """Turn the 3-D view by a drag of so many pixels of the screen."""
        middle = np.array([self._canvas.native.width(), self._canvas.native.height()]) / 2
        self._mouse(QEvent.Type.MouseButtonPress, middle, LEFT, LEFT)
        for share in np.linspace(0, 1, 5):
            self._mouse(QEvent.Type.MouseMove, middle + share * np.array([right, down]), NONE, LEFT)
        self._mouse(QEvent.Type.MouseButtonRelease, middle + np.array([right, down]), LEFT, NONE)

    def delete(self, *names: str) -> None:
        """Select layers one by one and press the waste basket.

        napari 0.9.2, drawn by the processor, crashes in its drawing when several visible images are deleted
        at once; that is so without any plugin.
        """
        for name in reversed(names):
            self.viewer.layers.selection = {self.viewer.layers[name]}
            self.press(self.viewer.window._qt_viewer.layerButtons.deleteButton)
            self.settle(150)

    def answering(self, dialog: str, path: Path) -> Any:
        """Answer a file dialog, which is the system's own and not to be driven, with a path."""
        answer = str(path) if dialog == "getExistingDirectory" else (str(path), "")
        return patch.object(QFileDialog, dialog, lambda *_, **__: answer)

    def run(self, widget: Any, button: QWidget | None = None) -> float:
        """Press a button that begins a run and wait for its end; return the seconds."""
        self.press(button or widget.panel.run_button)
        assert widget.panel.running, widget.panel.status.text()
        seconds = self.wait(lambda: not widget.panel.running, "end of the run")
        self.idle()
        return seconds

    def close_notices(self) -> None:
        """Close the notifications at the bottom of the window."""
        for notice in self.window.findChildren(NapariQtNotification):
            notice.close()

    def idle(self) -> None:
        """Wait for the threads of a run, which end after it has answered."""
        self.wait(lambda: not threads() and not workers(), "end of the threads")

    def look(self, name: str, *, at: QWidget | None = None, close_notices: bool = True) -> None:
        """Take a picture of the window or of a part of it; check that nothing was written to the console."""
        if close_notices:
            self.close_notices()  # some name a folder of this machine
        self.settle()
        self.watch.check()
        self._shots += 1
        if at is None:
            pixels = np.asarray(self.viewer.window.screenshot(flash=False, canvas_only=False))[..., :3]
            picture = Image.fromarray(pixels)
            height = round(picture.height * PICTURE_WIDTH / picture.width)
            small = picture.resize((PICTURE_WIDTH, height), Image.Resampling.LANCZOS)
        else:
            see(at)
            small = picture_of(at)
        small = small.quantize(COLOURS, dither=Image.Dither.NONE)
        path = self._folder / f"session_{self._shots:02d}_{name}.png"
        small.save(path, optimize=True)
        print(f"{path.name}: {path.stat().st_size // 1024} kB", [layer.name for layer in self.viewer.layers])

    @property
    def _canvas(self) -> Any:
        return self.viewer.window._qt_viewer.canvas

    def _on_canvas(self, place: tuple[float, float]) -> np.ndarray:
        """Pixel (x, y) of the canvas at a place (y, x)."""
        view = self._canvas.view
        x, y, *_ = (view.transform * view.scene.transform).map([place[1], place[0]])
        return np.array([x, y])

    def _mouse(self, kind: Any, place: np.ndarray, button: Any, held: Any) -> None:
        native = self._canvas.native
        where = QPointF(*(float(value) for value in place))
        event = QMouseEvent(
            kind, where, native.mapToGlobal(where), button, held, Qt.KeyboardModifier.NoModifier
        )
        QApplication.sendEvent(native, event)
        QApplication.processEvents()


def picture_of(widget: QWidget) -> Image.Image:
    """Return a widget as it is drawn."""
    kept = QBuffer()
    widget.grab().save(kept, "PNG")
    return Image.open(BytesIO(bytes(kept.data()))).convert("RGB")


def see(widget: QWidget) -> None:
    """Bring the tab of a widget to the front and scroll until it is seen."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QDockWidget):
            parent.raise_()
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()
    QApplication.processEvents()
