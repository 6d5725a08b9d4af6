"""Opens a focal stack in another thread: headers of many files, a first image, libraries to import."""

from pathlib import Path

from napari.layers import Image
from superqt.utils import WorkerBase

from napari_defocus.plugin.reader import open_focal_stack

__all__ = ["OpeningWorker"]


class OpeningWorker(WorkerBase[Image]):
    """Ends in ``returned`` with the layer, not yet in a viewer, or in ``errored``; then ``finished``.

    Parameters
    ----------
    path : str, Path or list of them
        What :func:`napari_defocus.read_focal_stack` reads.
    """

    def __init__(self, path: str | Path | list[str | Path]) -> None:
        super().__init__()
        self._path = path

    def run(self) -> None:
        """Open and report; unlike the base class without redirecting the warnings of the whole process."""
        self._running = True
        self.started.emit()
        try:
            layer = self.work()
        except Exception as error:  # whatever is wrong with the file, the user has to be told
            self.errored.emit(error)
        else:
            self.returned.emit(layer)
        self._running = False
        self.finished.emit()
        self._finished.emit(self)

    def work(self) -> Image:
        """Make the layer, which also reads the plane that is shown."""
        data, options, _ = open_focal_stack(self._path)
        return Image(data, **options)
