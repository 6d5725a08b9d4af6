"""Pictures of the unknowns after each half-step of a run."""

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import TYPE_CHECKING, Self

from napari_defocus.io.pictures import as_picture
from napari_defocus.io.plots import check_matplotlib, depth_label, depth_limits, new_figure
from napari_defocus.io.result_directory import HALF_STEPS_FOLDER

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from napari_defocus.solver.result import SolverState


def plot_half_step(state: "SolverState") -> "Figure":
    """Draw depth and all-in-focus image after one half-step of the solver."""
    figure = new_figure(11.0, 4.2)
    left, right = figure.subplots(1, 2)
    low, high = depth_limits(state.depth)
    image = left.imshow(state.depth, vmin=low, vmax=high)
    figure.colorbar(image, ax=left, label=depth_label(state.optics.depth_unit))
    right.imshow(as_picture(state.all_in_focus), cmap="gray", vmin=0, vmax=1)
    for axes in (left, right):
        axes.set_axis_off()
    figure.suptitle(f"epoch {state.epoch}, {state.step}: loss {state.loss:.4e}", size=10)
    return figure


class HalfStepPlots:
    """Draws each half-step as it comes, since the states of a long run do not all fit into memory.

    The pictures are kept in a temporary folder until :meth:`move_to`; leaving the ``with`` block removes it.
    """

    def __init__(self) -> None:
        check_matplotlib()
        self._folder = TemporaryDirectory()
        self._count = 0

    def add(self, state: "SolverState") -> None:
        """Draw a half-step."""
        name = f"{self._count:03d}_epoch_{state.epoch:02d}_{state.step}.png"
        plot_half_step(state).savefig(Path(self._folder.name, name), dpi=100)
        self._count += 1

    def move_to(self, directory: Path) -> None:
        """Move the pictures to the folder ``half_steps`` of a result's directory."""
        shutil.copytree(self._folder.name, directory / HALF_STEPS_FOLDER)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._folder.cleanup()
