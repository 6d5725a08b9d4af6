"""Which values of a map a figure is made of."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError

__all__ = ["checked_map", "counted"]


def checked_map(height: ArrayLike) -> NDArray[np.float64]:
    """Return a map of two axes, or raise :class:`InputError`."""
    values = np.asarray(height, np.float64)
    if values.ndim != 2:
        raise InputError(f"A depth map has two axes, but this array has shape {values.shape}.")
    return values


def counted(
    height: NDArray[np.float64], region: ArrayLike | None, least: int, purpose: str
) -> NDArray[np.bool_]:
    """Return the finite pixels of a region.

    Parameters
    ----------
    height : ndarray, (Y, X)
        The map.
    region : array_like of bool, (Y, X), optional
        Pixels that may count; all by default.
    least : int
        How many must be there.
    purpose : str
        What they are for, as the message says it.

    Raises
    ------
    InputError
        If the region has another shape, or too few of its pixels have a depth.
    """
    counts = np.isfinite(height)
    if region is not None:
        chosen = np.asarray(region, np.bool_)
        if chosen.shape != height.shape:
            raise InputError(
                f"The region has shape {chosen.shape} but the depth map {height.shape}; make them alike."
            )
        counts &= chosen
    if (found := int(np.count_nonzero(counts))) < least:
        raise InputError(
            f"{purpose} needs at least {least} pixels with a depth, but there are {found}; "
            "draw a larger region."
        )
    return counts
