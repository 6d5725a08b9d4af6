"""Run, Pause and Cancel, progress, and what became of the run."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from napari.utils.notifications import notification_manager, show_error, show_info
from qtpy.QtCore import Qt, Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QPushButton, QVBoxLayout, QWidget

from napari_defocus.errors import InputError, SolverError
from napari_defocus.plugin.collecting import hold_full_collections
from napari_defocus.plugin.depth_worker import STOPPED, UNFINISHED
from napari_defocus.plugin.series_result import SeriesResult
from napari_defocus.plugin.turns import Turns
from napari_defocus.plugin.worker import Outcome, SolverWorker
from napari_defocus.solver.blur_estimation import FOUND
from napari_defocus.solver.result import DefocusResult

__all__ = ["RunPanel", "report"]

STEPS = 1000
"""Resolution of the progress bar."""

PAUSE, RESUME = "Pause", "Resume"
DONE, CANCELLED = "Done", "Cancelled"

KEPT_WHOLE = "What was done before is kept and can be saved."
KEPT = "Depth and image so far are kept and can be saved; confidence and outliers were not computed."
"""What is told of a run that an error has stopped."""

PROMINENT = (
    "QPushButton:enabled { background: palette(highlight); color: palette(highlighted-text); "
    "font-weight: bold; }"
)
"""Style of the button that is the next thing to press."""


def report(error: BaseException) -> None:
    """Tell the user of an error: one sentence where it is one of ours, with the traceback at hand if not."""
    if isinstance(error, InputError | SolverError):
        show_error(str(error))
    elif isinstance(error, MemoryError):
        show_error("Not enough memory for this stack; crop it or scale it down and run again.")
    else:
        notification_manager.receive_error(type(error), error, error.__traceback__)


class RunPanel(QWidget):
    """Buttons and progress of one run at a time.

    Parameters
    ----------
    turns : Turns
        Steps of the window. The end of a run is told after those that show its result.

    Attributes
    ----------
    run_requested : Signal
        The user pressed Run.
    running_changed : Signal(bool)
        A run began or ended.
    remark : str
        What is told of the next run with its result.
    """

    run_requested = Signal()
    running_changed = Signal(bool)

    def __init__(self, turns: Turns, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._turns = turns
        self.run_button = QPushButton("Run")
        self.run_button.setStyleSheet(PROMINENT)
        self.pause_button = QPushButton(PAUSE)
        self.pause_button.setToolTip("Let the run wait, with all it has; other work gets the processor.")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setToolTip("Stop within a second and keep the best result so far.")
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.status.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.status.setMinimumHeight(3 * self.status.fontMetrics().lineSpacing())  # no jumping as it changes
        self.worker: SolverWorker | None = None
        self.remark = ""
        self._can_run = False
        self._collect_again: Callable[[], None] = lambda: None
        self._if_destroyed: list[Any] = []
        self._loss: float | None = None
        self._kept = ""
        self._started = 0.0
        self._paused = 0.0
        self.buttons = QHBoxLayout()
        for button in (self.run_button, self.pause_button, self.cancel_button):
            self.buttons.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(self.buttons)
        layout.addWidget(self.bar)
        layout.addWidget(self.status)
        self.run_button.clicked.connect(self.run_requested)
        self.pause_button.clicked.connect(self.pause_or_resume)
        self.cancel_button.clicked.connect(self.cancel)
        self._update_buttons()

    @property
    def running(self) -> bool:
        """Whether a run is under way."""
        return self.worker is not None

    def add(self, *widgets: QWidget) -> None:
        """Put widgets below the status."""
        layout = self.layout()
        assert layout is not None  # made above
        for widget in widgets:
            layout.addWidget(widget)

    def set_ready(self, ready: bool, message: str) -> None:
        """Say whether there is something to run on, and what to do next."""
        self._can_run = ready
        self.run_button.setToolTip(message)
        if not self.running:
            self.status.setText(message)
            if not ready:
                self.bar.setValue(0)  # it was about a stack that is gone
        self._update_buttons()

    def start(self, worker: SolverWorker) -> None:
        """Start a run and follow it."""
        self.worker = worker
        self._loss = None
        self._kept = ""
        self._started = time.monotonic()
        self.bar.setValue(0)
        self.status.setText("Starting ...")
        worker.signals.progressed.connect(self._on_progressed)
        worker.signals.improved.connect(self._on_improved)
        worker.signals.returned.connect(self._on_returned)
        worker.signals.cancelled.connect(self._on_cancelled)
        worker.signals.kept.connect(self._on_kept)
        worker.signals.errored.connect(self._on_errored)
        worker.signals.finished.connect(self._on_finished)
        self._collect_again = hold_full_collections()
        self._if_destroyed = [self.destroyed.connect(call) for call in (worker.discard, self._collect_again)]
        self._update_buttons()
        self.running_changed.emit(True)
        worker.start()

    def abandon(self) -> None:
        """Stop the run without waiting for its result."""
        if self.worker is not None:
            self.worker.discard()

    def pause_or_resume(self) -> None:
        """Let the run wait, or go on again; the time it waits is not counted."""
        if self.worker is None or self.worker.abort_requested:
            return
        if self.worker.paused:
            self._started += time.monotonic() - self._paused
            self.worker.unpause()
            self.status.setText("Going on ...")
        else:
            self._paused = time.monotonic()
            self.worker.pause()
            self.status.setText("Paused: Resume goes on, Cancel keeps the best result so far.")
        self._update_buttons()

    def cancel(self) -> None:
        """Ask the run to stop; it answers within a second."""
        if self.worker is not None:
            self.worker.quit()
            self.status.setText("Cancelling ...")
            self._update_buttons()

    def _on_progressed(self, fraction: float, message: str) -> None:
        if self.worker is None or self.worker.abort_requested or self.worker.paused:
            return
        self.bar.setValue(round(STEPS * fraction))
        parts = [message[:1].upper() + message[1:]]
        if self._loss is not None:
            parts.append(f"loss {self._loss:.3g}")
        if fraction > 0.02:
            elapsed = time.monotonic() - self._started
            parts.append(f"about {_duration(elapsed * (1 - fraction) / fraction)} left")
        self.status.setText(" · ".join(parts))

    def _on_improved(self, result: DefocusResult) -> None:
        self._loss = result.losses[-1] if result.losses else None

    def _on_returned(self, result: Outcome | None) -> None:
        self.bar.setValue(STEPS)
        self._turns.add(partial(self._conclude, DONE, result))

    def _on_cancelled(self, result: Outcome | None) -> None:
        self.bar.setValue(0)
        if result is None:
            self.status.setText("Cancelled before the first result; nothing was added.")
        else:
            self._turns.add(partial(self._conclude, CANCELLED, result))

    def _on_kept(self, result: Outcome) -> None:
        self._kept = f"\n{KEPT if STOPPED in result.notes else KEPT_WHOLE}"

    def _on_errored(self, error: Exception) -> None:
        self.bar.setValue(0)
        self.status.setText(f"Stopped by an error: {error}{self._kept}")
        report(error)

    def _on_finished(self) -> None:
        self._turns.add(self._end)

    def _end(self) -> None:
        self.worker = None
        self._collect_again()
        for connection in self._if_destroyed:
            self.disconnect(connection)  # type: ignore[call-arg]  # it takes one
        if not self._can_run:  # the stack was deleted meanwhile
            self.bar.setValue(0)
            self.status.setText(f"{self.status.text()}\n{self.run_button.toolTip()}")
        self._update_buttons()
        self.running_changed.emit(False)

    def _conclude(self, outcome: str, result: Outcome | None) -> None:
        parts = [f"{outcome} after {_duration(time.monotonic() - self._started)}"]
        if outcome == CANCELLED:
            parts[0] += "; the best result so far is kept"
        figures: list[str] = []
        lines: list[str] = []
        notes = () if result is None else result.notes
        if isinstance(result, SeriesResult):
            figures += [result.told] if result.told else []
        elif isinstance(result, DefocusResult):
            figures += _figures(result)
            if UNFINISHED not in notes:
                lines.append(
                    f"{result.confidence.mean():.0%} of depths expected right {result.confidence_meaning}"
                )
        if outcome == CANCELLED and figures:
            lines.insert(0, " · ".join(figures))  # beside so long a beginning they would be torn apart
        else:
            parts += figures
        remarks = [self.remark] if self.remark else []
        self.status.setText("\n".join([" · ".join(parts), *lines, *notes, *remarks]))
        for note in notes:
            if FOUND not in note:  # that is as it should be, and stands in the panel
                show_info(note)

    def _update_buttons(self) -> None:
        self.run_button.setEnabled(self._can_run and not self.running)
        stoppable = self.worker is not None and not self.worker.abort_requested
        self.cancel_button.setEnabled(stoppable)
        self.pause_button.setEnabled(stoppable)
        self.pause_button.setText(RESUME if self.worker is not None and self.worker.paused else PAUSE)


def _figures(result: DefocusResult) -> list[str]:
    figures = [f"loss {result.losses[-1]:.3g}"] if result.losses else []
    if result.method == "defocus" and UNFINISHED not in result.notes:
        figures.append(f"{np.count_nonzero(result.outliers) / result.outliers.size:.1%} outliers")
    return figures


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 90 else f"{round(whole / 60)} min"
