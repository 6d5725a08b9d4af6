"""A viewer without a window, and a solver that waits for the test."""

import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from napari.components import ViewerModel
from napari.utils.notifications import notification_manager
from qtpy.QtWidgets import QWidget
from tiny_stacks import make_state

from napari_defocus import solver
from napari_defocus.errors import CancelledError
from napari_defocus.plugin import memory, preferences
from napari_defocus.plugin.preparation import Preparation
from napari_defocus.solver.result import DefocusResult, SolverState
from napari_defocus.solver.settings import SolverSettings


@pytest.fixture(autouse=True)
def _not_the_users_own(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither preferences nor remembered settings of whoever runs the tests."""
    path = tmp_path_factory.mktemp("config") / memory.FILE
    monkeypatch.setattr(memory, "_path", lambda: path)
    monkeypatch.setattr(preferences, "_stored", lambda: None)


@pytest.fixture(autouse=True)
def _nothing_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process that compiles, but where a test asks for one."""
    monkeypatch.setattr(Preparation, "ENABLED", False)


@pytest.fixture
def viewer(qapp: Any) -> ViewerModel:
    return ViewerModel()


@pytest.fixture
def destroy(qtbot: Any) -> Callable[[QWidget], None]:
    """Delete a widget, and wait until it is gone (waiting for its signal fails with PySide6)."""

    def destroy(widget: QWidget) -> None:
        gone: list[bool] = []
        widget.destroyed.connect(lambda: gone.append(True))
        widget.deleteLater()
        qtbot.waitUntil(lambda: bool(gone))

    return destroy


@pytest.fixture
def notifications() -> Iterator[list[str]]:
    messages: list[str] = []

    def keep(notification: Any) -> None:
        messages.append(notification.message)

    notification_manager.notification_ready.connect(keep)
    yield messages
    notification_manager.notification_ready.disconnect(keep)
    notification_manager.records.clear()


@pytest.fixture
def patient_solver(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A solver that gives its first states, then computes until `release` is set, then fails or ends.

    `states` is the number of the first states; the first `free` runs do not wait;
    `deaf` makes it compute without a word until `release`;
    `asked` counts the states that were asked for, `threads` are those that results were finished in.
    """
    control = SimpleNamespace(
        release=threading.Event(),
        states=1,
        deaf=False,
        error=None,
        notes=(),
        stopped=threading.Event(),
        seen=None,
        asked=0,
        free=0,
        threads=set(),
    )

    def state_of(images: Any, optics: Any, settings: Any, epoch: int) -> SolverState:
        return make_state(
            images.shape[1:], epoch, optics, settings=settings or SolverSettings(), notes=control.notes
        )

    def alternating_minimization(
        images: Any, optics: Any, settings: Any = None, *, progress: Any = None
    ) -> Iterator[SolverState]:
        control.seen = images, optics, settings
        try:
            control.asked = 1
            for epoch in range(control.states):
                yield state_of(images, optics, settings, epoch)
                control.asked += 1
            waits, control.free = control.free <= 0, control.free - 1
            while waits and not control.release.wait(0.002):
                if not control.deaf:
                    progress(0.3, "epoch 1 of 2: depth step")
            if control.error is not None:
                raise control.error
            progress(0.9, "epoch 2 of 2: depth step")
            yield state_of(images, optics, settings, control.states)
        except CancelledError:
            control.stopped.set()
            raise

    def finish(state: SolverState) -> DefocusResult:
        control.threads.add(threading.current_thread())
        return DefocusResult(
            depth=state.depth,
            all_in_focus=state.all_in_focus,
            outliers=state.depth > 2.9,
            confidence=state.confidence,
            losses=state.losses,
            unit=state.optics.depth_unit,
            method="defocus",
            parameters={"optics": state.optics.to_dict(), "settings": state.settings.to_dict()},
            notes=state.notes,
        )

    monkeypatch.setattr(solver, "alternating_minimization", alternating_minimization, raising=False)
    monkeypatch.setattr(solver, "finish", finish, raising=False)
    yield control
    control.release.set()
