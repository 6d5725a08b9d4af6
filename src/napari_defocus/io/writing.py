"""Single files that are either complete or not there."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from napari_defocus.errors import InputError


@contextmanager
def write_in_place(path: Path) -> Iterator[Path]:
    """Give a temporary name beside `path` to write to; once written, it becomes `path`. Folders are made.

    Raises
    ------
    InputError
        If it cannot be written; an older file is then left as it was.
    """
    temporary = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}.") from None
    finally:
        temporary.unlink(missing_ok=True)
