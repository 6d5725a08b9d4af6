"""Areal roughness of a region."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.measurement.levelling import fit_plane
from napari_defocus.measurement.values import checked_map, counted

__all__ = ["Roughness", "areal_roughness"]


@dataclass(frozen=True)
class Roughness:
    """Height parameters of ISO 25178-2, in the unit of the map, from the mean plane of the region.

    Attributes
    ----------
    Sa : float
        Arithmetic mean of the heights' amounts.
    Sq : float
        Root mean square of the heights.
    Sz : float
        Greatest height: from the lowest to the highest pixel. One wrong pixel is enough to raise it.
    pixels : int
        How many pixels counted.
    levelled : bool
        Whether the tilt of the region was removed before.
    """

    Sa: float
    Sq: float
    Sz: float
    pixels: int
    levelled: bool


def areal_roughness(
    height: ArrayLike,
    *,
    region: ArrayLike | None = None,
    level: bool = True,
    pixel_size: tuple[float, float] = (1.0, 1.0),
) -> Roughness:
    """Return Sa, Sq and Sz of a region (ISO 25178-2:2021, 4.1), without any filter (no S- nor L-filter).

    Parameters
    ----------
    height : array_like, (Y, X)
        Heights or depths; pixels that are not finite do not count.
    region : array_like of bool, (Y, X), optional
        Pixels that count; all by default.
    level : bool
        Whether to remove the least-squares plane of the region first (the F-operation of the standard).
    pixel_size : (float, float)
        Size of a pixel along y and x; only a plane knows of it, and the figures do not depend on it.

    Raises
    ------
    InputError
        If fewer than four pixels have a height, or the shapes differ.
    """
    values = checked_map(height)
    counts = counted(values, region, 4, "Roughness")
    if level:
        plane = fit_plane(values, pixel_size=pixel_size, region=counts, robust=False)
        values = values - plane.tilt((values.shape[0], values.shape[1]))
    heights = values[counts]
    heights = heights - heights.mean()
    return Roughness(
        Sa=float(np.abs(heights).mean()),
        Sq=float(np.sqrt(np.mean(heights**2))),
        Sz=float(np.ptp(heights)),
        pixels=int(heights.size),
        levelled=level,
    )
