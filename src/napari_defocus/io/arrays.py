"""Focal stacks that are arrays already: in memory, lazy, or in a ``.npy`` file."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.planes import check_dtype, check_plane_count

if TYPE_CHECKING:
    import dask.array as da

NPY_SUFFIX = ".npy"


def open_npy(path: Path) -> NDArray[Any]:
    """Map a ``.npy`` file to memory; pixels are read when they are used.

    Raises
    ------
    InputError
        If the file is damaged, cut off, no ``.npy`` file, or holds Python objects.
    """
    try:
        mapped: NDArray[Any] = np.lib.format.open_memmap(path, mode="r")
    except Exception as error:  # parsing a header raises errors of many kinds
        raise InputError(
            f"{path.name} cannot be read as a NumPy array ({error}); save it again with numpy.save."
        ) from None
    return mapped


def lazy_array(source: Any, name: str) -> "da.Array":
    """Return an array as a dask array of one plane a chunk; `name` stands for it in messages.

    Parameters
    ----------
    source : ndarray or dask.array.Array, (planes, Y, X) or (planes, Y, X, 3)
        Of any real type.

    Raises
    ------
    InputError
        If it has another shape or type, no pixels, or fewer than two planes.
    """
    import dask.array as da

    shape = tuple(source.shape)
    check_dtype(np.dtype(source.dtype), name)
    _check_shape(shape, name)
    chunks = (1, *shape[1:])
    images: da.Array = (
        source.rechunk(chunks) if isinstance(source, da.Array) else da.from_array(source, chunks=chunks)
    )
    return images


def _check_shape(shape: tuple[int, ...], name: str) -> None:
    if any(math.isnan(size) for size in shape):  # dask's mark of an unknown size
        raise InputError(f"{name} has an unknown shape; call its compute_chunk_sizes() first.")
    if len(shape) == 2:
        check_plane_count(1, name)
    colour_last = len(shape) >= 3 and shape[-1] in (2, 3, 4)
    if len(shape) == 3 and colour_last:
        raise InputError(
            f"{name} of shape {shape} is one image in colour; a focal stack has shape (planes, Y, X) "
            "or (planes, Y, X, 3)."
        )
    if len(shape) == 4 and colour_last and shape[-1] != 3:
        raise InputError(
            f"{name} of shape {shape} has {shape[-1]} channels; give grey or RGB without transparency."
        )
    if len(shape) not in (3, 4) or (len(shape) == 4 and shape[-1] != 3):
        raise InputError(
            f"{name} has {len(shape)} axes (shape {shape}); a focal stack has shape (planes, Y, X) "
            "or (planes, Y, X, 3), so pick one channel and time point."
        )
    if 0 in shape[1:]:
        raise InputError(f"{name} of shape {shape} has no pixels.")
    check_plane_count(shape[0], name)
