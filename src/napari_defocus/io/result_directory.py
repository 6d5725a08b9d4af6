"""The directory of a result: which one is taken, and how finished files get into it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from uuid import uuid4

from napari_defocus.errors import InputError
from napari_defocus.io.parameters import PARAMETERS_FILE

HALF_STEPS_FOLDER = "half_steps"
"""Folder of the pictures of each half-step."""

CHANNELS_FOLDER = "channels"
"""Folder of the all-in-focus images of further channels."""

RESULT_FILES = frozenset(
    {
        "depth.npy",
        "depth.tif",
        "all_in_focus.png",
        "all_in_focus.tif",
        "outliers.png",
        "confidence.tif",
        "losses.csv",
        "metrics.json",
        PARAMETERS_FILE,
        HALF_STEPS_FOLDER,
        CHANNELS_FOLDER,
        "plot_depth.png",
        "plot_all_in_focus.png",
        "plot_comparison.png",
        "plot_losses.png",
        "plot_surface.png",
        "plot_worst_pixels.png",
    }
)
"""Every name that a result may have among its files."""

_PARTIAL = ".partial-"
_VOLUME_FOLDER = "lost+found"  # at the root of a mounted volume


def resolve_target(directory: str | Path) -> Path:
    """Return the absolute path of the directory, symbolic links followed.

    Raises
    ------
    InputError
        If the path leads nowhere: links in a circle, or the home folder of an unknown user.
    """
    try:
        return Path(directory).expanduser().resolve()
    except (OSError, RuntimeError) as error:
        raise InputError(
            f"The result cannot be written to {directory}: {error}; name another path."
        ) from None


def check_target(
    directory: str | Path, *, overwrite: bool = False, names: frozenset[str] = RESULT_FILES
) -> None:
    """Raise :class:`InputError` if a result would not be written to the directory; for use before a run.

    `names` are those that the files of an older result may have.
    """
    target = resolve_target(directory)
    if not target.exists():
        return
    if not target.is_dir():
        raise InputError(f"{target} is a file; choose another directory for the result.")
    held = sorted(entry.name for entry in target.iterdir())
    held = [name for name in held if name != _VOLUME_FOLDER and not name.startswith(_PARTIAL)]
    if held and not overwrite:
        raise InputError(f"The directory {target} is there already; choose another, or ask to overwrite it.")
    foreign = [name for name in held if name not in names]
    if foreign:
        raise InputError(
            f"The directory {target} holds {foreign[0]}, which is no part of a result and would be lost; "
            "choose another directory."
        )


def check_writable(directory: str | Path) -> None:
    """Raise :class:`InputError` when no files can be made in `directory`, which need not be there yet."""
    # The nearest folder that is there decides: the ones below it are made with the results.
    path = resolve_target(directory)
    parent = next(folder for folder in (path, *path.parents) if folder.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise InputError(f"The output folder {directory} cannot be made in {parent}; choose another.")


def partial_paths(target: Path) -> list[Path]:
    """Return the directories of :func:`partial_directory` for a target that a killed process has left."""
    return [*target.parent.glob(f".{escape(target.name)}{_PARTIAL}*"), *target.glob(f"{_PARTIAL}*")]


def remove_leftovers(target: Path) -> None:
    """Remove what a run that was killed while it wrote to `target` has left beside it and in it."""
    for path in partial_paths(target):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def partial_directory(target: Path, names: frozenset[str] = RESULT_FILES) -> Iterator[Path]:
    """Make a directory to write a result to, on the file system of `target`; once written, it is moved there.

    A target that is there already stays the same directory, since it may be a mounted volume: the files are
    moved into it one by one. Nothing is moved if the writing raises, and then nothing is left behind.

    Parameters
    ----------
    target : Path
        As :func:`resolve_target` returns it.
    names : set of str
        Every name that a file of this kind of result may have; those of an older result are removed.

    Yields
    ------
    Path
        The directory to write to.

    Raises
    ------
    InputError
        If the files cannot be written, or not be moved; then they are kept and the message tells where.
    """
    there = target.is_dir()
    name = f"{_PARTIAL}{uuid4().hex[:8]}"
    partial = target / name if there else target.with_name(f".{target.name}{name}")
    try:
        partial.mkdir(parents=True)
        yield partial
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError):
            raise InputError(
                f"The result cannot be written to {target}: {error.strerror or error}; "
                "choose another directory."
            ) from None
        raise
    try:
        if there:
            _move_files(partial, target, names)
        else:
            os.replace(partial, target)
    except OSError as error:
        raise InputError(
            f"The result is finished but cannot be moved to {target} ({error.strerror or error}); "
            f"take the files from {partial}."
        ) from None


def _move_files(partial: Path, target: Path, names: frozenset[str]) -> None:
    """Move the files one by one, the parameters last; then remove what an older result has beside them."""
    new = sorted((path.name for path in partial.iterdir()), key=lambda name: (name == PARAMETERS_FILE, name))
    for name in new:
        if (target / name).is_dir():  # a folder cannot be replaced in one go
            shutil.rmtree(target / name)
        os.replace(partial / name, target / name)
    for name in names.difference(new):
        if (target / name).is_dir():
            shutil.rmtree(target / name)
        else:
            (target / name).unlink(missing_ok=True)
    partial.rmdir()
