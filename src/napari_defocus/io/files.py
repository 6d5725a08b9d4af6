"""Which files make up a focal stack: folders, archives, lists; natural order."""

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Literal

from napari_defocus.errors import InputError

Sort = Literal["natural", "name", "given"]

TIFF_SUFFIXES = frozenset({".tif", ".tiff", ".btf", ".tf8"})
IMAGE_SUFFIXES = TIFF_SUFFIXES | {".png", ".jpg", ".jpeg", ".jpe", ".bmp"}
STACK_SUFFIXES = IMAGE_SUFFIXES | {".zip", ".npy"}
FORMATS = "PNG, JPEG, TIFF or BMP"

# Written by systems and photo software beside the images; never images themselves.
_CLUTTER = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})
_CLUTTER_SUFFIXES = frozenset({".xmp", ".aae"})
_SIDE_CAR = re.compile(r"(.+\.)?optics\.(toml|json)", re.IGNORECASE)
_ARCHIVE_ERRORS = (OSError, zipfile.BadZipFile, RuntimeError, EOFError)


@dataclass(frozen=True)
class ImageFile:
    """A file on disk, or a member of a ``.zip`` archive."""

    path: Path
    member: str | None = None

    @property
    def name(self) -> str:
        """Name without folders."""
        return self.path.name if self.member is None else PurePosixPath(self.member).name

    @property
    def suffix(self) -> str:
        """Suffix in lower case, with the dot."""
        return PurePosixPath(self.name).suffix.lower()

    def open(self) -> IO[bytes]:
        """Open for reading; a member of an archive is unpacked as far as it is read."""
        if self.member is None:
            return self.path.open("rb")
        with zipfile.ZipFile(self.path) as archive:  # an open member keeps the archive's file open
            return archive.open(self.member)

    def read(self) -> bytes:
        """Return the whole content."""
        with self.open() as stream:
            return stream.read()

    def seekable(self) -> Path | IO[bytes]:
        """Return what a TIFF reader can jump about in: the path, or the unpacked member."""
        return self.path if self.member is None else io.BytesIO(self.read())


def natural_key(name: str) -> tuple[object, ...]:
    """Key that sorts ``img2`` before ``img10``; case does not count unless all else is equal."""
    parts = re.split(r"(\d+)", name.casefold())
    return tuple(int(part) if index % 2 else part for index, part in enumerate(parts)), name


def sort_files(files: Iterable[ImageFile], sort: Sort) -> list[ImageFile]:
    """Return the files in natural order, in plain alphabetical order, or as given."""
    if sort == "given":
        return list(files)
    if sort == "name":
        return sorted(files, key=lambda file: file.name)
    if sort == "natural":
        return sorted(files, key=lambda file: natural_key(file.name))
    raise InputError(f"sort must be one of natural, name, given, but is {sort!r}.")


def is_side_car(name: str) -> bool:
    """Whether the name is that of an optics file."""
    return _SIDE_CAR.fullmatch(name) is not None


def stack_path(path: str | Path) -> Path:
    """Return the file or folder to read a focal stack from; a side-car's name stands for the images it is of.

    ``optics.toml`` (or ``.json``) gives its folder, ``<stem>.optics.toml`` the single file ``<stem>.*``
    beside it, any other path itself.

    Raises
    ------
    InputError
        If there is no such file or folder, or not exactly one file of that stem.
    """
    path = Path(path).expanduser()
    try:
        there = path.exists()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from None
    if not there:
        raise InputError(f"There is no file or folder {path}; check the path.")
    if path.is_dir() or not is_side_car(path.name):
        return path
    folder = path.absolute().parent
    stem = path.name.lower().removesuffix(path.suffix.lower()).removesuffix("optics").removesuffix(".")
    if not stem:
        return folder
    beside = [
        entry
        for entry in folder.iterdir()
        if entry.suffix.lower() in STACK_SUFFIXES and entry.stem.lower().removesuffix(".ome") == stem
    ]
    if len(beside) != 1:
        raise InputError(
            f"{path.name} is of one file {stem}.*, but there are {len(beside)} in {folder}; open the images."
        )
    return beside[0]


def _is_clutter(name: str) -> bool:
    lower = name.lower()
    return (
        name.startswith(".")
        or lower in _CLUTTER
        or PurePosixPath(lower).suffix in _CLUTTER_SUFFIXES
        or is_side_car(name)
    )


def _refuse_others(files: Iterable[ImageFile], place: str) -> None:
    for file in files:
        if file.suffix not in IMAGE_SUFFIXES:
            raise InputError(
                f"{file.name} in {place} is not a {FORMATS} image; move it elsewhere or convert it."
            )


def folder_images(folder: Path) -> list[ImageFile]:
    """Return the images of a folder in natural order; subfolders are not entered.

    Raises
    ------
    InputError
        If the folder cannot be read, is empty, or holds a file that is neither image nor side-car.
    """
    try:
        files = [
            ImageFile(entry) for entry in folder.iterdir() if not _is_clutter(entry.name) and entry.is_file()
        ]
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    files = sort_files(files, "natural")
    _refuse_others(files, f"the folder {folder}")
    if not files:
        raise InputError(f"The folder {folder} holds no images; give one with {FORMATS} files.")
    return files


def archive_images(path: Path) -> list[ImageFile]:
    """Return the images of a ``.zip`` in natural order: those of its topmost folder that holds any.

    Raises
    ------
    InputError
        As :func:`folder_images`, or if two folders of the archive hold images side by side.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [info for info in archive.infolist() if not info.is_dir()]
            locked = any(info.flag_bits & 1 for info in entries)
    except _ARCHIVE_ERRORS as error:
        raise InputError(f"The archive {path} cannot be read: {error}.") from None
    if locked:
        raise InputError(f"The archive {path} is locked with a password; unpack it and give the folder.")
    members = [PurePosixPath(info.filename) for info in entries]
    members = [
        member for member in members if not any(p.startswith((".", "__MACOSX")) for p in member.parts[:-1])
    ]
    depths = [len(member.parts) for member in members if member.suffix.lower() in IMAGE_SUFFIXES]
    top = [m for m in members if depths and len(m.parts) == min(depths) and not _is_clutter(m.name)]
    folders = {member.parent for member in top if member.suffix.lower() in IMAGE_SUFFIXES}
    if not folders:
        raise InputError(f"The archive {path} holds no images; give one with {FORMATS} files.")
    if len(folders) > 1:
        names = " and ".join(sorted(str(folder) for folder in folders)[:2])
        raise InputError(
            f"The archive {path} has images in several folders ({names}); keep one focal stack in it."
        )
    files = [ImageFile(path, str(member)) for member in top if member.parent in folders]
    files = sort_files(files, "natural")
    _refuse_others(files, f"the archive {path}")
    return files


def archive_folder_members(file: ImageFile) -> list[ImageFile]:
    """Return all members that lie in the same folder of the archive as `file`."""
    if file.member is None:
        return []
    folder = PurePosixPath(file.member).parent
    with zipfile.ZipFile(file.path) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    return [ImageFile(file.path, name) for name in names if PurePosixPath(name).parent == folder]
