"""Reads and runs the stacks of a queue in another thread."""

import time
from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Signal  # type: ignore[attr-defined]

from napari_defocus.batch import Item, Plan, State, find_stacks, inspect, new_items, run_queue
from napari_defocus.plugin.worker import LEAST_INTERVAL, SolverSignals, SolverWorker

__all__ = ["BatchWorker", "InspectionWorker", "QueueWorker"]


class QueueSignals(SolverSignals):
    """Signals of work on a queue.

    Attributes
    ----------
    item_changed : Signal(Item)
        An item is new or has changed.
    """

    item_changed = Signal(object)


class QueueWorker(SolverWorker):
    """Work on a queue; it has no result of its own, and it has come to an end when that is told."""

    SIGNALS = QueueSignals
    ANSWERS_AT_ONCE = False  # the next run writes to the same folders
    signals: QueueSignals

    def best(self) -> None:
        """Return nothing: results are in files."""


class InspectionWorker(QueueWorker):
    """Finds the stacks of files and folders and reads their headers.

    Parameters
    ----------
    paths : sequence of path
        What :func:`napari_defocus.batch.find_stacks` takes.
    present : sequence of Item
        What is in the queue already.
    """

    def __init__(self, paths: Sequence[str | Path], present: Sequence[Item]) -> None:
        super().__init__()
        self._paths, self._present = paths, present

    def work(self) -> None:
        """Tell all items at once, then each again when it has been read."""
        items = new_items(find_stacks(self._paths), self._present)
        for item in items:
            self.signals.item_changed.emit(item)
        for index, item in enumerate(items):
            self._progress(index / len(items), f"reading {item.name}")
            self.signals.item_changed.emit(inspect(item))


class BatchWorker(QueueWorker):
    """Runs the stacks of a queue.

    Parameters
    ----------
    items : sequence of Item
        The queue.
    plan : Plan
        What to do with each.
    """

    def __init__(self, items: Sequence[Item], plan: Plan) -> None:
        super().__init__()
        self._items, self._plan = items, plan
        self._last_shown = -LEAST_INTERVAL

    def work(self) -> None:
        """Run the queue."""
        run_queue(self._items, self._plan, show=self._show, progress=self._progress)

    def _show(self, item: Item) -> None:
        if item.state is State.RUNNING:
            now = time.monotonic()
            if now - self._last_shown < LEAST_INTERVAL:
                return
            self._last_shown = now
        self.signals.item_changed.emit(item)
