"""The focal stack as the solvers hold it: checked, in memory, in its own type."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.optics.lookahead import map_ahead

LUMINANCE = np.array([0.2125, 0.7154, 0.0721], np.float32)
"""Weights of red, green and blue (Rec. 709)."""

WHITE = 1 - 1e-6
"""Share of white that counts as white: 1 but for rounding."""

LEAST_SIDE = 8
"""Least height and width of an image, px."""


@dataclass(frozen=True, eq=False)
class Observations:
    """A focal stack in memory.

    Attributes
    ----------
    planes : ndarray, (planes, channels, Y, X)
        Intensities in the stack's own type (float32 for any type but uint8 and uint16).
    scale : float
        Factor that brings them to [0, `white`].
    colour : bool
        Whether the stack was RGB.
    white : float
        What white is then: 1, or more where the stack is brought to more contrast.
    """

    planes: NDArray[Any]
    scale: float
    colour: bool
    white: float = 1.0

    @property
    def count(self) -> int:
        """Number of planes."""
        return int(self.planes.shape[0])

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width, px."""
        return self.planes.shape[2], self.planes.shape[3]

    @property
    def alike(self) -> bool:
        """Whether all planes are the same image."""
        return all(np.array_equal(self.planes[0], plane) for plane in self.planes[1:])

    @property
    def even(self) -> bool:
        """Whether the first plane has one value everywhere."""
        return bool(np.ptp(self.planes[0]) == 0)

    def plane(self, index: int) -> NDArray[np.float32]:
        """One plane in [0, `white`], (channels, Y, X)."""
        return np.asarray(self.planes[index] * np.float32(self.scale), np.float32)

    def grey(self, index: int) -> NDArray[np.float32]:
        """One plane as luminance in [0, `white`], (Y, X); Rec. 709 weights for colour."""
        plane = self.plane(index)
        if not self.colour:
            return np.asarray(plane[0])
        return np.asarray(np.tensordot(LUMINANCE, plane, 1), np.float32)

    def clipped(self, index: int) -> NDArray[np.bool_]:
        """Pixels of a plane that are black or white in a channel, (Y, X): there is more than they tell."""
        plane = self.planes[index]
        return np.asarray(((plane == 0) | self.reaches(plane, WHITE)).any(axis=0))

    def reaches(self, values: NDArray[Any], share: float) -> NDArray[np.bool_]:
        """Whether values as they are in `planes` reach a share of white."""
        return np.asarray(values * np.float32(self.scale) >= np.float32(share * self.white))

    def brighter(self, gain: float) -> "Observations":
        """The same planes times a factor of at least 1."""
        return replace(self, scale=self.scale * gain, white=self.white * gain)

    def window(self, region: tuple[slice, slice]) -> "Observations":
        """Rows and columns of all planes, without a copy."""
        return replace(self, planes=self.planes[(..., *region)])

    def to_image(self, channels: NDArray[np.float32]) -> NDArray[np.float32]:
        """Turn (channels, Y, X) into an image (Y, X) or (Y, X, 3) in which 1 is white, a copy."""
        image = np.moveaxis(channels, 0, -1) if self.colour else channels[0]
        return np.ascontiguousarray(image / np.float32(self.white))


def check_stack(shape: tuple[int, ...], dtype: DTypeLike) -> bool:
    """Check that an array can be a focal stack; return whether it is in colour.

    Parameters
    ----------
    shape : tuple of int
        Must be (planes, Y, X) or (planes, Y, X, 3) with at least two planes.
    dtype : dtype
        Any real type.

    Raises
    ------
    InputError
        If it cannot; the message says why and what to give instead.
    """
    kind = np.dtype(dtype).kind
    if kind not in "uif":
        raise InputError(f"The stack must hold real numbers, but its type is {np.dtype(dtype)}.")
    form = " x ".join(str(length) for length in shape)
    if len(shape) == 4 and shape[-1] == 4:
        raise InputError(f"The stack ({form}) has four channels (RGBA); drop the alpha channel first.")
    if len(shape) == 4 and shape[-1] != 3:
        raise InputError(
            f"The stack has four axes ({form}); choose one time point and channel, so that it is "
            "(planes, Y, X) or (planes, Y, X, 3)."
        )
    if len(shape) not in (3, 4):
        raise InputError(f"The stack must be (planes, Y, X) or (planes, Y, X, 3), but is ({form}).")
    colour = len(shape) == 4
    if not colour and shape[-1] in (3, 4):
        raise InputError(f"This is one colour image ({form}), not a stack; give at least two planes.")
    if shape[0] < 2:
        raise InputError("The stack has only one plane; depth needs at least two focus settings.")
    if min(shape[1:3]) < LEAST_SIDE:
        raise InputError(
            f"The images are only {shape[1]} x {shape[2]} px; at least {LEAST_SIDE} a side are needed."
        )
    return colour


