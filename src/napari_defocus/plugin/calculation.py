"""A short calculation in another thread."""

from collections.abc import Callable
from typing import Any

from superqt.utils import WorkerBase

__all__ = ["Calculation"]


class Calculation(WorkerBase[Any]):
    """Ends in ``returned`` with what the function returned, or in ``errored``; then ``finished``.

    Parameters
    ----------
    function : callable
        What to call, without arguments; it must not touch layers or widgets.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        super().__init__()
        self._function = function

    def run(self) -> None:
        """Calculate and report; unlike the base class without redirecting the whole process's warnings."""
        self._running = True
        self.started.emit()
        try:
            result = self.work()
        except Exception as error:  # whatever it is, the user has to be told
            self.errored.emit(error)
        else:
            self.returned.emit(result)
        self._running = False
        self.finished.emit()
        self._finished.emit(self)

    def work(self) -> Any:
        """Call the function."""
        return self._function()
