"""Layers to files that keep their units: OME-TIFF, and meshes of depth maps."""

from pathlib import Path
from typing import Any

import numpy as np

from napari_defocus.errors import InputError
from napari_defocus.io import depth_mesh, save_mesh
from napari_defocus.io.mesh_files import MESH_SUFFIXES
from napari_defocus.io.save import pixel_sizes, quantise
from napari_defocus.io.tiff_writing import physical_sizes, write_depth_tiff, write_image_tiff
from napari_defocus.io.writing import write_in_place
from napari_defocus.plugin.layer_result import optics_of
from napari_defocus.plugin.lengths import length_in
from napari_defocus.plugin.reader import DEPTH_SUFFIX
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["write_mesh", "write_tiff"]

TIFF_SUFFIXES = (".tif", ".tiff")


def write_tiff(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an image layer as OME-TIFF with the size of its pixels.

    A depth map as float32 with its unit, an all-in-focus image in the bit depth of the images it was made
    of, everything else as it is.

    Raises
    ------
    InputError
        If the layer cannot be written.
    """
    entry = _entry(meta)
    kind = entry.get("kind")
    pixels = np.asarray(data[0] if meta.get("multiscale") else data)
    rgb = bool(meta.get("rgb"))
    if not path.lower().endswith(TIFF_SUFFIXES):
        path += DEPTH_SUFFIX if kind == "depth" else ".ome.tif"
    target = Path(path)
    sizes = _sizes(meta, pixels.ndim - rgb) or pixel_sizes(entry.get("parameters", {}))
    with write_in_place(target) as temporary:
        if kind == "depth" and pixels.ndim == 2:
            write_depth_tiff(temporary, pixels, str(entry["unit"]), sizes)
        else:
            if kind == "all-in-focus":
                pixels = quantise(pixels, entry.get("images_dtype"))
            write_image_tiff(temporary, pixels, str(meta.get("name", "")), sizes, rgb=rgb)
    return [path]


def write_mesh(path: str, layers: list[tuple[Any, dict[str, Any], str]]) -> list[str]:
    """Write a depth layer as a mesh; an all-in-focus layer that is saved with it becomes its texture.

    Raises
    ------
    InputError
        If the layers are others.
    """
    kinds = {_entry(meta).get("kind"): (data, meta) for data, meta, _ in layers}
    if "depth" not in kinds or set(kinds) - {"depth", "all-in-focus"} or len(kinds) < len(layers):
        raise InputError(
            "A mesh is made of one depth layer of napari-defocus, alone or with its all-in-focus layer; "
            "select these."
        )
    depth, meta = kinds["depth"]
    entry = _entry(meta)
    image = kinds["all-in-focus"][0] if "all-in-focus" in kinds else None
    mesh = depth_mesh(depth, optics_of(entry["parameters"]), image, depth_unit=entry["unit"])
    if not path.lower().endswith(MESH_SUFFIXES):
        path += MESH_SUFFIXES[0]
    return [str(file) for file in save_mesh(mesh, path, overwrite=True)]


def _entry(meta: dict[str, Any]) -> dict[str, Any]:
    entry = meta.get("metadata", {}).get(METADATA_KEY)
    return entry if isinstance(entry, dict) else {}


def _sizes(meta: dict[str, Any], axes: int) -> dict[str, Any]:
    """Return the size of a pixel along the last three axes where the layer's units are lengths."""
    scale, units = meta.get("scale"), meta.get("units")
    if scale is None or units is None:
        return {}
    sizes: dict[str, Any] = {}
    for axis, size, unit in zip("XYZ"[:axes], tuple(scale)[::-1], tuple(units)[::-1], strict=False):
        micrometres = length_in(unit, "um")
        if micrometres is not None:
            sizes |= physical_sizes({axis: abs(float(size)) * micrometres}, "um")
    return sizes
