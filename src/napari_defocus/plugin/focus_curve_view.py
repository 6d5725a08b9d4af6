"""The focus curve of the pixel that the user points at."""

from collections.abc import Callable
from functools import partial
from typing import Any

from napari.components import ViewerModel
from napari.layers import Image, Layer
from qtpy.QtWidgets import QLabel, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.plugin.calculation import Calculation
from napari_defocus.plugin.chart import Chart, Series, values
from napari_defocus.plugin.clicks import PixelClicks, pixel_at
from napari_defocus.plugin.lengths import PLANES, depth_in_words
from napari_defocus.plugin.shown_map import shown_map
from napari_defocus.plugin.stack_source import METADATA_KEY, is_stack, stack_at
from napari_defocus.solver import FocusCurve, focus_curve

__all__ = ["FocusCurveView"]

HINT = "Run, then click on a pixel of the depth map (or move over it with Shift held down): its focus curve."

ONLY_THREE = "Only the three points at the peak are fitted."
LEGEND = (
    "Points: the focus measure of each plane. Curve: a Gaussian through the highest point and its two "
    "neighbours, whatever the others are. Dashed: its peak, the depth before the median filter."
)

MEASURED, FITTED, PEAK = "#4fa3ff", "#ff9f40", "#ff5f5f"


class FocusCurveView(QWidget):
    """Focus measure over the planes and the fitted peak, of a pixel of a layer of a depth-from-focus run.

    It is computed in another thread, from what lies around the pixel. While one is under way only the newest
    further wish is kept.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self.chart = Chart(HINT)
        self.chart.setToolTip(LEGEND)
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setMinimumHeight(3 * self.text.fontMetrics().lineSpacing())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.text)
        self._clicks = PixelClicks(viewer, self)
        self._worker: Calculation | None = None
        self._wanted: tuple[Callable[[], FocusCurve], str] | None = None
        self._where = ""

    def stop(self) -> None:
        """Listen to the mouse no more."""
        self._clicks.stop()
        self._wanted = None

    def on_position(self, position: Any) -> None:
        """Show the curve of the pixel there, if a layer of a depth-from-focus run is the active one."""
        layer = self._viewer.layers.selection.active
        entry = layer.metadata.get(METADATA_KEY) if layer is not None else None
        if self._viewer.dims.ndisplay != 2 or not isinstance(entry, dict) or entry.get("method") != "focus":
            return
        pixel = pixel_at(layer, position)
        if pixel is not None:
            self.show_pixel(layer, *pixel)

    def show_pixel(self, layer: Layer, y: int, x: int) -> None:
        """Show the curve of a pixel of a run's layer."""
        entry = layer.metadata[METADATA_KEY]
        source = self._source(entry.get("source"))
        if source is None:
            self._tell(f"The stack {entry.get('source')!r} is not open any more.")
            return
        try:
            stack = stack_at(source, entry, self._viewer.dims.point)
        except InputError as error:
            self._tell(str(error))
            return
        parameters = entry["parameters"]
        names = ("positions", "unit", "measure", "window", "step", "white")
        options = {name: parameters[name] for name in names if name in parameters}
        where = f"Row {y}, column {x}"
        if entry.get("kind") == "depth":
            depth = shown_map(layer, self._viewer.dims.point).data[y, x]
            where += f": {depth_in_words(parameters['unit'], depth)} in the map"
        self._wanted = partial(focus_curve, stack.images, y, x, **options), where
        if self._worker is None:
            self._start()

    def _source(self, name: Any) -> Image | None:
        return next((layer for layer in self._viewer.layers if layer.name == name and is_stack(layer)), None)

    def _start(self) -> None:
        if self._wanted is None:
            return
        (function, self._where), self._wanted = self._wanted, None
        self._worker = worker = Calculation(function)
        worker.signals.returned.connect(self._on_curve)
        worker.signals.errored.connect(self._on_error)
        worker.signals.finished.connect(self._on_finished)
        worker.start()

    def _on_finished(self) -> None:
        self._worker = None
        self._start()

    def _on_error(self, error: Exception) -> None:
        self._tell(str(error))

    def _on_curve(self, curve: FocusCurve) -> None:
        fitted = curve.fitted()
        series = [Series("curve", values(fitted[0]), values(fitted[1]), FITTED)] if curve.known else []
        series.append(Series("points", values(curve.positions), values(curve.values), MEASURED))
        if curve.known:
            series.append(Series("line", values(curve.peak), values([]), PEAK))
        name = PLANES if curve.unit == PLANES else f"focus position ({curve.unit})"
        self.chart.show_series(series, f"{name}; upwards the focus measure")
        self.text.setText(f"{self._where}. {_described(curve)}")

    def _tell(self, message: str) -> None:
        self.chart.show_series([])
        self.text.setText(message)


def _described(curve: FocusCurve) -> str:
    if curve.even:
        return "There is no texture, so no peak."
    if not curve.known:
        return "The peak reaches the first or last plane; the true one may lie beyond."
    peak = depth_in_words(curve.unit, curve.peak)
    return f"Fitted peak at {peak}, reliability {curve.reliability:.0f} dB. {ONLY_THREE}"
