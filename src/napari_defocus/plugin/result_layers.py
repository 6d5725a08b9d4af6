"""Results of a run as napari layers, updated while it goes on."""

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer
from napari_defocus.solver.result import DefocusResult, SolverState

__all__ = ["ResultLayers", "newest_depth_layer", "next_run", "sibling"]

DEPTH_COLORMAP = "viridis"


def next_run(names: Iterable[str]) -> int:
    """Return a run number that no layer name ends with yet, as in ``"photograph depth [1]"``."""
    taken = [int(found[1]) for name in names if (found := re.search(r"\[(\d+)\]$", name))]
    return max(taken, default=0) + 1


class ResultLayers:
    """The layers of one run.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown.
    stack : FocalStackLayer
        Where they come from; scale, translate, units and axis labels are copied from it.
    limits : (float, float)
        Contrast limits of the depth while the run goes on, so that its colours do not jump.
    unit : str
        Unit of depth.
    """

    def __init__(
        self, viewer: ViewerModel, stack: FocalStackLayer, limits: tuple[float, float], unit: str
    ) -> None:
        self._viewer, self._stack, self._limits, self._unit = viewer, stack, limits, unit
        self._number: int | None = None
        self._layers: dict[str, Layer] = {}

    def show_state(self, state: SolverState) -> None:
        """Show depth and AIF of an unfinished run.

        The AIF layer is made at the second update: napari takes a good part of a second for each new layer.
        """
        if "depth" in self._layers:
            self._show_image("all-in-focus", state.all_in_focus)
        self._show_image("depth", state.depth)

    def show_result(self, result: DefocusResult) -> None:
        """Show the result; layers that the user has deleted meanwhile are made again."""
        self._layers = {kind: layer for kind, layer in self._layers.items() if layer in self._viewer.layers}
        self._show_image("confidence", result.confidence)
        self._show_outliers(result.outliers)
        self._show_image("all-in-focus", result.all_in_focus)
        depth = self._show_image("depth", result.depth)
        depth.contrast_limits = _robust_limits(result.depth, self._limits)
        for kind, layer in self._layers.items():
            layer.metadata = self._metadata(kind, result)
        self._viewer.layers.selection.active = depth

    @property
    def _run(self) -> int:
        """Number of the run, taken when its first layer is made: another run may have begun meanwhile."""
        if self._number is None:
            self._number = next_run(layer.name for layer in self._viewer.layers)
        return self._number

    def _show_image(self, kind: str, data: Any) -> Layer:
        layer = self._layers.get(kind)
        if layer is None:
            layer = self._layers[kind] = self._add(kind, Image(data, **self._image_options(kind, data)))
        elif layer in self._viewer.layers:  # else the user has deleted it
            layer.data = data
        return layer

    def _show_outliers(self, outliers: Any) -> None:
        labels = Labels(
            outliers.astype(np.uint8), opacity=0.6, visible=False, **self._common_options("outliers")
        )
        self._layers["outliers"] = self._add("outliers", labels)

    def _add(self, kind: str, layer: Layer) -> Layer:
        """Add a layer; the depth map stays the topmost of its run."""
        depth = self._layers.get("depth")
        layers = self._viewer.layers
        at = layers.index(depth) if depth in layers else len(layers)
        layers.insert(at, layer)
        if kind == "depth":
            layer.colorbar.visible = True
            layer.name_overlay.visible = True
            layer.name_overlay.position = "top_right"
        return layer

    def _image_options(self, kind: str, data: Any) -> dict[str, Any]:
        options = self._common_options(kind)
        if kind == "all-in-focus":
            return options | {"rgb": data.ndim == 3, "contrast_limits": (0.0, 1.0)}
        if kind == "confidence":
            return options | {
                "rgb": False,
                "contrast_limits": (0.0, 1.0),
                "colormap": "magma",
                "visible": False,
            }
        return options | {"rgb": False, "contrast_limits": self._limits, "colormap": DEPTH_COLORMAP}

    def _common_options(self, kind: str) -> dict[str, Any]:
        title = f"depth ({self._unit})" if kind == "depth" else kind
        return {
            "name": f"{self._stack.name} {title} [{self._run}]",
            "metadata": self._metadata(kind),
            **self._stack.placement,
        }

    def _metadata(self, kind: str, result: DefocusResult | None = None) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "kind": kind,
            "run": self._run,
            "source": self._stack.name,
            "unit": self._unit if kind == "depth" else "",
        }
        if result is not None:
            entry |= {
                "method": result.method,
                "parameters": result.parameters,
                "losses": list(result.losses),
                "notes": list(result.notes),
            }
        return {METADATA_KEY: entry}


def newest_depth_layer(viewer: ViewerModel) -> Layer | None:
    """Return the depth layer to work on: the active one, else the newest of all runs."""
    depths = [layer for layer in viewer.layers if _entry(layer).get("kind") == "depth"]
    active = viewer.layers.selection.active
    return active if active in depths else max(depths, key=lambda layer: _entry(layer)["run"], default=None)


def sibling(viewer: ViewerModel, layer: Layer, kind: str) -> Layer | None:
    """Return the layer of another kind from the same run, None when it was deleted."""
    run = _entry(layer)["run"]
    matches = (other for other in viewer.layers if _entry(other).get("kind") == kind)
    return next((other for other in matches if _entry(other)["run"] == run), None)


def _entry(layer: Layer) -> dict[str, Any]:
    entry = layer.metadata.get(METADATA_KEY, {})
    return entry if isinstance(entry, dict) else {}


def _robust_limits(depth: Any, otherwise: tuple[float, float]) -> tuple[float, float]:
    finite = depth[np.isfinite(depth)]
    if not finite.size:
        return otherwise
    low, high = (float(value) for value in np.percentile(finite, (0.5, 99.5)))
    return (low, high) if high > low else otherwise
