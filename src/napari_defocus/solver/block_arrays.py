"""Windows of arrays that tasks read, and targets that they write to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.blocks import Block


@dataclass(frozen=True, eq=False)
class Kept:
    """A dask array whose chunks a cluster keeps in its memory."""

    array: Any

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return int(self.array.ndim)


@dataclass(frozen=True, eq=False)
class Window:
    """A window of an array, read by the task that needs it, where it runs.

    `array` is NumPy or zarr, or a dask array cut to the window already; `index` is what else to cut.
    """

    array: Any
    index: Any = ...

    def read(self) -> NDArray[Any]:
        """Return the values."""
        part = self.array[self.index]
        if hasattr(part, "dask"):  # here and now, not as further tasks of the cluster that runs this one
            part = part.compute(scheduler="synchronous")
        return np.asarray(part)


@dataclass(frozen=True, eq=False)
class Target:
    """An array, NumPy or zarr, that blocks are written to.

    With zarr chunks of the size of the blocks no two tasks touch the same chunk.

    Attributes
    ----------
    array
        The array, (Y, X[, channels]) or, with `planes`, (planes, Y, X[, channels]).
    planes : slice, optional
        The planes to write.
    """

    array: Any
    planes: slice | None = None

    def write(self, tile: Tile, values: NDArray[Any]) -> None:
        """Write a tile."""
        if not self._gone():
            self.array[tile.slices if self.planes is None else (self.planes, *tile.slices)] = values

    def _gone(self) -> bool:
        """Whether the run was given up meanwhile: zarr would make the folders of its store again."""
        root = getattr(getattr(self.array, "store", None), "root", None)
        return root is not None and not root.exists()


def window(array: Any, tile: Tile, planes: slice = slice(None)) -> Any:
    """What to give to a task that needs a tile of an array (Y, X) or (planes, Y, X[, channels]).

    Of an array that a cluster keeps it is a dask array, so that the scheduler moves the values, borders of
    the neighbours' blocks among them, to where the task runs; of any other a :class:`Window`.
    """
    index = tile.slices if array.ndim == 2 else (planes, *tile.slices)
    if isinstance(array, Kept):
        return array.array[index]
    if hasattr(array, "dask"):
        from dask.base import optimize

        (part,) = optimize(array[index])  # leaves only the chunks that are needed
        return Window(part)
    return Window(array, index)


def values(given: Any) -> Any:
    """Read a window; return an array such that kernels compiled for one of our own fit it, all else as is."""
    if isinstance(given, Window):
        given = given.read()
    return np.require(given, requirements=["C", "W"]) if isinstance(given, np.ndarray) else given


def assembled(
    pieces: Sequence[Any], blocks: Sequence[Block], shape: tuple[int, ...], dtype: DTypeLike
) -> Any:
    """Dask array (..., Y, X) of pieces, one delayed array a block of the grid."""
    import dask.array as da

    rows: dict[int, list[Any]] = {}
    for piece, block in zip(pieces, blocks, strict=True):
        size = (*shape[:-2], block.inner.height, block.inner.width)
        rows.setdefault(block.inner.y0, []).append(da.from_delayed(piece, size, dtype))
    return da.concatenate([da.concatenate(row, axis=-1) for row in rows.values()], axis=-2)
