"""An aligned focal stack as a layer that lies where the stack lies and knows its optics."""

import copy
from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.alignment.result import AlignmentResult
from napari_defocus.plugin.stack_source import METADATA_KEY
from napari_defocus.plugin.volume_placement import volume_placement

__all__ = ["aligned_layer"]


def aligned_layer(layer: Image, plane_axis: int, result: AlignmentResult) -> Image:
    """Return a new layer with the aligned planes.

    Parameters
    ----------
    layer : napari.layers.Image
        The stack that was aligned.
    plane_axis : int
        Its plane axis, which is the first of the new layer.
    result : AlignmentResult
        The aligned planes. How they were moved goes into the layer's metadata, beside the stack's optics.
    """
    options = volume_placement(layer, plane_axis)
    if result.cropped:
        corner = (0, result.valid[0][0], result.valid[1][0])
        steps = options["rotate"] @ options["shear"] @ (np.asarray(options["scale"]) * corner)
        options["translate"] = tuple(np.asarray(options["translate"]) + steps)
    metadata: dict[str, Any] = copy.deepcopy(dict(layer.metadata))
    entry = metadata.get(METADATA_KEY)
    entry = entry if isinstance(entry, dict) else {}
    metadata[METADATA_KEY] = entry | {"alignment": result.to_dict() | {"source": layer.name}}
    return Image(
        result.images,
        name=f"{layer.name} aligned",
        rgb=layer.rgb,
        contrast_limits=tuple(layer.contrast_limits),
        metadata=metadata,
        **options,
    )
