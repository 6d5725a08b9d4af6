import pytest
from qtpy.QtCore import QCoreApplication, QEvent, QObject

from napari_defocus.plugin.turns import Turns


class Receiver(QObject):
    """Keeps the events that are posted to it, as a window does with requests to draw."""

    def __init__(self, log):
        super().__init__()
        self.log = log

    def event(self, event):
        if event.type() == QEvent.Type.User:
            self.log.append("event")
            return True
        return super().event(event)


@pytest.fixture
def turns(qapp):
    return Turns()


def test_what_a_step_brings_about_is_seen_to_before_the_next_step(turns, qtbot):
    log = []
    receiver = Receiver(log)

    def step():
        log.append("step")
        QCoreApplication.postEvent(receiver, QEvent(QEvent.Type.User))

    turns.add(step, step)
    turns.add(step)
    assert log == []
    qtbot.waitUntil(lambda: len(log) == 6)
    assert log == ["step", "event"] * 3


def test_steps_of_steps_come_last(turns, qtbot):
    log = []
    turns.add(lambda: turns.add(lambda: log.append("late")), lambda: log.append("early"))
    qtbot.waitUntil(lambda: len(log) == 2)
    assert log == ["early", "late"]


def test_an_error_does_not_hold_up_the_others(turns, qtbot):
    log = []
    with qtbot.captureExceptions() as errors:
        turns.add(lambda: 1 / 0, lambda: log.append("next"))
        qtbot.waitUntil(lambda: log == ["next"])
    assert [kind for kind, _, _ in errors] == [ZeroDivisionError]


class Window:
    """Tells when repaints are held."""

    def __init__(self, log):
        self._log = log
        self.busy = False

    def hold(self):
        self._log.append("held")


def test_repaints_are_held_for_work_outside_the_steps_too(qapp, monkeypatch):
    log = []
    monkeypatch.setattr("napari_defocus.plugin.turns.isalive", lambda _: True)
    Turns(repaints=Window(log)).hold_repaints()
    assert log == ["held"]
    Turns().hold_repaints()
    assert log == ["held"]
