"""OME-TIFF files that keep what their pixels measure."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError

AXES = "TCZYX"
MOST_AXES = len(AXES)


def ome_unit(unit: str) -> str:
    """Return a unit of length as OME writes it."""
    return "µm" if unit in ("um", "micrometer", "micrometre", "micron") else unit


def physical_sizes(sizes: dict[str, float], unit: str | None) -> dict[str, Any]:
    """Return OME's entries for the size of a pixel along axes, as ``{"X": 0.65}``; none without a unit."""
    if unit is None:
        return {}
    entries: dict[str, Any] = {f"PhysicalSize{axis}": float(size) for axis, size in sizes.items()}
    return entries | {f"PhysicalSize{axis}Unit": ome_unit(unit) for axis in sizes}


def write_depth_tiff(path: Path, depth: ArrayLike, unit: str, sizes: dict[str, Any] | None = None) -> None:
    """Write a depth map as float32 OME-TIFF.

    Parameters
    ----------
    path : Path
        File to write.
    depth : array_like, (Y, X)
        Depth, in `unit`.
    unit : str
        Unit of depth; stands in the description and in the name of the channel, where OME has no place for
        the unit of the values.
    sizes : dict, optional
        What :func:`physical_sizes` returns.
    """
    _write(
        path,
        np.ascontiguousarray(depth, np.float32),
        "YX",
        {"Description": f"Depth in {unit}", "Channel": {"Name": f"depth ({unit})"}, **(sizes or {})},
    )


def write_image_tiff(
    path: Path,
    image: NDArray[Any],
    description: str,
    sizes: dict[str, Any] | None = None,
    *,
    rgb: bool = False,
) -> None:
    """Write an image of up to five axes, and colours if `rgb`, as OME-TIFF in its own type.

    Raises
    ------
    InputError
        If it has more axes, fewer than two, or values that TIFF cannot hold.
    """
    spatial = image.ndim - rgb
    if not 2 <= spatial <= MOST_AXES:
        raise InputError(
            f"An OME-TIFF holds images of 2 to {MOST_AXES} axes, but this has {spatial}; "
            "save a part of it, or save it with napari's own writer."
        )
    if image.dtype == bool:
        image = image.astype(np.uint8) * np.uint8(255)
    if image.dtype.kind not in "uif" or image.dtype == np.float16:
        image = np.asarray(image, np.float32)
    elif image.dtype in (np.int64, np.uint64):
        raise InputError("OME-TIFF has no 64-bit whole numbers; convert the layer's data type first.")
    axes = AXES[MOST_AXES - spatial :] + ("S" if rgb else "")
    _write(path, np.ascontiguousarray(image), axes, {"Description": description, **(sizes or {})})


def _write(path: Path, pixels: NDArray[Any], axes: str, metadata: dict[str, Any]) -> None:
    import tifffile

    tifffile.imwrite(
        path,
        pixels,
        ome=True,
        photometric="rgb" if axes.endswith("S") else "minisblack",
        compression="zlib",
        metadata={"axes": axes, **metadata},
    )
