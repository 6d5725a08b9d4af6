"""From the layers of a run back to its result, to be written to files."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.plugin.depth_layers import entry_of, newest_depth_layer, sibling
from napari_defocus.plugin.shown_map import map_axes, shown_steps
from napari_defocus.plugin.stack_source import METADATA_KEY
from napari_defocus.solver.result import DefocusResult

__all__ = ["LayerResult", "optics_of", "result_of", "results_of"]


@dataclass(frozen=True)
class LayerResult:
    """A result and what its files need beside it.

    Attributes
    ----------
    result : DefocusResult
        As the layers show it now.
    images_dtype : str or None
        Type of the images that it was made of.
    origin : dict
        Which images these were.
    name : str
        Name of their layer.
    stack : str
        Which of several stacks in that layer it is, such as "t 2"; empty where there is one.
    channels : dict
        All-in-focus images of further channels.
    """

    result: DefocusResult
    images_dtype: str | None
    origin: dict[str, Any]
    name: str
    stack: str = ""
    channels: dict[str, NDArray[np.float32]] = field(default_factory=dict)


def result_of(viewer: ViewerModel) -> LayerResult:
    """Return the result of the run whose depth layer is selected, else of the newest run.

    Of a run on several stacks it is that of the stack that the viewer shows.

    Raises
    ------
    InputError
        If there is no run, one of its layers was deleted, or the stack that is shown has no result.
    """
    depth = _depth_layer(viewer)
    shown = shown_steps(depth, viewer.dims.point)
    for name, stack in _stacks(depth).items():
        if all(step is None or step == shown[axis] for axis, step in enumerate(stack["slot"])):
            return _result(viewer, depth, name, stack)
    raise InputError(
        "The stack that is shown has no result: move the sliders to one that has been run, as layer "
        f"{depth.name!r} tells."
    )


def results_of(viewer: ViewerModel) -> list[LayerResult]:
    """Return the results of all stacks of the run whose depth layer is selected, else of the newest run.

    Raises
    ------
    InputError
        If there is no run, or one of its layers was deleted.
    """
    depth = _depth_layer(viewer)
    return [_result(viewer, depth, name, stack) for name, stack in _stacks(depth).items()]


def _depth_layer(viewer: ViewerModel) -> Layer:
    depth = newest_depth_layer(viewer)
    if depth is None:
        raise InputError("There is no result to save yet; press Run first.")
    return depth


def _stacks(depth: Layer) -> dict[str, dict[str, Any]]:
    """What is known of each stack of a depth layer, by its name."""
    entry = depth.metadata[METADATA_KEY]
    stacks: dict[str, dict[str, Any]] = entry.get("stacks", {})
    if stacks and all(len(stack["slot"]) == depth.ndim for stack in stacks.values()):
        return stacks
    if depth.ndim != 2:  # not as our runs leave it
        raise InputError(
            "Select the depth of one time point or position (right click on the layer > Split Stack): layer "
            f"{depth.name!r} has {depth.ndim} axes and does not tell of what stacks."
        )
    return {"": {**entry, "slot": [None, None]}}


def _result(viewer: ViewerModel, depth: Layer, name: str, stack: dict[str, Any]) -> LayerResult:
    entry = depth.metadata[METADATA_KEY]
    place = depth.data_to_world([step or 0 for step in stack["slot"]])
    channels = [
        layer
        for layer in viewer.layers
        if entry_of(layer).get("kind") == "channel" and entry_of(layer).get("run") == entry["run"]
    ]

    def part(layer: Layer, dtype: type = np.float32) -> NDArray[Any]:
        steps = shown_steps(layer, place)  # a depth layer made of one map of a series is shorter than others
        axes = range(layer.ndim)
        index = tuple(slice(None) if axis in map_axes(layer) else steps[axis] for axis in axes)
        return np.asarray(layer.data[index], dtype)

    return LayerResult(
        result=DefocusResult(
            depth=part(depth),
            all_in_focus=part(_sibling(viewer, depth, "all-in-focus")),
            outliers=part(_sibling(viewer, depth, "outliers"), np.uint8) > 0,
            confidence=part(_sibling(viewer, depth, "confidence")),
            losses=tuple(stack["losses"]),
            unit=entry["unit"],
            method=entry["method"],
            parameters=stack["parameters"],
            notes=tuple(stack["notes"]),
        ),
        images_dtype=entry.get("images_dtype"),
        origin=entry.get("origin", {}) | ({"stack": name} if name else {}),
        name=entry["source"],
        stack=name,
        channels={_channel_name(layer): part(layer) for layer in channels if layer.data.ndim >= depth.ndim},
    )


def _channel_name(layer: Layer) -> str:
    channel = entry_of(layer)["channel"]
    return channel if isinstance(channel, str) else f"channel {channel}"


def optics_of(parameters: dict[str, Any]) -> Optics | None:
    """Return the optics of a run; depth from focus has none."""
    recorded = parameters.get("optics")
    return optics_from_dict(recorded) if isinstance(recorded, dict) else None


def _sibling(viewer: ViewerModel, depth: Layer, kind: str) -> Layer:
    found = sibling(viewer, depth, kind)
    if found is None:
        raise InputError(
            f"No {kind} layer: that of {depth.name!r} was deleted, or its run did not get to the end. "
            "A result is saved whole; run again, or save single layers with File > Save Selected Layers."
        )
    return found