def as_stack(images: Any) -> Any:
    """Return what is given as something with a shape and a type, read by indexing.

    Raises
    ------
    InputError
        If it is no array and no list of images of one size.
    """
    if hasattr(images, "shape") and hasattr(images, "dtype"):
        return images
    if hasattr(images, "images"):  # a FocalStack
        return images.images
    if isinstance(images, str | bytes) or not isinstance(images, Sequence):
        raise InputError(
            f"images must be an array (planes, Y, X) or (planes, Y, X, 3), but is a {type(images).__name__}; "
            "read files with read_focal_stack first."
        )
    try:
        return np.asarray(images)
    except ValueError:
        raise InputError(
            "The images of the list differ in size; all planes of a focal stack need the same."
        ) from None


def load_stack(
    images: Any,
    white: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Observations:
    """Read a whole stack into memory, plane by plane: :func:`load_part`, and a check that its planes differ.

    Raises
    ------
    InputError
        As :func:`load_part`, or if all planes hold one image that is not empty.
    """
    observations = load_part(images, white, progress)
    if observations.alike and not observations.even:
        raise one_image(observations.count)
    return observations


def load_part(
    images: Any,
    white: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Observations:
    """Read a part of a stack into memory, plane by plane.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        NumPy, dask or another array that is read by indexing its first axis.
    white : float, optional
        Intensity that counts as 1, above 0. None: the type's maximum for uint8 and uint16, else the data's.
    progress : callable, optional
        Gets the share of planes that were read; may raise to stop.

    Raises
    ------
    InputError
        If the array cannot be a focal stack, or holds NaN or infinite values.
    """
    images = as_stack(images)
    colour = check_stack(images.shape, images.dtype)
    dtype = stored_type(images.dtype)
    count, *shape = images.shape[:3]
    planes = np.empty((count, 3 if colour else 1, *shape), dtype)

    def read(block: tuple[int, int]) -> None:
        for index, plane in enumerate(np.asarray(images[slice(*block)]), block[0]):
            if plane.dtype.kind == "f" and not np.isfinite(plane).all():
                raise not_finite(index)
            planes[index] = np.moveaxis(plane, -1, 0) if colour else plane

    blocks = plane_spans(images)
    for done, _ in enumerate(map_ahead(read, blocks), 1):
        if progress is not None:
            progress(done / len(blocks))
    return Observations(planes, 1.0 / white_level(planes, white), colour)


def not_finite(index: int) -> InputError:
    """Error for a plane with values that are no numbers."""
    return InputError(
        f"Plane {index} of the stack holds NaN or infinite values; replace them before solving."
    )


def one_image(count: int) -> InputError:
    """Error for a stack that shows one image `count` times."""
    return InputError(
        f"All {count} planes of the stack are the same image; give planes at different focus settings."
    )


def stored_type(dtype: DTypeLike) -> np.dtype[Any]:
    """Type in which the intensities of a stack are held: its own if uint8 or uint16, else float32."""
    dtype = np.dtype(dtype).newbyteorder("=")
    return dtype if dtype in (np.uint8, np.uint16) else np.dtype(np.float32)


def plane_spans(images: Any) -> list[tuple[int, int]]:
    """First and last plane of what is read at once: a plane, or a whole chunk of a dask array."""
    chunks = images.chunks[0] if hasattr(images, "dask") else (1,) * images.shape[0]
    ends = np.cumsum(chunks)
    return [(int(end - length), int(end)) for length, end in zip(chunks, ends, strict=True)]


def white_level(planes: NDArray[Any], white: float | None) -> float:
    """Intensity that counts as 1: what is given, the type's maximum for uint8 and uint16, or the data's."""
    if white is not None:
        if not white > 0:
            raise InputError(f"white must be above 0, but is {white!r}.")
        return white
    if planes.dtype.kind == "u":
        return float(np.iinfo(planes.dtype).max)
    greatest = float(planes.max())
    if greatest <= 0:
        raise InputError("The stack is black (no value above 0); check the file or give the white level.")
    return greatest
