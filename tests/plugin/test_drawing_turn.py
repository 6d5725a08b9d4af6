import os

import pytest
from qtpy.QtCore import QSocketNotifier, QTimer
from qtpy.QtWidgets import QMainWindow, QWidget

from napari_defocus.plugin.drawing_turn import drawing_turn_of
from napari_defocus.plugin.turns import Turns


class Canvas(QWidget):
    """Tells when it is drawn."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def paintEvent(self, _):  # noqa: N802
        self.log.append("drawn")


class Input:
    """A user who presses a key while a step is under way."""

    def __init__(self, log):
        self._log = log
        self._end, self._start = os.pipe()
        self._notifier = QSocketNotifier(self._end, QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._answer)

    def press(self):
        os.write(self._start, b"x")

    def close(self):
        self._notifier.setEnabled(False)
        os.close(self._end)
        os.close(self._start)

    def _answer(self, *_):
        os.read(self._end, 1)
        self._log.append("answered")


@pytest.fixture
def log():
    return []


@pytest.fixture
def user(qapp, log):
    user = Input(log)
    yield user
    user.close()


@pytest.fixture
def window(qtbot, log):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setCentralWidget(Canvas(log))
    window.show()
    qtbot.waitUntil(lambda: "drawn" in log)
    log.clear()
    return window


def test_the_window_answers_between_a_step_and_what_it_lets_it_draw(window, user, log, qtbot):
    turns = Turns(window.centralWidget())

    def step():
        log.append("step")
        window.centralWidget().update()
        user.press()

    turns.add(step, step)
    qtbot.waitUntil(lambda: log.count("drawn") == 2)
    assert log == ["step", "answered", "drawn"] * 2


def test_steps_of_two_kinds_do_not_share_a_turn(window, user, log, qtbot):
    first, second = (Turns(QWidget(window)) for _ in range(2))

    def step():
        log.append("step")
        user.press()

    first.add(step)
    second.add(step)
    qtbot.waitUntil(lambda: log.count("answered") == 2)
    assert log == ["step", "answered"] * 2


def test_what_a_step_has_left_to_draw_is_drawn_without_it(window, log, qtbot):
    inner = QWidget(window)
    turns = Turns(inner)

    def step():
        window.centralWidget().update()
        inner.deleteLater()

    turns.add(step)
    qtbot.waitUntil(lambda: log == ["drawn"])
    qtbot.waitUntil(lambda: not drawing_turn_of(window.centralWidget()).busy)
    window.centralWidget().update()
    qtbot.waitUntil(lambda: log == ["drawn"] * 2)


def test_what_moves_all_the_time_does_not_hold_up_the_steps(window, log, qtbot):
    """A window that is drawn anew whenever it has been drawn, as while the user turns a surface."""
    canvas = window.centralWidget()
    timer = QTimer(window)
    timer.timeout.connect(canvas.update)
    timer.start(0)
    turns = Turns(canvas)
    turns.add(*[lambda: log.append("step")] * 3)
    qtbot.waitUntil(lambda: log.count("step") == 3)
    timer.stop()


def test_a_main_window_has_one_drawing_turn_also_for_what_floats_before_it(window, qtbot):
    floating = QWidget(window)
    floating.setWindowFlag(floating.windowFlags().Window)
    inner = QWidget(floating)
    found = drawing_turn_of(inner)
    assert found is not None
    assert found.parent() is window
    assert found is drawing_turn_of(window.centralWidget())


def test_what_is_no_widget_has_none():
    assert drawing_turn_of(None) is None
