"""Matrices in the binary files of MobileDepth, which are OpenCV's with a header of nine bytes."""

import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError

_HEADER = struct.Struct("<Bii")
_TYPES = ("<u1", "<i1", "<u2", "<i2", "<i4", "<f4", "<f8", "<f2")
_CHANNEL_SHIFT = 3


def read_matrix(path: str | Path) -> NDArray[Any]:
    """Read a matrix.

    The header is OpenCV's type (one byte: the depth in the three low bits, the number of channels less one
    above them), rows and columns (int32 each); the values follow row by row, all little-endian.

    Parameters
    ----------
    path : path
        Such as ``depth_var.bin`` or ``scaleMatrix.bin``.

    Returns
    -------
    ndarray, (rows, columns) or (rows, columns, channels)
        In the type of the file.

    Raises
    ------
    InputError
        If it cannot be read, or its length does not fit its header.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"The matrix {path} cannot be read: {error.strerror or error}.") from None
    if len(content) < _HEADER.size:
        raise InputError(f"{path} is too short for a matrix; copy it again from the data set.")
    kind, rows, columns = _HEADER.unpack_from(content)
    dtype, channels = np.dtype(_TYPES[kind & 7]), (kind >> _CHANNEL_SHIFT) + 1
    expected = _HEADER.size + rows * columns * channels * dtype.itemsize
    if rows < 0 or columns < 0 or len(content) != expected:
        raise InputError(
            f"{path} has {len(content)} bytes, but its header ({rows} x {columns}, {channels} channels of "
            f"{dtype.name}) makes {expected}; copy it again from the data set."
        )
    values = np.frombuffer(content, dtype, offset=_HEADER.size)
    shape = (rows, columns) if channels == 1 else (rows, columns, channels)
    return values.reshape(shape).astype(dtype.newbyteorder("="))
