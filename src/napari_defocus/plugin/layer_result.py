"""From the layers of a run back to its result, to be written to files."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Layer

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.plugin.result_layers import newest_depth_layer, sibling
from napari_defocus.plugin.stack_source import METADATA_KEY
from napari_defocus.solver.result import DefocusResult

__all__ = ["LayerResult", "optics_of", "result_of"]


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
    """

    result: DefocusResult
    images_dtype: str | None
    origin: dict[str, Any]
    name: str


def result_of(viewer: ViewerModel) -> LayerResult:
    """Return the result of the run whose depth layer is selected, else of the newest run.

    Raises
    ------
    InputError
        If there is no run, or one of its layers was deleted.
    """
    depth = newest_depth_layer(viewer)
    if depth is None:
        raise InputError("There is no result to save yet; press Run first.")
    if depth.ndim != 2:
        raise InputError(
            f"Layer {depth.name!r} has {depth.ndim} axes, but a result is of one stack; "
            "select the depth of one time point or position (right click on the layer > Split Stack)."
        )
    entry = depth.metadata[METADATA_KEY]
    return LayerResult(
        result=DefocusResult(
            depth=np.asarray(depth.data, np.float32),
            all_in_focus=np.asarray(_sibling(viewer, depth, "all-in-focus").data, np.float32),
            outliers=np.asarray(_sibling(viewer, depth, "outliers").data) > 0,
            confidence=np.asarray(_sibling(viewer, depth, "confidence").data, np.float32),
            losses=tuple(entry["losses"]),
            unit=entry["unit"],
            method=entry["method"],
            parameters=entry["parameters"],
            notes=tuple(entry["notes"]),
        ),
        images_dtype=entry.get("images_dtype"),
        origin=entry.get("origin", {}),
        name=entry["source"],
    )


def optics_of(parameters: dict[str, Any]) -> Optics | None:
    """Return the optics of a run; depth from focus has none."""
    recorded = parameters.get("optics")
    return optics_from_dict(recorded) if isinstance(recorded, dict) else None


def _sibling(viewer: ViewerModel, depth: Layer, kind: str) -> Layer:
    found = sibling(viewer, depth, kind)
    if found is None:
        raise InputError(
            f"The {kind} layer of {depth.name!r} was deleted, and a result is saved whole; run again, or "
            "save single layers with File > Save Selected Layers."
        )
    return found
