"""File > Open Sample: focal stacks with known optics and true depth."""

from typing import Any

from napari_defocus.io import read_focal_stack
from napari_defocus.io.samples import load_truth, sample_path
from napari_defocus.plugin.reader import LayerData, stack_layer_data
from napari_defocus.plugin.result_layers import DEPTH_COLORMAP
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["microscope", "photograph"]


def photograph() -> list[LayerData]:
    """Return the photographic sample and its true depth."""
    return _sample("photograph")


def microscope() -> list[LayerData]:
    """Return the microscope sample and its true height."""
    return _sample("microscope")


def _sample(name: str) -> list[LayerData]:
    stack = read_focal_stack(sample_path(name))
    images, options, kind = stack_layer_data(stack)
    unit = "" if stack.optics is None else stack.optics.depth_unit
    return [(images, options | {"name": name}, kind), _true_depth(name, unit, options)]


def _true_depth(name: str, unit: str, options: dict[str, Any]) -> LayerData:
    depth, _ = load_truth(name)
    spatial = {"scale", "units", "axis_labels"} & set(options)
    shown: dict[str, Any] = {key: options[key][1:] for key in spatial}
    about = {
        "name": f"{name} true depth ({unit})",
        "rgb": False,
        "colormap": DEPTH_COLORMAP,
        "contrast_limits": (float(depth.min()), float(depth.max())),
        "visible": False,
        "metadata": {METADATA_KEY: {"kind": "truth", "unit": unit}},
    }
    return depth, about | shown, "image"
