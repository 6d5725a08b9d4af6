"""The optics of a stack: from a side-car file, or from what the images' metadata say."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from napari_defocus.errors import InputError
from napari_defocus.io.files import (
    ImageFile,
    archive_folder_members,
    folder_images,
    sort_files,
)
from napari_defocus.optics import Microscope, Optics, ThinLens, UncalibratedFocus
from napari_defocus.optics.files import parse_optics


def find_side_car(files: Sequence[ImageFile], source: Path | None) -> ImageFile | None:
    """Return the optics file that goes with the images, or None.

    ``<stem>.optics.toml`` beside a single `source` file comes first, then ``optics.toml`` in the folder or
    archive of the images (``.json`` likewise).

    Raises
    ------
    InputError
        If there is a ``.toml`` and a ``.json``.
    """
    if source is not None and source.is_file():
        stem = source.stem.removesuffix(".ome")
        beside = [ImageFile(source.with_name(f"{stem}.optics.{suffix}")) for suffix in ("toml", "json")]
        if (found := _only([file for file in beside if file.path.is_file()])) is not None:
            return found
    if files[0].member is not None:
        members = archive_folder_members(files[0])
        return _only([file for file in members if file.name.lower() in ("optics.toml", "optics.json")])
    folders = {file.path.parent for file in files}
    if len(folders) > 1:
        return None
    folder = folders.pop()
    inside = [ImageFile(folder / f"optics.{suffix}") for suffix in ("toml", "json")]
    return _only([file for file in inside if file.path.is_file()])


def _only(found: list[ImageFile]) -> ImageFile | None:
    if len(found) > 1:
        raise InputError(f"There are {found[0].name} and {found[1].name} with the images; keep one of them.")
    return found[0] if found else None


def side_car_optics(side_car: ImageFile, files: Sequence[ImageFile], planes: int) -> Optics:
    """Read a side-car; where the images are separate files, hand each its own focus position.

    A side-car in a folder lists one position for each image of the folder, in natural order of the names.

    Raises
    ------
    InputError
        If the file is malformed, or lists another number of planes than the stack has.
    """
    optics = parse_optics(_content(side_car), side_car.path if side_car.member is None else side_car.name)
    if len(files) > 1:
        ordered = sort_files(files, "natural")
        if side_car.member is None and optics.planes != planes:
            siblings = folder_images(
                side_car.path.parent
            )  # perhaps only some of the folder's images are read
            if len(siblings) == optics.planes:
                ordered = siblings
        if optics.planes == len(ordered):
            optics = select_planes(optics, [ordered.index(file) for file in files])
    try:
        optics.check_planes(planes)
    except InputError as error:
        raise InputError(f"{side_car.name}: {error}") from None
    return optics


def _content(file: ImageFile) -> bytes:
    try:
        return file.read()
    except OSError as error:
        raise InputError(f"The optics file {file.name} cannot be read: {error}.") from None


def select_planes(optics: Optics, planes: list[int]) -> Optics:
    """Return optics for some of the planes, in the order given."""
    if planes == list(range(optics.planes)):
        return optics
    if isinstance(optics, UncalibratedFocus):
        even = planes == list(range(planes[0], planes[0] + len(planes)))
        return optics.replace(planes=len(planes), blur_per_plane=optics.blur_per_plane if even else None)
    name = "focus_distances" if isinstance(optics, ThinLens) else "focus_positions"
    positions = optics.focus_positions_array
    return optics.replace(**{name: [float(positions[k]) for k in planes]})


def metadata_optics(metadata: dict[str, Any]) -> Optics | None:
    """Return the optics where the metadata are complete and make sense, else None."""
    camera = metadata.get("camera", {})
    try:
        if {"numerical_aperture", "pixel_size", "focus_positions"} <= set(metadata):
            known = ("numerical_aperture", "pixel_size", "focus_positions", "refractive_index", "wavelength")
            return Microscope(**{key: metadata[key] for key in known if key in metadata}, unit="um")
        if {"focal_length_mm", "f_number"} <= set(camera) and "pixel_pitch_um" in metadata:
            distances = metadata.get("subject_distances")
            if distances is not None:
                return ThinLens.from_camera(
                    camera["focal_length_mm"], camera["f_number"], metadata["pixel_pitch_um"], distances
                )
    except InputError:
        return None
    return None
