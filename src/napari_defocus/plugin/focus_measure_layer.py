"""The focus measure of all planes as a layer that is computed where one looks."""

from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.plugin.stack_source import METADATA_KEY, stack_from_layer
from napari_defocus.plugin.volume_placement import volume_placement
from napari_defocus.solver import focus_measure_volume

__all__ = ["focus_measure_layer"]

COLORMAP = "inferno"
BRIGHT = 99.5
"""Percentage of the middle plane's pixels that are not brighter than white."""


def focus_measure_layer(layer: Image, plane_axis: int, **options: Any) -> Image:
    """Return a new layer that lies over the stack; only the middle plane is computed, for the contrast.

    Parameters
    ----------
    layer : napari.layers.Image
        The stack.
    plane_axis : int
        Its plane axis, which is the first of the new layer.
    **options
        Keyword arguments of :func:`napari_defocus.focus_measure_volume`.

    Raises
    ------
    InputError
        If the layer is no focal stack, or the options cannot be used.
    """
    stack = stack_from_layer(layer, plane_axis)
    volume = focus_measure_volume(stack.images, white=stack.white, **options)
    middle = np.asarray(volume[len(volume) // 2])
    bright = float(np.percentile(middle, BRIGHT)) or float(middle.max()) or 1.0
    return Image(
        volume,
        name=f"{layer.name} {options['measure'].replace('_', ' ')}",
        rgb=False,
        colormap=COLORMAP,
        contrast_limits=(0.0, bright),
        metadata={METADATA_KEY: {"kind": "focus measure", "source": layer.name, "parameters": options}},
        **volume_placement(layer, plane_axis),
    )
