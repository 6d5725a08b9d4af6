"""Single planes of a focal stack: what is known before decoding, and the lazy array made of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError

if TYPE_CHECKING:
    import dask.array as da


@dataclass(frozen=True)
class Plane:
    """One image of a stack, known by its header.

    Attributes
    ----------
    name : str
        Name of the file (and page), for messages.
    shape : tuple of int
        (Y, X) or (Y, X, 3), after the orientation is applied.
    dtype : dtype
        In native byte order.
    load : callable
        Decodes the pixels; can be pickled.
    exif : dict
        EXIF values by tag number.
    white : float, optional
        Intensity of white where it is below the type's maximum (12 bits in 16, say).
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    load: Callable[[], NDArray[Any]]
    exif: dict[int, Any] = field(default_factory=dict)
    white: float | None = None


def check_dtype(dtype: np.dtype[Any], name: str) -> None:
    """Raise :class:`InputError` unless the type is an integer or a real float."""
    if dtype.kind not in "uif":
        what = {"b": "true/false values", "c": "complex numbers"}.get(dtype.kind, f"values of type {dtype}")
        raise InputError(
            f"{name} holds {what}; a focal stack needs intensities (8-bit, 16-bit or float numbers)."
        )


def check_plane_count(planes: int, source: str) -> None:
    """Raise :class:`InputError` when there are fewer than two planes."""
    if planes < 2:
        raise InputError(
            f"{source} has only {planes} plane{'s' * (planes != 1)}; a focal stack needs at least two images "
            "at different focus settings."
        )


def check_uniform(planes: Sequence[Plane]) -> None:
    """Raise :class:`InputError` when planes differ in size, colour or type; the message names the file."""
    first = planes[0]
    for plane in planes[1:]:
        if plane.shape[:2] != first.shape[:2]:
            raise InputError(
                f"{plane.name} is {_size(plane)} but {first.name} is {_size(first)} pixels; "
                "all images of a focal stack must have the same size."
            )
        if plane.shape != first.shape:
            raise InputError(
                f"{plane.name} is {_colour(plane)} but {first.name} is {_colour(first)}; "
                "save all images of the stack alike."
            )
        if plane.dtype != first.dtype:
            raise InputError(
                f"{plane.name} is of type {plane.dtype} but {first.name} is of type {first.dtype}; "
                "save all images of the stack alike."
            )


def _size(plane: Plane) -> str:
    return f"{plane.shape[1]} x {plane.shape[0]}"


def _colour(plane: Plane) -> str:
    return "in colour" if len(plane.shape) == 3 else "grey"


def decode(plane: Plane) -> NDArray[Any]:
    """Return the pixels of a plane.

    Raises
    ------
    InputError
        If the file is damaged, cut off, gone, or not what it was when it was opened.
    """
    try:
        pixels = plane.load()
    except (InputError, MemoryError):
        raise
    except FileNotFoundError:
        raise InputError(f"{plane.name} is no longer there; open the stack again.") from None
    except Exception as error:  # decoders raise errors of many kinds on damaged data
        raise InputError(
            f"{plane.name} is damaged or cut off ({error}); copy it again or leave it out of the stack."
        ) from None
    if pixels.shape != plane.shape or pixels.dtype != plane.dtype:
        raise InputError(f"{plane.name} has changed since it was opened; open the stack again.")
    return pixels


def lazy_stack(planes: Sequence[Plane]) -> "da.Array":
    """Return the planes as a dask array, (planes, Y, X[, 3]), one plane a chunk; nothing is decoded yet."""
    import dask.array as da
    from dask.delayed import delayed

    decode_later = delayed(decode, pure=False)
    stack: da.Array = da.stack(
        [da.from_delayed(decode_later(plane), plane.shape, plane.dtype) for plane in planes], axis=0
    )
    return stack


def orient(pixels: NDArray[Any], orientation: int) -> NDArray[Any]:
    """Turn and mirror an image (Y, X[, 3]) as its EXIF orientation (1 to 8) asks."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def oriented_shape(shape: tuple[int, ...], orientation: int) -> tuple[int, ...]:
    """Return the shape of an image after :func:`orient`."""
    return (shape[1], shape[0], *shape[2:]) if orientation in (5, 6, 7, 8) else shape
