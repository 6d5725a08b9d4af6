"""The newest of many wishes, computed in another thread."""

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QObject, Signal  # type: ignore[attr-defined]

from napari_defocus.plugin.calculation import Calculation

__all__ = ["Latest"]


class Latest(QObject):
    """Computes one thing at a time; while it does, only the newest further wish is kept.

    Attributes
    ----------
    found : Signal(object)
        What the function returned. Nothing is told of a wish that was overtaken or dropped.
    failed : Signal(object)
        The exception it raised.
    """

    found = Signal(object)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._worker: Calculation | None = None
        self._wanted: Callable[[], Any] | None = None
        self._dropped = False
        self._tell: Callable[[], None] | None = None

    @property
    def busy(self) -> bool:
        """Whether something is being computed."""
        return self._worker is not None

    def want(self, function: Callable[[], Any]) -> None:
        """Compute this, as soon as what is under way is done; it must not touch layers or widgets."""
        self._wanted, self._dropped = function, True
        self._start()

    def drop(self) -> None:
        """Want nothing any more, nor the result of what is under way."""
        self._wanted, self._dropped = None, True

    def _start(self) -> None:
        if self._worker is not None or self._wanted is None:
            return
        function, self._wanted, self._dropped = self._wanted, None, False
        self._worker = worker = Calculation(function)
        worker.signals.returned.connect(self._on_returned)
        worker.signals.errored.connect(self._on_errored)
        worker.signals.finished.connect(self._on_finished)
        worker.start()

    def _on_returned(self, result: Any) -> None:
        self._tell = partial(self.found.emit, result)

    def _on_errored(self, error: Exception) -> None:
        self._tell = partial(self.failed.emit, error)

    def _on_finished(self) -> None:
        self._worker = None
        tell, self._tell = self._tell, None
        if tell is not None and not self._dropped:
            tell()  # only now: whoever is told may want something at once
        self._start()
