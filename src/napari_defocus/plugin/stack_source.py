"""From an image layer to a focal stack the solver can take, and back to where its results belong."""

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.errors import InputError

__all__ = [
    "METADATA_KEY",
    "FocalStackLayer",
    "figure",
    "is_stack",
    "placement",
    "spatial_axes",
    "stack_from_layer",
]

METADATA_KEY = "napari_defocus"
"""Key of our entry in a layer's metadata."""


@dataclass(frozen=True)
class FocalStackLayer:
    """What a run needs of an image layer.

    Attributes
    ----------
    name : str
        Name of the layer.
    images : array, (planes, Y, X) or (planes, Y, X, 3)
        Its data with the planes first; dask stays dask.
    placement : dict
        Keyword arguments that put a (Y, X) layer where the stack lies: scale, translate, units and so on.
    plane_unit : pint.Unit
        Unit of the plane axis in the viewer.
    plane_positions : tuple of float
        Where the planes lie along that axis.
    optics : dict or None
        Optics from the layer's metadata.
    figures : dict
        What else the layer's metadata tell of camera or microscope, as in :class:`FocalStack`.
    plane_axis : int
        Plane axis of the layer.
    origin : dict
        What tells which images they are, as :attr:`FocalStack.origin`, as far as the layer knows.
    part : str
        What part of the layer the images are, as in "preview"; empty for all of it.
    binning : int
        Pixels of the layer along each side of a pixel of the images.
    """

    name: str
    images: Any
    placement: dict[str, Any]
    plane_unit: Any
    plane_positions: tuple[float, ...]
    optics: dict[str, Any] | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    plane_axis: int = 0
    origin: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    binning: int = 1

    @property
    def title(self) -> str:
        """Name of the layer and of the part, with which the names of result layers begin."""
        return f"{self.name} {self.part}".rstrip()

    @property
    def planes(self) -> int:
        """Number of planes."""
        return int(self.images.shape[0])

    @property
    def white(self) -> float | None:
        """Intensity of white, where the metadata say that it is below the type's maximum."""
        return figure(self.figures, "white")

    @property
    def focus(self) -> tuple[list[float], str] | None:
        """Focus position of each plane and their unit, where the metadata give them without the optics."""
        for key, unit in (
            ("focus_positions", str(self.figures.get("unit", "um"))),
            ("subject_distances", "m"),
        ):
            positions = self.figures.get(key)
            if not isinstance(positions, list | tuple) or len(positions) != self.planes:
                continue
            if all(isinstance(position, int | float) for position in positions):
                return list(positions), unit
        return None


def figure(figures: Any, key: str) -> float | None:
    """Return a number above 0 from metadata, None where there is no such number."""
    value = figures.get(key) if isinstance(figures, dict) else None
    return float(value) if isinstance(value, int | float) and math.isfinite(value) and value > 0 else None


def is_stack(layer: Any) -> bool:
    """Whether a layer can be a focal stack: an image with an axis beside rows and columns."""
    return isinstance(layer, Image) and layer.ndim >= 3


def stack_from_layer(layer: Image, plane_axis: int = 0) -> FocalStackLayer:
    """Return the focal stack of an image layer.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer, with a plane axis, rows and columns (and colours); further axes must have length 1.
    plane_axis : int
        Its plane axis.

    Raises
    ------
    InputError
        If the layer has more axes than a focal stack.
    """
    data = _lazy(layer.data[0] if layer.multiscale else layer.data)
    rows, columns = spatial_axes(layer, plane_axis)
    extra = [axis for axis in range(layer.ndim) if axis not in (plane_axis, rows, columns)]
    longer = [axis for axis in extra if data.shape[axis] > 1]
    if longer:
        raise InputError(
            f"Layer {layer.name!r} has {layer.ndim} axes of shape {tuple(data.shape[: layer.ndim])}, but a "
            "focal stack has planes, rows and columns; choose one time point, position or channel first "
            "(right click on the layer > Split Stack)."
        )
    data = data[tuple(0 if axis in extra else slice(None) for axis in range(data.ndim))]
    data = np.moveaxis(data, plane_axis - sum(axis < plane_axis for axis in extra), 0)
    start, step = float(layer.translate[plane_axis]), float(layer.scale[plane_axis])
    entry = layer.metadata.get(METADATA_KEY)
    entry = entry if isinstance(entry, dict) else {}
    figures = entry.get("focal_stack")
    return FocalStackLayer(
        name=layer.name,
        images=data,
        placement=placement(layer, [rows, columns]),
        plane_unit=layer.units[plane_axis],
        optics=entry.get("optics"),
        figures=figures if isinstance(figures, dict) else {},
        plane_positions=tuple(start + step * index for index in range(data.shape[0])),
        plane_axis=plane_axis,
        origin=_origin(layer, entry),
    )


def _origin(layer: Image, entry: dict[str, Any]) -> dict[str, Any]:
    recorded = entry.get("origin")
    origin = dict(recorded) if isinstance(recorded, dict) else {"source": layer.source.path or layer.name}
    if isinstance(entry.get("alignment"), dict):
        origin["alignment"] = entry["alignment"]
    return origin


def _lazy(data: Any) -> Any:
    """Return NumPy and dask arrays as they are, and wrap others (zarr, HDF5) so that nothing is read yet."""
    import dask.array as da

    if hasattr(data, "dims") and hasattr(data, "data"):  # xarray
        data = data.data
    if isinstance(data, np.ndarray | da.Array):
        return data
    chunks = getattr(data, "chunks", None) or "auto"
    meta = np.empty((0,) * len(data.shape), data.dtype)
    return da.from_array(data, chunks=chunks, name=False, meta=meta)


def spatial_axes(layer: Image, plane_axis: int) -> tuple[int, int]:
    """Return the axes of rows and columns: the last two that are not the plane axis."""
    rows, columns = [axis for axis in range(layer.ndim) if axis != plane_axis][-2:]
    return rows, columns


def placement(layer: Image, axes: list[int]) -> dict[str, Any]:
    """Return keyword arguments that put a layer of some of another layer's axes where that one lies."""
    shear = np.eye(layer.ndim)
    if np.ndim(layer.shear) == 1:
        shear[np.triu_indices(layer.ndim, 1)] = layer.shear
    else:
        shear = np.asarray(layer.shear)
    return {
        "scale": tuple(np.asarray(layer.scale)[axes]),
        "translate": tuple(np.asarray(layer.translate)[axes]),
        "rotate": np.asarray(layer.rotate)[np.ix_(axes, axes)],
        "shear": shear[np.ix_(axes, axes)],
        "affine": layer.affine.set_slice(axes).affine_matrix,
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }
