"""Which focal stacks there are in files and folders."""

from collections.abc import Iterable
from pathlib import Path

from napari_defocus.errors import InputError
from napari_defocus.io.files import IMAGE_SUFFIXES, TIFF_SUFFIXES, ImageFile, natural_key, stack_path

Source = Path | tuple[Path, ...]
"""A folder of images or a file that holds a stack; or the images of a stack, in their order."""

_ARRAYS = frozenset({".npy", ".zip"})


def find_stacks(paths: Iterable[str | Path]) -> list[Source]:
    """Return the focal stacks of files and folders.

    Parameters
    ----------
    paths : iterable of path
        A file that holds a stack (TIFF of several images, ``.npy``, ``.zip``) is one. Single images are taken
        together, those of one folder as one stack. A folder of single images is one, too; in any other, each
        file that holds a stack is one, and whatever its subfolders (not theirs) are or hold. Folders of
        results are left out. A side-car stands for its images.

    Returns
    -------
    list of path or tuple of path
        Files that are damaged are among them, to be told so when they are read.

    Raises
    ------
    InputError
        If a path is not there, or a folder holds no stack.
    """
    found: list[Source] = []
    singles: dict[Path, list[Path]] = {}
    for path in (stack_path(item).absolute() for item in paths):
        if path.is_dir():
            found += _in_folder(path)
        elif path.suffix.lower() in IMAGE_SUFFIXES and _count(path) == 1:
            singles.setdefault(path.parent, []).append(path)
        else:
            found.append(path)
    for images in singles.values():
        images.sort(key=lambda image: natural_key(image.name))
        found.append(tuple(images) if len(images) > 1 else images[0])
    return found


def _in_folder(folder: Path) -> list[Path]:
    """Return the stacks of a folder and of its subfolders."""
    try:
        found = _directly_in(folder)
        if found != [folder]:
            below = sorted(folder.iterdir(), key=lambda entry: natural_key(entry.name))
            subfolders = [entry for entry in below if entry.is_dir() and not entry.name.startswith(".")]
            found += [stack for subfolder in subfolders for stack in _directly_in(subfolder)]
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be read: {error.strerror}.") from None
    if not found:
        raise InputError(
            f"The folder {folder} holds no focal stack: no TIFF of several images, no .npy or .zip file, "
            "no subfolder of images."
        )
    return found


def _directly_in(folder: Path) -> list[Path]:
    """Return the files of a folder that hold a stack; where there is none, the folder if it is one itself."""
    names = sorted((entry.name for entry in folder.iterdir() if entry.is_file()), key=natural_key)
    if "depth.npy" in names:  # a result
        return []
    files = [folder / name for name in names if not name.startswith(".")]
    arrays = [file for file in files if file.suffix.lower() in _ARRAYS]
    counts = {file: _count(file) for file in files if file.suffix.lower() in IMAGE_SUFFIXES}
    several = any(count > 1 for count in counts.values())
    if not arrays and not several and len(counts) > 1:
        return [folder]
    return [file for file in files if file in arrays or counts.get(file, 1) != 1]


def _count(file: Path) -> int:
    """Return how many images a file holds, 0 where it is damaged; photographs are not opened."""
    if file.suffix.lower() not in TIFF_SUFFIXES:
        return 1
    from napari_defocus.io.tiff import count_images

    try:
        return count_images(ImageFile(file))
    except InputError:
        return 0
