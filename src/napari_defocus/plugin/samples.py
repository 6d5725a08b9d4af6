"""File > Open Sample: focal stacks with known optics and true depth."""

from typing import Any

from napari_defocus.io import read_focal_stack
from napari_defocus.io.samples import load_truth, sample_path
from napari_defocus.plugin.reader import LayerData, stack_layer_data

__all__ = ["microscope", "photograph"]


def photograph() -> list[LayerData]:
    """Return the photographic sample and its true depth."""
    return _sample("photograph")


def microscope() -> list[LayerData]:
    """Return the microscope sample and its true height."""
    return _sample("microscope")


def _sample(name: str) -> list[LayerData]:
    images, options, kind = stack_layer_data(read_focal_stack(sample_path(name)))
    return [_true_depth(name, options), (images, options | {"name": name}, kind)]


def _true_depth(name: str, options: dict[str, Any]) -> LayerData:
    depth = load_truth(name)[0]
    limits = float(depth.min()), float(depth.max())
    shown: dict[str, Any] = {
        key: options[key][1:] for key in ("scale", "units", "axis_labels") if key in options
    }
    about = {"name": f"{name} true depth", "colormap": "viridis", "contrast_limits": limits, "visible": False}
    return depth, {**about, **shown, "rgb": False}, "image"
