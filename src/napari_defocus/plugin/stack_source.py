"""From an image layer to a focal stack the solver can take, and back to where its results belong."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import Rectangle
from napari_defocus.plugin.axis_roles import roles_of
from napari_defocus.plugin.result_placement import shear_matrix
from napari_defocus.plugin.stack_series import SUM, StackSeries, series_of

__all__ = [
    "METADATA_KEY",
    "FocalStackLayer",
    "figure",
    "full_data",
    "is_stack",
    "placement",
    "stack_at",
    "stack_from_layer",
    "stacks_from_layer",
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
    series : StackSeries or None
        All stacks of the layer where it holds more than this first one, or channels, or has its axes in an
        order in which an image of rows and columns would not lie on it.
    contrast_limits : (float, float)
        Those of the layer.
    origin : dict
        What tells which images they are, as :attr:`FocalStack.origin`, as far as the layer knows.
    part : str
        What part of the layer the images are, as in "preview"; empty for all of it.
    binning : int
        Pixels of the layer along each side of a pixel of the images.
    inside : (slice, slice) or None
        Rows and columns of the images that results are of: what is around them is there because blur carries
        it into them. None: all.
    """

    name: str
    images: Any
    placement: dict[str, Any]
    plane_unit: Any
    plane_positions: tuple[float, ...]
    optics: dict[str, Any] | None = None
    figures: dict[str, Any] = field(default_factory=dict)
    plane_axis: int = 0
    series: StackSeries | None = None
    contrast_limits: tuple[float, float] = (0.0, 1.0)
    origin: dict[str, Any] = field(default_factory=dict)
    part: str = ""
    binning: int = 1
    inside: Rectangle | None = None

    @property
    def title(self) -> str:
        """Part and name of the layer, with which the names of result layers begin: napari cuts the middle."""
        return f"{self.part} {self.name}".lstrip()

    @property
    def planes(self) -> int:
        """Number of planes."""
        return int(self.images.shape[0])

    @property
    def white(self) -> float | None:
        """Intensity of white, where the metadata say that it is below the type's maximum."""
        return figure(self.figures, "white")

    def white_of(self, parameters: dict[str, Any]) -> float | None:
        """Return the intensity of white in a run with these parameters, None where only the solver knows."""
        white = parameters.get("white") or parameters.get("settings", {}).get("white") or self.white
        dtype = np.dtype(self.images.dtype)
        if white is None and dtype in (np.uint8, np.uint16):
            white = float(np.iinfo(dtype).max)
        return white

    def image_limits(self, parameters: dict[str, Any]) -> tuple[float, float]:
        """Return contrast limits in which an image in [0, 1] looks as the stack does.

        Parameters
        ----------
        parameters : dict
            Of the run: they tell the white level where it was given.
        """
        white = self.white_of(parameters)
        if not white:
            return 0.0, 1.0  # the data's maximum, which only the solver knows
        low, high = (max(limit / white, 0.0) for limit in self.contrast_limits)
        return (low, min(high, 1.0)) if low < min(high, 1.0) else (0.0, 1.0)

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
    """Whether a layer can be a focal stack: an image with an axis beside rows and columns, and no result."""
    if not isinstance(layer, Image) or layer.ndim < 3:
        return False
    entry = layer.metadata.get(METADATA_KEY)
    return not (isinstance(entry, dict) and "kind" in entry)


