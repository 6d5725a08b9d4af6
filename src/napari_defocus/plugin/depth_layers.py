"""Depth layers: what is known of them, and new ones made of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Shapes
from numpy.typing import NDArray

from napari_defocus.optics import Microscope
from napari_defocus.plugin.lengths import length_in
from napari_defocus.plugin.stack_source import METADATA_KEY, placement

__all__ = [
    "below_drawings",
    "depth_layers",
    "derived_depth_layer",
    "entry_of",
    "grows_towards_lens",
    "length_unit_of",
    "newest_depth_layer",
    "pixel_size_of",
    "sibling",
    "unit_of",
]

HEIGHT_UNITS = ("um", "nm")
"""Units of depth that only microscopes use, where nothing else tells of the optics."""

SHORT = {"micrometer": "um", "millimeter": "mm", "meter": "m", "nanometer": "nm", "pixel": "px"}
"""Units of napari's axes as we write them."""


def entry_of(layer: Layer) -> dict[str, Any]:
    """Return our entry in a layer's metadata, empty for layers of others."""
    entry = layer.metadata.get(METADATA_KEY)
    return entry if isinstance(entry, dict) else {}


def depth_layers(viewer: ViewerModel) -> list[Image]:
    """Return the depth layers of runs and what was made of them, the topmost first."""
    return [layer for layer in reversed(viewer.layers) if entry_of(layer).get("kind") == "depth"]


def below_drawings(layers: Sequence[Layer]) -> int:
    """Return where a new map goes in a list of layers: on top, but below the outlines that we let draw."""
    place = len(layers)
    while place and isinstance(layers[place - 1], Shapes) and entry_of(layers[place - 1]):
        place -= 1
    return place


def unit_of(layer: Layer) -> str:
    """Return the unit of the depth."""
    return str(entry_of(layer).get("unit", ""))


def length_unit_of(layer: Layer) -> str:
    """Return the unit of lengths in the image, as ``um`` or ``px``."""
    unit = str(layer.units[-1])
    return SHORT.get(unit, unit)


def pixel_size_of(layer: Layer) -> tuple[float, float]:
    """Return the size of a pixel along y and x, in :func:`length_unit_of`."""
    y, x = (abs(float(size)) for size in layer.scale[-2:])
    factor = length_in(layer.units[-2], layer.units[-1])
    return y * (1.0 if factor is None else factor), x


def grows_towards_lens(viewer: ViewerModel, depth: Layer) -> bool:
    """Whether large values are near the lens.

    Heights of a microscope are; distances from a camera grow away from it, and so do planes of which nothing
    is known. The classic method knows no optics: then those of its stack tell, else the unit.
    """
    entry = entry_of(depth)
    optics = entry.get("parameters", {}).get("optics")
    if not optics:
        sources = (layer for layer in viewer.layers if layer.name == entry.get("source"))
        optics = next((entry_of(layer).get("optics") for layer in sources), None)
    if optics:
        return bool(optics.get("kind") == Microscope.kind)
    return entry.get("unit") in HEIGHT_UNITS


def derived_depth_layer(depth: Image, values: NDArray[np.float32], done: str, **entry: Any) -> Image:
    """Return a new depth layer where another one lies.

    Parameters
    ----------
    depth : Image
        The layer it was made of.
    values : ndarray, (Y, X)
        Its depths.
    done : str
        What was done, for the name.
    **entry
        What to keep in its metadata beside what is known of the other layer.
    """
    steps = [*entry_of(depth).get("derived", []), {"done": done, "from": depth.name, **entry}]
    return Image(
        values,
        name=f"{depth.name} {done}",
        rgb=False,
        colormap=depth.colormap,
        contrast_limits=depth.contrast_limits,
        metadata={METADATA_KEY: {**entry_of(depth), **entry, "derived": steps}},
        **placement(depth, [0, 1]),
    )


def newest_depth_layer(viewer: ViewerModel) -> Layer | None:
    """Return the depth layer to work on: the active one, else the newest of all runs."""
    depths = [layer for layer in viewer.layers if entry_of(layer).get("kind") == "depth"]
    active = viewer.layers.selection.active
    return active if active in depths else max(depths, key=lambda layer: entry_of(layer)["run"], default=None)


def sibling(viewer: ViewerModel, layer: Layer, kind: str) -> Layer | None:
    """Return the layer of another kind from the same run, None when it was deleted."""
    run = entry_of(layer)["run"]
    matches = (other for other in viewer.layers if entry_of(other).get("kind") == kind)
    return next((other for other in matches if entry_of(other)["run"] == run), None)
