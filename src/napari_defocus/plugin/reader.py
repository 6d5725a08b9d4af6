"""Focal stacks from disk as napari layers.

Only names that say they are focal stacks are claimed, so that nobody is asked for a reader for an ordinary
TIFF or folder; everything else is opened from the widget.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from napari_defocus.io import FocalStack, read_focal_stack
from napari_defocus.io.files import is_side_car
from napari_defocus.io.parameters import PARAMETERS_FILE
from napari_defocus.optics import Microscope
from napari_defocus.optics.base import median_step
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["LayerData", "get_reader", "open_focal_stack", "stack_layer_data"]

LayerData = tuple[Any, dict[str, Any], str]

DEPTH_SUFFIX = ".depth.ome.tif"
SUFFIXES = (".focalstack", ".focalstack.zip")


def get_reader(path: str | Sequence[str]) -> Callable[[Any], list[LayerData]] | None:
    """Return a reader for ``*.focalstack``, ``*.focalstack.zip`` and side-cars with optics, else None.

    Also for what the plugin has saved: a result by its ``parameters.json``, a depth map by its name.
    """
    if not isinstance(path, str):
        return None
    name = Path(path).name
    if name == PARAMETERS_FILE or name.lower().endswith(DEPTH_SUFFIX):
        from napari_defocus.plugin.saved_reader import read_depth_layer, read_result_layers

        return read_result_layers if name == PARAMETERS_FILE else read_depth_layer
    return _read if is_side_car(name) or name.lower().endswith(SUFFIXES) else None


def open_focal_stack(path: str | Path | list[str | Path]) -> LayerData:
    """Open what :func:`read_focal_stack` reads as layer data."""
    return stack_layer_data(read_focal_stack(path))


def _read(path: Any) -> list[LayerData]:
    return [open_focal_stack(path)]


def stack_layer_data(stack: FocalStack) -> LayerData:
    """Return a focal stack as layer data, its optics in the layer's metadata.

    Parameters
    ----------
    stack : FocalStack
        As :func:`read_focal_stack` returns it.
    """
    options: dict[str, Any] = {
        "name": stack.name,
        "rgb": stack.rgb,
        "contrast_limits": _contrast_limits(stack.images),
        "axis_labels": ("plane", "y", "x"),
        "metadata": {
            METADATA_KEY: {
                "optics": None if stack.optics is None else stack.optics.to_dict(),
                "focal_stack": dict(stack.metadata),
                "origin": stack.origin,
            }
        },
    }
    if isinstance(stack.optics, Microscope):
        pixel = stack.optics.pixel_size
        options |= {
            "scale": (median_step(stack.optics.focus_positions), pixel, pixel),
            "units": (stack.optics.unit,) * 3,
        }
    return stack.images, options, "image"


def _contrast_limits(images: Any) -> tuple[float, float]:
    """Return the whole range of 8-bit images, else the range of the middle plane (one plane is read)."""
    if images.dtype == np.uint8:
        return 0.0, 255.0
    plane = np.asarray(images[len(images) // 2], np.float64)
    finite = plane[np.isfinite(plane)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    return (low, high) if high > low else (low, low + 1.0)
