"""Outliers of a depth map: found and replaced."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.settings import SolverSettings

PATCH = 7
"""Side of the patch that decides on a pixel, px (as in the paper)."""

FLAT_RANGE = 2 / 255
"""Greatest range of intensity in a flat patch (as in the paper)."""

MAX_PASSES = 12
"""Passes of filling from the rim; what is deeper inside takes its nearest valid pixel."""


def remove_outliers(
    depth: NDArray[np.float32], all_in_focus: NDArray[np.float32], settings: SolverSettings
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Flag outliers as the settings say and replace them from valid neighbours.

    Returns
    -------
    depth : ndarray, (Y, X), float32
        A copy with flagged pixels replaced.
    outliers : ndarray, (Y, X), bool
        The flagged pixels. Where all are flagged, none can be replaced and the depth stays.
    """
    outliers = find_outliers(depth, all_in_focus, settings)
    return fill_outliers(depth, outliers, settings.outlier_radius), outliers


def find_outliers(
    depth: NDArray[np.float32], all_in_focus: NDArray[np.float32], settings: SolverSettings
) -> NDArray[np.bool_]:
    """Flag pixels whose depth varies wildly around them, or where the image is too flat to tell.

    Parameters
    ----------
    depth : ndarray, (Y, X)
        Depth map.
    all_in_focus : ndarray, (Y, X) or (Y, X, 3)
        All-in-focus image in [0, 1].
    settings : SolverSettings
        `outlier_method`, `outlier_threshold`, `outlier_relative` and the depth range.
    """
    outliers = np.zeros(depth.shape, np.bool_)
    if settings.outlier_method in ("variation", "both"):
        threshold = settings.outlier_threshold
        if settings.outlier_relative:
            near, far = settings.depth_range or (float(depth.min()), float(depth.max()))
            threshold *= far - near
        outliers |= local_variation(depth) > threshold
    if settings.outlier_method in ("constant", "both"):
        outliers |= is_flat(all_in_focus)
    return outliers


def local_variation(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Total variation of the depth in a patch around each pixel, per pixel, in units of depth."""
    down = np.diff(depth, axis=0, append=depth[-1:])
    across = np.diff(depth, axis=1, append=depth[:, -1:])
    return np.asarray(ndimage.uniform_filter(np.hypot(down, across), PATCH, mode="nearest"))


def is_flat(image: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether the patch around each pixel is nearly constant in every channel."""
    size = (PATCH, PATCH) + (1,) * (image.ndim - 2)
    spread = ndimage.maximum_filter(image, size) - ndimage.minimum_filter(image, size)
    flat = spread <= FLAT_RANGE
    return np.asarray(flat.all(axis=-1) if image.ndim == 3 else flat)


def fill_outliers(
    depth: NDArray[np.float32], outliers: NDArray[np.bool_], radius: int
) -> NDArray[np.float32]:
    """Replace flagged pixels with the mean of the valid ones within `radius`, from the rim inwards.

    A replaced pixel becomes valid for its neighbours. Pixels deeper in a hole than a dozen radii take the
    value of the nearest pixel filled by then. With no valid pixel at all the depth stays as it is.
    """
    filled = depth.copy()
    missing = outliers.copy()
    if missing.all():
        return filled
    for _ in range(MAX_PASSES):
        if not missing.any():
            return filled
        window = _around(missing, radius)
        _fill_rim(filled[window], missing[window], radius)
    nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return np.asarray(filled[tuple(nearest)])


def _fill_rim(depth: NDArray[np.float32], missing: NDArray[np.bool_], radius: int) -> None:
    """Replace in place the missing pixels that have a valid one within `radius`; they are valid then."""
    size = 2 * radius + 1
    mass = ndimage.uniform_filter((~missing).astype(np.float64), size, mode="constant")
    total = ndimage.uniform_filter(np.where(missing, 0.0, depth), size, mode="constant")
    ready = missing & (mass > 0.5 / size**2)
    depth[ready] = (total[ready] / mass[ready]).astype(np.float32)
    missing &= ~ready


def _around(mask: NDArray[np.bool_], margin: int) -> tuple[slice, slice]:
    """The part of an image that holds the mask and what lies within `margin` px of it."""
    rows, columns = (np.flatnonzero(mask.any(axis=axis)) for axis in (1, 0))
    return (
        slice(max(0, int(rows[0]) - margin), int(rows[-1]) + margin + 1),
        slice(max(0, int(columns[0]) - margin), int(columns[-1]) + margin + 1),
    )
