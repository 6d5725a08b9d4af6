"""Focal stacks: read lazily from files, folders, archives and arrays."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_defocus.errors import InputError
from napari_defocus.io.arrays import NPY_SUFFIX, lazy_array, open_npy
from napari_defocus.io.files import (
    FORMATS,
    IMAGE_SUFFIXES,
    TIFF_SUFFIXES,
    ImageFile,
    Sort,
    archive_images,
    folder_images,
    sort_files,
    stack_path,
)
from napari_defocus.io.planes import Plane, check_plane_count, check_uniform, lazy_stack
from napari_defocus.optics import Microscope, Optics, UncalibratedFocus, load_optics

if TYPE_CHECKING:
    import dask.array as da

FoundOptics = tuple[Optics | None, str | None]
"""Optics and where they come from."""


@dataclass(frozen=True, eq=False)
class FocalStack:
    """Images of one static scene from one viewpoint at different focus settings.

    Attributes
    ----------
    images : dask.array.Array, (planes, Y, X) or (planes, Y, X, 3)
        One plane a chunk; a plane is decoded when it is computed.
    focus : tuple of float, optional
        Focus position of each plane, in `unit`.
    optics : Optics, optional
        The optics, where a side-car or complete metadata tell them.
    metadata : dict
        Plain values, each only where known: ``names`` (of the planes), ``files`` (of a
        list, absolute paths in the order of the planes), ``camera`` (``make``, ``model``,
        ``focal_length_mm``, ``f_number``), ``pixel_pitch_um``, ``subject_distances`` (m); of a microscope
        ``pixel_size``, ``z_step``, ``focus_positions``, ``wavelength`` (in ``unit``), ``numerical_aperture``,
        ``refractive_index``, ``immersion``; ``white`` (intensity, where below the type's maximum).
    source : str
        Absolute path of what was read (of a list: folder of the first file), or "array".
    optics_from : str, optional
        Where the optics come from: "given", the name of the side-car, "OME metadata" or "EXIF".
    """

    images: "da.Array"
    focus: tuple[float, ...] | None = None
    optics: Optics | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    source: str = "array"
    optics_from: str | None = None

    @property
    def name(self) -> str:
        """Short name: that of the folder or file without its suffix."""
        path = Path(self.source)
        return path.name if path.is_dir() else path.stem.removesuffix(".ome")

    @property
    def planes(self) -> int:
        """Number of planes."""
        return int(self.images.shape[0])

    @property
    def rgb(self) -> bool:
        """Whether the images are in colour."""
        return bool(self.images.ndim == 4)

    @property
    def unit(self) -> str:
        """Unit of the focus positions: "m", "um", ...; "plane" when they are unknown."""
        if self.optics is not None:
            return self.optics.depth_unit
        if self.focus is None:
            return "plane"
        return str(self.metadata.get("unit", "m"))

    @property
    def origin(self) -> dict[str, Any]:
        """What tells which images were read and in which order, how they were aligned, what part it is."""
        keys = ("files", "names", "alignment", "region", "binning")
        known: dict[str, Any] = {key: self.metadata[key] for key in keys if key in self.metadata}
        return {"source": self.source, **known}


def read_focal_stack(
    source: Any, *, sort: Sort | None = None, optics: Optics | str | Path | None = None
) -> FocalStack:
    """Open a focal stack; only headers are read until planes are computed.

    Parameters
    ----------
    source : path, sequence of paths, or array
        A folder of images (PNG, JPEG, TIFF, BMP; its subfolders are not entered), a ``.zip`` of such images,
        a TIFF of several pages (plain, ImageJ, OME), a list of image files, or a NumPy or dask array
        (planes, Y, X) or (planes, Y, X, 3), also as a ``.npy`` file. A side-car stands for its images.
    sort : {"natural", "name", "given"}, optional
        Order of separate files: ``img2`` before ``img10``, alphabetical, or as given. None: natural for
        folders and archives, as given for lists.
    optics : Optics or path, optional
        Optics, or the file that holds them, instead of those found with the images.

    Returns
    -------
    FocalStack
        Its optics come from `optics`, else from a side-car (``optics.toml`` or ``.json`` in the folder, in
        the archive or beside the TIFF or ``.npy``; ``<stem>.optics.toml`` beside a single file), else from
        OME or EXIF metadata where these are complete.

    Raises
    ------
    InputError
        If the source is missing, empty, has one plane, images of different size, colour or type, an alpha
        channel, extra axes, a file that is no image, or a side-car that is malformed. Computing a plane
        raises it too where a file turns out to be damaged.
    """
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        return _complete(lazy_array(source, "The array"), {}, "array", _given(optics))
    if isinstance(source, str | Path):
        source = stack_path(source)
        if source.suffix.lower() == NPY_SUFFIX and source.is_file():
            return _from_npy(source, optics)
    path, files = _resolve(source, sort)
    planes, metadata = _open_files(files, str(path or files[0].path.parent))
    metadata["names"] = [plane.name for plane in planes]
    if path is None:
        metadata["files"] = [os.path.abspath(file.path) for file in files]
    white = max((plane.white for plane in planes if plane.white is not None), default=None)
    if white is not None:
        metadata["white"] = white
    return _complete(
        lazy_stack(planes),
        metadata,
        os.path.abspath(path or files[0].path.parent),
        _found_optics(files, path, len(planes), metadata) if optics is None else _given(optics),
    )


def _resolve(source: Any, sort: Sort | None) -> tuple[Path | None, list[ImageFile]]:
    """Return the path (None for a list) and the image files of a source."""
    if isinstance(source, Path):
        if source.is_dir():
            return source, sort_files(folder_images(source), sort or "natural")
        if source.suffix.lower() == ".zip":
            return source, sort_files(archive_images(source), sort or "natural")
        return source, [_checked_file(source)]
    if isinstance(source, Iterable) and not isinstance(source, bytes):
        paths = list(source)
        if not paths:
            raise InputError("The list of files is empty; give at least two images.")
        wrong = next((item for item in paths if not isinstance(item, str | Path)), None)
        if wrong is not None:
            raise InputError(
                f"A list must hold paths of image files, but holds a {type(wrong).__name__}; "
                "stack arrays with numpy.stack first."
            )
        files = [_checked_file(Path(item).expanduser()) for item in paths]
        return None, sort_files(files, sort or "given")
    raise InputError(
        f"A focal stack is read from a path, a list of paths or an array, not from a {type(source).__name__}."
    )


def _checked_file(path: Path) -> ImageFile:
    if not path.exists():
        raise InputError(f"There is no file {path}; check the path.")
    if path.is_dir():
        raise InputError(f"{path} is a folder; give it by itself or list its files.")
    if path.suffix.lower() not in IMAGE_SUFFIXES:
        raise InputError(f"{path.name} is not a {FORMATS} image; convert it, microscope formats to OME-TIFF.")
    return ImageFile(path)


def _open_files(files: list[ImageFile], source: str) -> tuple[list[Plane], dict[str, Any]]:
    """Return the planes and what the files' metadata tell."""
    from napari_defocus.io import image_files, tiff
    from napari_defocus.io.exif import camera_metadata
    from napari_defocus.io.microscope_metadata import imagej_metadata, ome_metadata

    if len(files) == 1 and files[0].suffix in TIFF_SUFFIXES:
        stack = tiff.read_tiff_stack(files[0])
        planes = stack.planes
        check_uniform(planes)
        if stack.ome is not None:
            return planes, ome_metadata(stack.ome, len(planes), files[0].name)
        if stack.imagej:
            return planes, imagej_metadata(stack.imagej, len(planes))
        return planes, camera_metadata(planes)
    check_plane_count(len(files), source)
    planes = [
        tiff.read_page(file) if file.suffix in TIFF_SUFFIXES else image_files.read_plane(file)
        for file in files
    ]
    check_uniform(planes)
    return planes, camera_metadata(planes)


def _given(optics: Optics | str | Path | None) -> FoundOptics:
    """Return the optics that the caller named, and that it was the caller."""
    if optics is None:
        return None, None
    return optics if isinstance(optics, Optics) else load_optics(optics), "given"


def _found_optics(
    files: list[ImageFile], path: Path | None, planes: int, metadata: dict[str, Any]
) -> FoundOptics:
    from napari_defocus.io.stack_optics import find_side_car, metadata_optics, side_car_optics

    side_car = find_side_car(files, path)
    if side_car is not None:
        return side_car_optics(side_car, files, planes), side_car.name
    optics = metadata_optics(metadata)
    if optics is None:
        return None, None
    return optics, "OME metadata" if isinstance(optics, Microscope) else "EXIF"


def _from_npy(path: Path, optics: Optics | str | Path | None) -> FocalStack:
    images = lazy_array(open_npy(path), path.name)
    found = _found_optics([ImageFile(path)], path, len(images), {}) if optics is None else _given(optics)
    return _complete(images, {}, os.path.abspath(path), found)


def _complete(images: "da.Array", metadata: dict[str, Any], source: str, found: FoundOptics) -> FocalStack:
    optics, optics_from = found
    focus: Iterable[float] | None
    if optics is not None:
        optics.check_planes(int(images.shape[0]))
        focus = None if isinstance(optics, UncalibratedFocus) else optics.focus_positions_array.tolist()
    else:
        focus = metadata.get("focus_positions") or metadata.get("subject_distances")
    return FocalStack(
        images=images,
        focus=None if focus is None else tuple(float(position) for position in focus),
        optics=optics,
        metadata=metadata,
        source=source,
        optics_from=optics_from,
    )
