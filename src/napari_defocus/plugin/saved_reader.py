"""What the plugin has saved as napari layers, with the units that napari's own TIFF reader drops."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import napari
import numpy as np
from napari.components import ViewerModel

from napari_defocus.io import read_depth_map
from napari_defocus.io.plots import depth_limits
from napari_defocus.io.units import micrometres
from napari_defocus.plugin.reader import LayerData
from napari_defocus.plugin.result_layers import DEPTH_COLORMAP, ResultLayers
from napari_defocus.plugin.saved_result_opener import read_saved
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["read_depth_layer", "read_result_layers"]


def read_result_layers(path: Any) -> list[LayerData]:
    """Return the layers of the result whose ``parameters.json`` is named.

    Raises
    ------
    InputError
        If a file of the result is missing or damaged.
    """
    result, optics, stack = read_saved(Path(path).parent)
    positions = optics.focus_positions_array
    limits = float(positions.min()), float(positions.max())
    viewer = napari.current_viewer() or ViewerModel()  # for a number that no other run has
    return [
        layer.as_layer_data_tuple()
        for layer in ResultLayers(viewer, stack, limits, result.unit).layers(result)
    ]


def read_depth_layer(path: Any) -> list[LayerData]:
    """Return the layer of a depth map in TIFF, its pixels as large as the file says.

    Raises
    ------
    InputError
        If it is no depth map.
    """
    file = Path(path)
    found = read_depth_map(file)
    unit = found.unit or ""
    options: dict[str, Any] = {
        "name": f"{file.name.split('.')[0]} ({unit})" if unit else file.name,
        "rgb": False,
        "colormap": DEPTH_COLORMAP,
        "contrast_limits": depth_limits(found.depth),
        "axis_labels": ("y", "x"),
        "metadata": {METADATA_KEY: {"unit": unit, "file": str(file)}},
    }
    size = _pixel_size(file)
    if size is not None:
        options |= {"scale": size, "units": ("um", "um")}
    return [(found.depth.astype(np.float32), options, "image")]


def _pixel_size(file: Path) -> tuple[float, float] | None:
    """Return height and width of a pixel in micrometres, as far as OME tells both."""
    import tifffile

    with tifffile.TiffFile(file) as tif:
        text = tif.ome_metadata
    if text is None:
        return None
    pixels = ElementTree.fromstring(text).find(".//{*}Pixels")
    if pixels is None:
        return None
    sizes = []
    for axis in "YX":
        unit = micrometres(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
        try:
            sizes.append(float(pixels.attrib[f"PhysicalSize{axis}"]) * (unit or np.nan))
        except (KeyError, ValueError):
            return None
    return (sizes[0], sizes[1]) if np.isfinite(sizes).all() and min(sizes) > 0 else None
