"""What both solvers' widgets have in common: the layers of a run and the 3-D view."""

from collections.abc import Iterable
from dataclasses import replace
from functools import partial

from napari.components import ViewerModel

from napari_defocus.plugin.depth_worker import DepthWorker
from napari_defocus.plugin.letters import LettersAhead
from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.run_widget import RunWidget
from napari_defocus.plugin.save_bar import SaveBar
from napari_defocus.plugin.series_layers import SeriesLayers
from napari_defocus.plugin.series_worker import SeriesWorker
from napari_defocus.plugin.stack_source import FocalStackLayer
from napari_defocus.plugin.surface_button import SurfaceButton
from napari_defocus.plugin.turns import Step
from napari_defocus.plugin.worker import Outcome, SolverWorker
from napari_defocus.solver.result import DefocusResult

__all__ = ["StackWidget"]


class StackWidget(RunWidget):
    """A widget that runs a solver on a focal stack.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer it is docked in; results are added to it.
    """

    MANY = True

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__(viewer)
        self._results: ResultLayers | None = None
        self._letters = LettersAhead(viewer, self)
        self.surface_button = SurfaceButton(viewer)
        layout = self.layout()
        assert layout is not None  # made by the base class
        layout.addWidget(self.surface_button)
        self.save_bar = SaveBar(viewer)
        layout.addWidget(self.save_bar)

    def abandon(self) -> None:
        """Stop the run and show no more layers."""
        if self._results is not None:
            self._results.abandon()
        self._results = None
        self._letters.stop()
        super().abandon()

    def begin(self, stack: FocalStackLayer) -> SolverWorker:
        first, limits, unit = self.prepare(stack)
        self.panel.remark = ""
        worker: SolverWorker = first
        series = stack.series
        if series is None:
            self._results = ResultLayers(self._viewer, stack, limits, unit)
        else:
            stacks = (replace(stack, images=series.images(index), series=None) for index in series.indices)
            worker = SeriesWorker(series, [self.prepare(each)[0] for each in stacks], stack.white)
            self._results = SeriesLayers(self._viewer, stack, limits, unit, series)
        worker.improved.connect(self._on_improved)
        worker.returned.connect(self._on_result)
        worker.cancelled.connect(self._on_result)
        worker.kept.connect(self._on_result)
        return worker

    def prepare(self, stack: FocalStackLayer) -> tuple[DepthWorker, tuple[float, float], str]:
        """Return the worker, the contrast limits of its depth and its unit, or raise :class:`InputError`."""
        raise NotImplementedError

    def _on_stack(self) -> None:
        super()._on_stack()
        layer = self.picker.layer.value
        if layer is not None:
            self._letters.want(layer.name)

    def _on_running(self, running: bool) -> None:
        super()._on_running(running)
        if not running:
            if self._results is not None:
                self._turns.add(*self._results.legend_steps())
            self._results = None  # it holds the stack, which the user may delete to free its memory
            self.surface_button.refresh()

    def _on_improved(self, result: DefocusResult) -> None:
        if self._results is not None:
            self._show(self._results, self._results.steps(result))
            self._turns.add(self._on_shown)

    def _on_shown(self) -> None:
        worker = self.panel.worker
        if worker is None or worker.abort_requested:
            return  # the legend can wait until the result that is kept stands
        if self._results is not None:
            self._show(self._results, self._results.legend_steps())
        self._turns.add(worker.resume)

    def _on_result(self, result: Outcome | None) -> None:
        if self._results is not None and isinstance(result, DefocusResult):
            self._show(self._results, self._results.last_steps(result))
            self._show(self._results, [partial(self._tell_colours, self._results)])

    def _tell_colours(self, results: ResultLayers) -> None:
        self.panel.remark = "\n".join(filter(None, (self.panel.remark, results.colours_told)))

    def _show(self, results: ResultLayers, steps: Iterable[Step]) -> None:
        def unless_closed(step: Step) -> None:
            if self._results is results:
                step()

        self._turns.add(*(partial(unless_closed, step) for step in steps))
