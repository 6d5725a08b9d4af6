"""What to do when a run would not fit into memory."""

import psutil
from qtpy.QtCore import Signal  # type: ignore[attr-defined]
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.solver.memory import block_that_fits, memory_of_run

__all__ = ["MemoryOffer", "free_memory"]

SHARE = 0.9
"""Share of the free memory that a run may take."""


def free_memory() -> int:
    """Memory that programs may still take, bytes."""
    return int(psutil.virtual_memory().available)


class MemoryOffer(QWidget):
    """Two buttons, seen only when the run that was asked for would not fit; the error says why.

    Attributes
    ----------
    accepted : Signal
        Run in blocks of :attr:`side` px.
    declined : Signal
        Run as a whole all the same.
    """

    accepted = Signal()
    declined = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.side: int | None = None
        self.block_button = QPushButton()
        self.block_button.setToolTip(
            "Solve block by block: the same result but for what the halos leave out, in about twice the "
            "time; layers appear at the end."
        )
        self.anyway_button = QPushButton("Run anyway")
        self.anyway_button.setToolTip("Run as a whole: the system may become slow, or end the program.")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.block_button)
        layout.addWidget(self.anyway_button)
        self.block_button.clicked.connect(self.accepted)
        self.anyway_button.clicked.connect(self.declined)
        self.hide()

    def check(self, stack: FocalStackLayer) -> None:
        """Check that a run fits.

        Raises
        ------
        InputError
            If it does not; the offer is shown then.
        """
        self.hide()
        shape, dtype = stack.images.shape, stack.images.dtype
        needed, free = memory_of_run(shape, dtype), free_memory()
        if needed <= SHARE * free:
            return
        self.side = block_that_fits(shape, dtype, int(SHARE * free))
        message = f"Not enough memory: a run takes {_size(needed)}, and {_size(free)} are free."
        mend = "Close other programs, draw a region, or press Preview."
        if self.side is not None:
            mend = "Run it in blocks, draw a region, or press Preview."
            self.block_button.setText(f"Run in blocks of {self.side} px")
        self.block_button.setVisible(self.side is not None)
        self.show()
        raise InputError(f"{message} {mend}")


def _size(count: float) -> str:
    return f"{count / 2**30:.1f} GiB" if count >= 2**30 else f"{count / 2**20:.0f} MiB"
