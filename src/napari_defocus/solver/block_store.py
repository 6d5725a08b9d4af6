"""Results and unknowns in zarr, so that no process holds the whole image."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import uuid4

from numpy.typing import DTypeLike

from napari_defocus.errors import InputError

MARK = "napari_defocus"
"""Attribute by which a store of ours is known; holds the version."""


class BlockStore:
    """A zarr group for the result, and beside it arrays for the work, on a disk that all workers reach.

    Everything is written into a folder of another name beside `path`. :meth:`commit` moves the result into
    place; leaving the context removes what is left of the folder.

    Parameters
    ----------
    path : path
        Directory of the store to make.
    side : int
        Side of the chunks along Y and X, px: that of the blocks.
    overwrite : bool
        Replace a store of an earlier result.

    Raises
    ------
    InputError
        If zarr is missing, `path` is taken, or it cannot be written.
    """

    def __init__(self, path: str | os.PathLike[str], side: int, *, overwrite: bool = False) -> None:
        self.path = Path(path).expanduser().absolute()
        self.side = side
        check_store(self.path, overwrite=overwrite)
        import zarr

        self.folder = self.path.with_name(f".{self.path.name}.partial-{uuid4().hex[:8]}")
        try:
            self.folder.mkdir(parents=True)
        except OSError as error:
            raise InputError(f"The store {path} cannot be written: {error.strerror}; name another.") from None
        self._result = zarr.open_group(self.folder / "result", mode="w")
        self._work = zarr.open_group(self.folder / "work", mode="w")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def work(self, name: str, shape: Sequence[int], dtype: DTypeLike) -> Any:
        """Array (Y, X) or (rows, Y, X[, channels]) for the work; of the stack, a chunk holds one plane."""
        chunks = list(shape)
        axes = slice(0, 2) if len(shape) == 2 else slice(1, 3)
        chunks[axes] = [min(length, self.side) for length in chunks[axes]]
        if name == "stack":
            chunks[0] = 1
        return self._work.create_array(name, shape=tuple(shape), dtype=dtype, chunks=tuple(chunks))

    def drop(self, name: str) -> None:
        """Delete an array of the work."""
        del self._work[name]

    def result(self, name: str, shape: Sequence[int], dtype: DTypeLike, unit: str | None = None) -> Any:
        """Array (Y, X) or (Y, X, channels) of the result."""
        chunks = (*(min(length, self.side) for length in shape[:2]), *shape[2:])
        return self._result.create_array(
            name,
            shape=tuple(shape),
            dtype=dtype,
            chunks=chunks,
            dimension_names=("y", "x", "channel")[: len(shape)],
            attributes={} if unit is None else {"unit": unit},
        )

    def commit(self, attributes: dict[str, Any]) -> dict[str, Any]:
        """Give the result its attributes, move it into place and return its arrays as dask arrays.

        Raises
        ------
        InputError
            If it cannot be moved; it is then kept and the message tells where.
        """
        import dask.array as da
        import zarr

        self._result.attrs.update(attributes)
        try:
            if self.path.exists():
                os.replace(self.path, self.folder / "replaced")
            os.replace(self.folder / "result", self.path)
        except OSError as error:
            kept = self.path.with_name(f"{self.path.stem}-{uuid4().hex[:8]}{self.path.suffix}")
            os.replace(self.folder / "result", kept)
            raise InputError(
                f"The result is finished but cannot be moved to {self.path} ({error.strerror}); take {kept}."
            ) from None
        group = zarr.open_group(self.path, mode="r")
        return {name: da.from_array(array, chunks=array.chunks) for name, array in group.arrays()}


def check_store(path: str | os.PathLike[str], *, overwrite: bool = False) -> None:
    """Raise :class:`InputError` when a result could not be written to a zarr store; for use before a run."""
    try:
        import zarr
    except ImportError:
        raise InputError(
            "A zarr store needs zarr, which is not installed: pip install 'napari-defocus[cluster]'."
        ) from None
    path = Path(path).expanduser()
    if not path.exists():
        return
    if not overwrite:
        raise InputError(f"The store {path} is there already; choose another, or ask to overwrite it.")
    try:
        ours = MARK in zarr.open_group(path, mode="r").attrs
    except (OSError, ValueError):  # zarr's errors for what is no group are of these kinds
        ours = False
    if not ours:
        raise InputError(
            f"{path} is not the result of an earlier run and would be lost; choose another store."
        )
