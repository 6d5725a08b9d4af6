"""Repaints of a window apart from the steps that change it."""

from functools import partial
from types import SimpleNamespace

import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QTimer
from qtpy.QtWidgets import QWidget

from napari_defocus.plugin.repaints import Repaints
from napari_defocus.plugin.turns import Turns


class Window(QWidget):
    """A window that tells of what happens in it."""

    def __init__(self):
        super().__init__()
        self.log = []
        self.on_paint = lambda: None

    def event(self, event):
        if event.type() == QEvent.Type.UpdateRequest:
            self.log.append("asked")
        return super().event(event)

    def paintEvent(self, event):  # noqa: N802
        self.log.append("painted")
        self.on_paint()


@pytest.fixture
def window(qtbot):
    window = Window()
    qtbot.addWidget(window)
    window.show()
    qtbot.waitUntil(lambda: "painted" in window.log)
    qtbot.waitUntil(lambda: at_rest(window))
    return window


def at_rest(window):
    """Whether all that showing a window brings about is over."""
    window.log.clear()
    for _ in range(10):
        QCoreApplication.processEvents()
    return window.log == []


@pytest.fixture
def viewer(window):
    return SimpleNamespace(window=SimpleNamespace(_qt_viewer=SimpleNamespace(window=lambda: window)))


@pytest.fixture
def repaints(viewer):
    return Repaints.of(viewer)


def step(window, name="step"):
    window.log.append(name)
    window.update()


def test_a_window_has_one(viewer, repaints):
    assert Repaints.of(viewer) is repaints


def test_without_a_window_there_is_none(qapp):
    assert Repaints.of(SimpleNamespace()) is None


def test_who_waits_is_answered_between_step_and_repaint(window, repaints, qtbot):
    turns = Turns(window, repaints)
    timer = QTimer(window)
    timer.timeout.connect(lambda: window.log.append("timer"))

    def change():
        step(window)
        timer.start(0)  # after the step it is due, as a key that was pressed meanwhile

    turns.add(change)
    qtbot.waitUntil(lambda: "painted" in window.log)
    timer.stop()
    assert window.log[:2] == ["step", "timer"]


def test_without_repaints_the_window_is_painted_before(window, qtbot):
    turns = Turns(window)
    turns.add(lambda: step(window), lambda: step(window))
    qtbot.waitUntil(lambda: window.log.count("painted") == 2)
    assert window.log == ["step", "asked", "painted"] * 2


def test_steps_of_two_and_their_repaints_take_turns(window, repaints, qtbot):
    first, second = Turns(window, repaints), Turns(window, repaints)
    first.add(*[lambda: step(window, "first")] * 3)
    second.add(*[lambda: step(window, "second")] * 3)
    qtbot.waitUntil(lambda: window.log.count("painted") == 6)
    assert [what for what in window.log if what != "asked"][1::2] == ["painted"] * 6
    assert window.log.count("asked") == 6
    assert {window.log.count("first"), window.log.count("second")} == {3}


def test_a_second_repaint_right_after_the_first_waits(window, repaints, qtbot):
    timer = QTimer(window)
    timer.timeout.connect(lambda: window.log.append("timer"))

    def change_again():
        window.on_paint = timer.stop
        window.update()
        QCoreApplication.postEvent(window, QEvent(QEvent.Type.UpdateRequest))  # Qt would wait 5 ms
        timer.start(0)

    window.on_paint = change_again
    Turns(window, repaints).add(lambda: step(window))
    qtbot.waitUntil(lambda: window.log.count("painted") == 2)
    first = window.log.index("painted")
    assert "timer" in window.log[first : window.log.index("painted", first + 1)]


def test_repaints_without_end_do_not_keep_steps_waiting(window, repaints, qtbot):
    turns = Turns(window, repaints)
    window.on_paint = window.update
    window.update()
    done = []
    turns.add(*[partial(done.append, number) for number in range(10)])
    qtbot.waitUntil(lambda: len(done) == 10)
    assert window.log.count("painted") >= 10  # none was lost
    window.on_paint = lambda: None


def test_the_window_is_painted_while_a_step_waits(window, repaints, qtbot):
    """As for a dialog that a step opens."""

    def wait():
        step(window)
        qtbot.waitUntil(lambda: "painted" in window.log)
        window.log.append("over")

    Turns(window, repaints).add(wait)
    qtbot.waitUntil(lambda: "over" in window.log)


def test_steps_go_on_when_their_window_is_gone(qtbot, destroy):
    window = Window()
    repaints = Repaints(window)
    log = []
    turns = Turns(None, repaints)
    turns.add(lambda: log.append("before"))
    qtbot.waitUntil(lambda: log == ["before"])
    destroy(window)
    turns.add(lambda: log.append("after"), lambda: log.append("at last"))
    qtbot.waitUntil(lambda: log == ["before", "after", "at last"])


def test_a_step_may_close_the_window(qtbot):
    window = Window()
    repaints, log, gone = Repaints(window), [], []
    window.destroyed.connect(lambda: gone.append(True))
    turns = Turns(None, repaints)
    turns.add(window.deleteLater, lambda: qtbot.waitUntil(lambda: bool(gone)), lambda: log.append("after"))
    qtbot.waitUntil(lambda: log == ["after"])


def test_the_window_is_painted_though_who_changed_it_is_gone(window, repaints, qtbot):
    owner = QWidget(window)
    turns = Turns(owner, repaints)

    def end():
        step(window)
        owner.deleteLater()

    turns.add(end, lambda: window.log.append("too late"))
    qtbot.waitUntil(lambda: "painted" in window.log)
    qtbot.waitUntil(lambda: not repaints.busy)
    assert "too late" not in window.log


def test_an_error_in_a_step_holds_no_repaint_back(window, repaints, qtbot):
    turns = Turns(window, repaints)

    def fail():
        step(window)
        raise ZeroDivisionError

    with qtbot.captureExceptions() as errors:
        turns.add(fail)
        qtbot.waitUntil(lambda: "painted" in window.log)
    assert [kind for kind, _, _ in errors] == [ZeroDivisionError]
    qtbot.waitUntil(lambda: not repaints.busy)


def test_repaints_that_no_step_asked_for_are_left_alone(window, repaints, qtbot):
    for count in range(1, 4):
        window.update()
        assert not repaints.busy
        qtbot.waitUntil(lambda count=count: window.log.count("painted") == count)
        assert not repaints.busy
