"""Results of many stacks as layers with the axes of the stacks."""

from collections.abc import Iterator
from typing import Any

from napari.components import ViewerModel

from napari_defocus.plugin.result_layers import ResultLayers
from napari_defocus.plugin.series_result import SeriesResult
from napari_defocus.plugin.stack_series import StackSeries
from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer
from napari_defocus.plugin.turns import Step
from napari_defocus.solver.result import DefocusResult

__all__ = ["SeriesLayers"]


class SeriesLayers(ResultLayers):
    """The layers of one run on many stacks, and an all-in-focus image for each channel.

    Parameters
    ----------
    viewer, stack, limits, unit
        As for :class:`ResultLayers`.
    series : StackSeries
        The stacks.
    """

    def __init__(
        self,
        viewer: ViewerModel,
        stack: FocalStackLayer,
        limits: tuple[float, float],
        unit: str,
        series: StackSeries,
    ) -> None:
        super().__init__(viewer, stack, limits, unit)
        self._series = series

    @property
    def placement(self) -> dict[str, Any]:
        return self._series.placement.options

    def steps(self, result: DefocusResult, *, last: bool = False) -> Iterator[Step]:
        """Yield the steps that show what there is so far."""
        yield from super().steps(result, last=last)
        if isinstance(result, SeriesResult):
            for name in result.images:
                yield from self._showing(name, result)

    def hidden_kinds(self, result: DefocusResult) -> list[str]:
        images = list(result.images) if isinstance(result, SeriesResult) else []
        return [*super().hidden_kinds(result), *images]

    def judged(self, result: DefocusResult) -> bool:
        """Whether a stack is done; the arrays may be too large to look through."""
        return not isinstance(result, SeriesResult) or any(stack["done"] for stack in result.stacks.values())

    def title(self, kind: str, method: str) -> str:
        """Return what to call a layer between the stack's name and the number of the run."""
        if kind in self._series.layers:
            return f"all-in-focus of {kind}"
        if kind in self._series.channels:
            return f"all-in-focus {kind}"
        focus = self._series.focus_name
        title = super().title(kind, method)
        return f"{title} {focus}" if focus and kind == "all-in-focus" else title

    def data(self, kind: str, result: DefocusResult) -> Any:
        """Return the array of a layer."""
        if isinstance(result, SeriesResult) and kind in result.images:
            return result.images[kind]
        return super().data(kind, result)

    def _metadata(self, kind: str, result: DefocusResult) -> dict[str, Any]:
        metadata = super()._metadata(kind, result)
        entry = metadata[METADATA_KEY]
        if kind in self._series.channels:
            entry |= {"kind": "channel", "channel": self._series.channels[kind]}
        elif kind in self._series.layers:
            entry |= {"kind": "channel", "channel": kind}
        if isinstance(result, SeriesResult):
            entry["stacks"] = result.stacks
        entry["plane_axis"] = self._series.roles.plane
        entry["channel_axis"] = self._series.roles.channel
        entry["focus_channel"] = self._series.focus_channel
        entry["spatial_axes"] = self._series.placement.spatial_places
        return metadata
