"""The difference of two depth layers: whether they can be compared, and the layer that shows it."""

from typing import Any

import numpy as np
from napari.layers import Image
from napari.utils import Colormap

from napari_defocus.comparison import DepthComparison
from napari_defocus.errors import InputError
from napari_defocus.plugin.lengths import length_in
from napari_defocus.plugin.stack_source import METADATA_KEY, placement

__all__ = ["check_alike", "depth_unit", "error_layer", "is_depth_map"]

RED_TO_BLUE = Colormap(
    ["#67001f", "#d6604d", "#fddbc7", "#f7f7f7", "#d1e5f0", "#4393c3", "#053061"],
    name="red to blue",
    nan_color="#808080",
)
"""RdBu of ColorBrewer."""

SAME_PIXEL = 1e-3
"""Relative difference of pixel sizes up to which they are the same."""


def is_depth_map(layer: Any) -> bool:
    """Whether a layer can be a depth map: a grey image of two axes."""
    return isinstance(layer, Image) and layer.ndim == 2 and not layer.rgb


def depth_unit(layer: Image) -> str | None:
    """Return the unit of the depth in a layer of ours, None where it is not known."""
    entry = layer.metadata.get(METADATA_KEY)
    unit = entry.get("unit") if isinstance(entry, dict) else None
    return unit if isinstance(unit, str) and unit else None


def check_alike(first: Image, second: Image) -> None:
    """Raise :class:`InputError` where the pixels of two layers are not of one size.

    A layer whose axes have no unit of length ("pixel") tells nothing of its pixels.
    """
    for axis, name in enumerate(("high", "wide")):
        factor = length_in(second.units[axis], first.units[axis])
        if factor is None or length_in(first.units[axis], first.units[axis]) is None:
            continue
        ours, theirs = float(first.scale[axis]), float(second.scale[axis]) * factor
        if abs(ours - theirs) > SAME_PIXEL * abs(ours):
            raise InputError(
                f"Scale one of the layers first: the pixels of {first.name!r} are {ours:.4g} "
                f"{first.units[axis]} {name}, those of {second.name!r} {theirs:.4g}."
            )


def error_layer(comparison: DepthComparison, first: Image, second: Image, number: int) -> Image:
    """Return a layer with the difference, where the first layer lies; white is no difference.

    Parameters
    ----------
    comparison : DepthComparison
        What was found.
    first, second : napari.layers.Image
        What was compared.
    number : int
        Number of the comparison, for the layer's name.
    """
    unit = f" ({comparison.unit})" if comparison.unit else ""
    return Image(
        comparison.error,
        name=f"{'error' if comparison.truth else 'difference'} of depth{unit} [{number}]",
        rgb=False,
        colormap=RED_TO_BLUE,
        contrast_limits=(-comparison.limit, comparison.limit),
        metadata={
            METADATA_KEY: {
                "kind": "error",
                "run": number,
                "first": first.name,
                "second": second.name,
                "truth": comparison.truth,
                "unit": comparison.unit or "",
                "metrics": comparison.metrics,
            }
        },
        **placement(first, [0, 1]),
    )


def depth_of(layer: Image) -> Any:
    """Return the array of a depth layer; NumPy or lazy."""
    return np.asarray(layer.data[0]) if layer.multiscale else layer.data
