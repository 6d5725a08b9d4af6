"""Depth maps from disk: the directory of a result, or a single file."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.files import TIFF_SUFFIXES
from napari_defocus.io.parameters import PARAMETERS_FILE

DEPTH_FILES = ("depth.npy", "depth.tif")
IMAGE_FILES = ("all_in_focus.png", "all_in_focus.tif")


@dataclass(frozen=True, eq=False)
class DepthMap:
    """A depth map and what is known of it.

    Attributes
    ----------
    depth : ndarray, (Y, X), float64
        Depth, in `unit`.
    unit : str or None
        Unit of the depth, None where no file tells.
    all_in_focus : Path or None
        The all-in-focus image that lies beside it.
    path : Path
        Where it was read.
    """

    depth: NDArray[np.float64]
    unit: str | None
    all_in_focus: Path | None
    path: Path


def read_depth_map(path: str | Path) -> DepthMap:
    """Read a depth map.

    Parameters
    ----------
    path : path
        Directory with ``depth.npy`` or ``depth.tif``, as :func:`napari_defocus.save_result` writes it, or a
        ``.npy`` or TIFF file. The unit is that in the TIFF's description, or in ``parameters.json`` beside.

    Raises
    ------
    InputError
        If there is no such file, or it does not hold one map of real numbers.
    """
    path = Path(path).expanduser()
    if not path.exists():
        raise InputError(f"There is no file or folder {path}; check the path.")
    file = _depth_file(path) if path.is_dir() else path
    suffix = file.suffix.lower()
    if suffix not in {".npy"} | TIFF_SUFFIXES:
        raise InputError(f"{file} is no depth map; give a result's folder, a .npy or a TIFF file.")
    unit = None
    try:
        if suffix == ".npy":
            values = np.load(file, allow_pickle=False)
        else:
            values, unit = _read_tiff(file)
    except Exception as error:  # of many kinds
        raise InputError(f"The depth map {file} cannot be read: {error}.") from None
    values = np.squeeze(values)
    if values.ndim != 2 or values.dtype.kind not in "uif":
        raise InputError(
            f"{file} holds an array of shape {values.shape} and type {values.dtype}; "
            "a depth map is (Y, X) of real numbers."
        )
    images = [file.parent / name for name in IMAGE_FILES] if file.name in DEPTH_FILES else []
    return DepthMap(
        depth=values.astype(np.float64),
        unit=_recorded_unit(file.parent) if file.name in DEPTH_FILES and unit is None else unit,
        all_in_focus=next((image for image in images if image.is_file()), None),
        path=path,
    )


def read_all_in_focus(path: Path) -> NDArray[np.float64]:
    """Read an all-in-focus image, in [0, 1] where it is of whole numbers.

    Raises
    ------
    InputError
        If it cannot be read.
    """
    import tifffile
    from PIL import Image

    try:
        if path.suffix.lower() in TIFF_SUFFIXES:
            pixels = np.asarray(tifffile.imread(path))
        else:
            with Image.open(path) as image:
                pixels = np.asarray(image)
    except Exception as error:
        raise InputError(f"The image {path} cannot be read: {error}.") from None
    white = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind in "ui" else 1.0
    if pixels.dtype == np.int32:  # how Pillow reads 16-bit grey
        white = 65535.0
    return pixels.astype(np.float64) / white


def _depth_file(folder: Path) -> Path:
    for name in DEPTH_FILES:
        if (folder / name).is_file():
            return folder / name
    raise InputError(f"The folder {folder} holds no {' or '.join(DEPTH_FILES)}; give a result's folder.")


def _read_tiff(file: Path) -> tuple[NDArray[Any], str | None]:
    import tifffile

    with tifffile.TiffFile(file) as tif:
        return np.asarray(tif.asarray()), _described_unit(tif)


def _described_unit(tif: Any) -> str | None:
    """Return the unit in our own description, or in the JSON one that tifffile writes."""
    found = re.search(r"Depth in ([^<\"&]+)", tif.ome_metadata or "")
    if found:
        return found[1].strip()
    for entries in (tif.shaped_metadata or (), [tif.imagej_metadata or {}]):
        for entry in entries:
            if isinstance(entry.get("unit"), str):
                return str(entry["unit"])
    return None


def _recorded_unit(folder: Path) -> str | None:
    try:
        unit = json.loads((folder / PARAMETERS_FILE).read_text("utf-8")).get("unit")
    except (OSError, ValueError, AttributeError):
        return None
    return unit if isinstance(unit, str) else None