def stack_from_layer(layer: Image, plane_axis: int = 0) -> FocalStackLayer:
    """Return the focal stack of an image layer that holds one and no more.

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
    stack = stacks_from_layer(layer, plane_axis)
    if stack.series is not None and len(stack.series) > 1:
        shape = tuple(stack.series.data.shape[: layer.ndim])
        raise InputError(
            "Choose one time point, position or channel first (right click on the layer > Split Stack): "
            f"layer {layer.name!r} has {layer.ndim} axes of shape {shape}, a focal stack planes, rows and "
            "columns."
        )
    return stack


def stacks_from_layer(
    layer: Image,
    plane_axis: int,
    channel_axis: int | None = None,
    *,
    focus_channel: int = SUM,
    shown: dict[int, int] | None = None,
    only_shown: bool = False,
    layers: Sequence[Image] = (),
    names: dict[int, str] | None = None,
) -> FocalStackLayer:
    """Return the focal stack of an image layer that the viewer shows, and with it all others.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer.
    plane_axis, channel_axis : int
        Its axes of planes and, if it has one, of channels.
    focus_channel : int
        Channel that gives the depth, ``SUM`` for the sum of all.
    shown : dict, optional
        Step along each axis of time points and positions that the viewer shows; 0 where it is not given.
    only_shown : bool
        Whether that stack is the only one that is run.
    layers : sequence of Image
        Other layers of the same scene and shape, such as channels, that the depth is applied to.
    names : dict, optional
        What to call its axes; an axis that is not among them by its label.

    Raises
    ------
    InputError
        If the layer has no rows and columns beside them.
    """
    data = full_data(layer)
    if plane_axis == channel_axis or layer.ndim - (channel_axis is not None) < 3:
        raise InputError(
            "Choose plane axis and channel axis anew: "
            f"layer {layer.name!r} needs planes beside rows, columns and channels."
        )
    if data.shape[plane_axis] < 2:
        raise InputError(
            f"Layer {layer.name!r} has one plane along its plane axis; choose another plane axis, or open "
            "all planes: depth comes from how they differ."
        )
    roles = roles_of(data.shape[: layer.ndim], layer.axis_labels, plane_axis, channel_axis)
    series = series_of(
        layer,
        data,
        roles,
        shown=shown or {},
        only_shown=only_shown,
        focus_channel=focus_channel,
        layers={other.name: full_data(other) for other in layers},
        names=names,
    )
    images = series.images(next(series.indices))
    start, step = float(layer.translate[plane_axis]), float(layer.scale[plane_axis])
    entry = layer.metadata.get(METADATA_KEY)
    entry = entry if isinstance(entry, dict) else {}
    figures = entry.get("focal_stack")
    figures = figures if isinstance(figures, dict) else {}
    if series.white_of_sum is not None:
        figures = {"white": series.white_of_sum} | figures
    simple = len(series) == 1 and not series.further and channel_axis is None and series.placement.plain
    return FocalStackLayer(
        name=layer.name,
        images=images,
        placement=placement(layer, [roles.rows, roles.columns]),
        plane_unit=layer.units[plane_axis],
        optics=entry.get("optics"),
        figures=figures,
        plane_positions=tuple(start + step * index for index in range(images.shape[0])),
        plane_axis=plane_axis,
        origin=_origin(layer, entry),
        series=None if simple else series,
        contrast_limits=tuple(layer.contrast_limits),
    )


def _origin(layer: Image, entry: dict[str, Any]) -> dict[str, Any]:
    recorded = entry.get("origin")
    origin = dict(recorded) if isinstance(recorded, dict) else {"source": layer.source.path or layer.name}
    if isinstance(entry.get("alignment"), dict):
        origin["alignment"] = entry["alignment"]
    return origin


def stack_at(layer: Image, entry: dict[str, Any], point: Any) -> FocalStackLayer:
    """Return the stack of a layer that lies at a place in the viewer.

    Parameters
    ----------
    layer : napari.layers.Image
        The layer of the stacks.
    entry : dict
        Our entry in the metadata of a layer of the run on it, which tells what its axes are.
    point : sequence of float
        Such as ``viewer.dims.point``.
    """
    plane, channel = entry.get("plane_axis", 0), entry.get("channel_axis")
    shape, place = full_data(layer).shape, layer.world_to_data(point)
    others = roles_of(shape[: layer.ndim], layer.axis_labels, plane, channel).others
    focus = entry.get("focus_channel")
    return stacks_from_layer(
        layer,
        plane,
        channel,
        focus_channel=SUM if focus is None else focus,
        shown={axis: min(max(round(float(place[axis])), 0), shape[axis] - 1) for axis in others},
        only_shown=True,
    )


def full_data(layer: Image) -> Any:
    """Return the data of a layer at full size, NumPy or dask; nothing is read."""
    return _lazy(layer.data[0] if layer.multiscale else layer.data)


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


def placement(layer: Image, axes: list[int]) -> dict[str, Any]:
    """Return keyword arguments that put a layer of some of another layer's axes where that one lies."""
    return {
        "scale": tuple(np.asarray(layer.scale)[axes]),
        "translate": tuple(np.asarray(layer.translate)[axes]),
        "rotate": np.asarray(layer.rotate)[np.ix_(axes, axes)],
        "shear": shear_matrix(layer)[np.ix_(axes, axes)],
        "affine": layer.affine.set_slice(axes).affine_matrix,
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }
