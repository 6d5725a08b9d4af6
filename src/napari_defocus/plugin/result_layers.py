"""Results of a run as napari layers, updated while it goes on."""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Labels, Layer

from napari_defocus.plugin.depth_layers import below_drawings
from napari_defocus.plugin.depth_limits import DepthLimits, Limits
from napari_defocus.plugin.depth_status import show_depth_in_status
from napari_defocus.plugin.drawing_ahead import canvas_of, draw_ahead
from napari_defocus.plugin.gradual import GradualColorbar
from napari_defocus.plugin.hidden_thumbnails import has_thumbnail, keep_thumbnail
from napari_defocus.plugin.layer_choice import LayerChoice
from napari_defocus.plugin.legend import show_colorbar, show_name
from napari_defocus.plugin.painting_tools import TOOLS, without_tools
from napari_defocus.plugin.premade import NewLayer
from napari_defocus.plugin.shown_map import shown_map
from napari_defocus.plugin.stack_source import METADATA_KEY, FocalStackLayer
from napari_defocus.plugin.turns import Step
from napari_defocus.solver.result import DefocusResult

__all__ = ["ResultLayers", "next_run"]

DEPTH_COLORMAP = "viridis"

KINDS = ("depth", "all-in-focus", "confidence", "outliers")
"""Layers of a run in the order in which they are made; each goes below the depth."""

SEEN = ("depth", "all-in-focus")
"""Those that are visible; the others are judged at the end, and would be black until then."""


def next_run(names: Iterable[str]) -> int:
    """Return a run number that no layer name ends with yet, as in ``"photograph depth [1]"``."""
    taken = [int(found[1]) for name in names if (found := re.search(r"\[(\d+)\]$", name))]
    return max(taken, default=0) + 1


class ResultLayers:
    """The layers of one run.

    napari takes some twentieth of a second for each new layer, and as long to draw an image, a colour bar or
    a name for the first time. So all this comes in steps, each for a turn of the event loop of its own.

    Parameters
    ----------
    viewer : ViewerModel
        Where they are shown.
    stack : FocalStackLayer
        Where they come from; scale, translate, units and axis labels are copied from it.
    limits : (float, float)
        Contrast limits of the depth where the first result gives none.
    unit : str
        Unit of depth.
    """

    def __init__(self, viewer: ViewerModel, stack: FocalStackLayer, limits: Limits, unit: str) -> None:
        self._viewer, self._stack, self._unit = viewer, stack, unit
        self._limits = DepthLimits(viewer, stack.name, unit, limits)
        self._choice = LayerChoice(viewer)
        self._number: int | None = None
        self._layers: dict[str, Layer] = {}
        self._new: dict[str, NewLayer] = {}  # made, but not yet added
        self._colorbar: GradualColorbar | None = None
        self._shown: dict[str, DefocusResult] = {}
        self._pictured: dict[str, DefocusResult] = {}  # what their thumbnails show while they are hidden
        self._give_tool: Step | None = None
        self._bare: set[Layer] = set()  # added, but not yet visible or without name and colour bar

    def steps(self, result: DefocusResult, *, last: bool = False) -> Iterator[Step]:
        """Yield the steps that show a result on the way; a layer that the user has deleted stays deleted."""
        for kind in KINDS if last or self.judged(result) else SEEN:
            yield from self._showing(kind, result)
            if kind == "depth":
                yield from (self._choose_new, self._make_colorbar, self._prepare_colorbar)
            elif kind == "outliers":
                yield from [self._make_tool] * TOOLS
            if kind in SEEN:
                yield partial(self._reveal, kind)

    def _showing(self, kind: str, result: DefocusResult) -> Iterator[Step]:
        yield partial(self._make, kind, result)
        yield partial(self._make_part, kind, NewLayer.make_visual)
        yield partial(self._make_part, kind, NewLayer.make_controls)
        if kind in SEEN:
            yield partial(self._make_part, kind, NewLayer.defer_drawing)
        yield partial(self._show, kind, result)

    def abandon(self) -> None:
        """Forget layers that were to be added; those that were added, but not yet seen, are seen."""
        while self._new:
            self._new.popitem()[1].discard()
        for layer in self._bare:
            if layer in self._viewer.layers:
                layer.visible = True
        self._bare.clear()

    def layers(self, result: DefocusResult) -> list[Layer]:
        """Return the layers of a result without adding them, the depth map last."""
        made = {kind: self._new_layer(kind, result) for kind in reversed(KINDS)}
        for kind, layer in made.items():
            self._name(kind, layer, result)
            layer.visible = kind in SEEN
        return list(made.values())

    def legend_steps(self) -> Iterator[Step]:
        """Yield the steps that give a new depth layer its colour bar and name in the canvas."""
        yield self._show_colorbar
        yield self._show_name
        yield self._show_box

    def last_steps(self, result: DefocusResult) -> Iterator[Step]:
        """Yield the steps that show the result of the run; deleted layers are made again."""
        yield self._forget_deleted
        yield from self.steps(result, last=True)
        for kind in self.hidden_kinds(result):
            yield partial(self._draw_thumbnail, kind, result)
        yield partial(self._conclude, result)

    @property
    def made(self) -> dict[str, Layer]:
        """The layers that are there, by their kinds."""
        return {kind: layer for kind, layer in self._layers.items() if layer in self._viewer.layers}

    @property
    def colours_told(self) -> str:
        """How the colours of the depth are to those of the map it lies over; empty where there is none."""
        return self._limits.told

    @property
    def placement(self) -> dict[str, Any]:
        """Keyword arguments that put the layers where they belong."""
        return self._stack.placement

    def hidden_kinds(self, result: DefocusResult) -> list[str]:
        """Return the kinds of layers that are invisible until the user wants them."""
        return [kind for kind in KINDS if kind not in SEEN]

    def judged(self, result: DefocusResult) -> bool:
        """Whether confidence and outliers are known of any of a result on the way."""
        return bool(result.confidence.any())

    def title(self, kind: str, method: str) -> str:
        """Return what to call a layer between the stack's name and the number of the run."""
        how = "focus " if method == "focus" else ""  # first: napari cuts long names short
        return f"{how}depth ({self._unit})" if kind == "depth" else kind

    def data(self, kind: str, result: DefocusResult) -> Any:
        """Return the array of a layer; nothing is copied or converted in the window's thread."""
        if kind == "outliers":
            return result.outliers.view(np.uint8)
        return {
            "depth": result.depth,
            "all-in-focus": result.all_in_focus,
            "confidence": result.confidence,
        }[kind]

    @property
    def _run(self) -> int:
        """Number of the run, taken when its first layer is made: another run may have begun meanwhile."""
        if self._number is None:
            self._number = next_run(layer.name for layer in self._viewer.layers)
        return self._number

    def _forget_deleted(self) -> None:
        self._layers = self.made

    def _make(self, kind: str, result: DefocusResult) -> None:
        """Make a layer that is not there yet; it is added in another turn."""
        if kind not in self._layers:
            self._new[kind] = NewLayer(self._viewer, self._new_layer(kind, result))
            self._pictured[kind] = result

    def _make_part(self, kind: str, make: Callable[[NewLayer], None]) -> None:
        if kind in self._new:
            make(self._new[kind])

    def _show(self, kind: str, result: DefocusResult) -> None:
        """Bring a layer up to date, or add the one that has been made."""
        new = self._new.pop(kind, None)
        if new is not None:
            layer = self._layers[kind] = new.layer
            self._name(kind, layer, result)
            picture = layer.thumbnail
            with new.handed_over():
                self._add(kind, layer)
            new.discard()
            keep_thumbnail(layer, picture)  # napari wipes it, since the layer is hidden
        elif (layer := self._layers[kind]) in self._viewer.layers and self._shown[kind] is not result:
            layer.data = self.data(kind, result)
            layer.metadata = self._metadata(kind, result)
            draw_ahead(canvas_of(self._viewer))
        self._shown[kind] = result

    def _new_layer(self, kind: str, result: DefocusResult) -> Layer:
        """Make a layer with its thumbnail, invisible at first: its pixels are drawn in another turn."""
        data = self.data(kind, result)
        if kind == "outliers":
            layer: Layer = Labels(data, opacity=0.6, **self.placement)
        else:
            layer = Image(data, **self.placement, **self._look(kind, result, data))
        layer.visible = False  # only now: napari draws no thumbnail of a layer that is invisible
        return layer

    def _look(self, kind: str, result: DefocusResult, data: Any) -> dict[str, Any]:
        """How the values of an image layer are shown."""
        options: dict[str, Any] = {"rgb": data.ndim > result.depth.ndim, "contrast_limits": (0.0, 1.0)}
        if kind == "depth":
            options |= {"contrast_limits": self._limits.first(result.depth), "colormap": DEPTH_COLORMAP}
        elif kind == "confidence":
            options["colormap"] = "magma"
        else:  # 12 bits in 16 would be black in limits of 0 and 1
            options["contrast_limits"] = self._stack.image_limits(result.parameters)
        return options

    def _name(self, kind: str, layer: Layer, result: DefocusResult) -> None:
        layer.name = f"{self._stack.title} {self.title(kind, result.method)} [{self._run}]"
        layer.metadata = self._metadata(kind, result)

    def _add(self, kind: str, layer: Layer) -> None:
        """Add a layer; the depth map stays the topmost map of its run, the user's choice stays chosen."""
        if isinstance(layer, Labels):
            self._give_tool = without_tools(layer)
        layers = self._viewer.layers
        depth = self._layers.get("depth")
        place = layers.index(depth) if depth in layers else below_drawings(layers)
        active = layers.selection.active
        if active is None:
            layers.insert(place, layer)
        else:  # napari chooses each new layer; nobody needs to follow there and back
            with layers.selection.events.blocker_all():
                layers.insert(place, layer)
                layers.selection.active = active
        if kind in SEEN:
            self._bare.add(layer)

    def _choose_new(self) -> None:
        for depth in self._fresh("depth"):
            self._choice.choose(depth)

    def _make_tool(self) -> None:
        if self._give_tool is not None:
            self._give_tool()

    def _make_colorbar(self) -> None:
        for depth in self._fresh("depth"):
            self._colorbar = GradualColorbar(self._viewer, depth)
            self._colorbar.make_parts()

    def _prepare_colorbar(self) -> None:
        if self._colorbar is not None and self._fresh("depth"):
            self._colorbar.prepare()
        self._colorbar = None

    def _reveal(self, kind: str) -> None:
        for layer in self._fresh(kind):
            layer.visible = True
            if kind != "depth":
                self._bare.discard(layer)

    def _show_colorbar(self) -> None:
        for depth in self._fresh("depth"):
            show_colorbar(self._viewer.layers, depth)

    def _show_name(self) -> None:
        if self._fresh("depth"):
            show_name(self._viewer)
            draw_ahead(canvas_of(self._viewer))

    def _show_box(self) -> None:
        for depth in self._fresh("depth"):
            depth.colorbar.box = True
            self._bare.discard(depth)
            draw_ahead(canvas_of(self._viewer))

    def _fresh(self, kind: str) -> list[Layer]:
        """The layer of a kind if it was made just now and the user has not deleted it."""
        layer = self._layers.get(kind)
        return [layer] if layer in self._bare and layer in self._viewer.layers else []

    def _draw_thumbnail(self, kind: str, result: DefocusResult) -> None:
        """Give a hidden layer the thumbnail of the result; napari draws one when a layer becomes visible."""
        layer = self._layers[kind]
        if not layer.visible and not (self._pictured[kind] is result and has_thumbnail(layer)):
            like = layer if layer.ndim > 2 else self._new_layer(kind, result)
            keep_thumbnail(layer, shown_map(like, self._viewer.dims.point).thumbnail)
            self._pictured[kind] = result

    def _conclude(self, result: DefocusResult) -> None:
        depth = self._layers.get("depth")
        if depth is not None and depth in self._viewer.layers:
            self._limits.last(depth, result.depth)
            self._choice.choose(depth)
            draw_ahead(canvas_of(self._viewer))
        show_depth_in_status(self._viewer)
        self._viewer.update_status_from_cursor()  # else it would tell nothing until the mouse is moved

    def _metadata(self, kind: str, result: DefocusResult) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "kind": kind,
            "run": self._run,
            "source": self._stack.name,
            "part": self._stack.part,
            "plane_axis": self._stack.plane_axis,
            "origin": self._stack.origin,
            "images_dtype": str(self._stack.images.dtype),
            "unit": self._unit if kind == "depth" else "",
            "method": result.method,
            "parameters": result.parameters,
            "losses": list(result.losses),
            "notes": list(result.notes),
        }
        if kind == "confidence":
            entry["meaning"] = f"probability that the depth is right {result.confidence_meaning}"
        return {METADATA_KEY: entry}
