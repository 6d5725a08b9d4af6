"""Outliers of a depth map: found and replaced."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics import Optics
from napari_defocus.solver import filling_kernels
from napari_defocus.solver.settings import SolverSettings

PATCH = 7
"""Side of the patch that decides on a pixel, px (as in the paper)."""

FLAT_RANGE = 2 / 255
"""Greatest range of intensity in a flat patch (as in the paper)."""

PASSES = {"mean": 12, "alike": 6}
"""Passes of filling from the rim; what is deeper inside takes its nearest valid pixel."""

ALIKE = 0.03
"""Root mean square difference of the channels at which a pixel counts a quarter, of white."""

Floats = NDArray[np.float32]


def remove_outliers(
    depth: Floats, all_in_focus: Floats, confidence: Floats, optics: Optics, settings: SolverSettings
) -> tuple[Floats, NDArray[np.bool_]]:
    """Flag outliers as the settings say and replace them from valid neighbours.

    Returns
    -------
    depth : ndarray, (Y, X), float32
        A copy with flagged pixels replaced.
    outliers : ndarray, (Y, X), bool
        The flagged pixels. Where all are flagged, none can be replaced and the depth stays.
    """
    outliers = find_outliers(depth, all_in_focus, confidence, optics, settings)
    if settings.outlier_fill == "mean":
        return fill_outliers(depth, outliers, settings.outlier_radius), outliers
    return fill_alike(depth, outliers, all_in_focus, settings.outlier_radius), outliers


def find_outliers(
    depth: Floats, all_in_focus: Floats, confidence: Floats, optics: Optics, settings: SolverSettings
) -> NDArray[np.bool_]:
    """Flag pixels of low confidence; or whose depth varies wildly around them, or where the image is flat.

    Parameters
    ----------
    depth : ndarray, (Y, X)
        Depth map.
    all_in_focus : ndarray, (Y, X) or (Y, X, 3)
        All-in-focus image in [0, 1].
    confidence : ndarray, (Y, X)
        Confidence of the depth.
    optics : Optics
        What makes blur coordinates of depths, in which a relative variation is told.
    settings : SolverSettings
        `outlier_method`, its thresholds and the depth range.
    """
    if settings.outlier_method == "confidence":
        return confidence < settings.outlier_confidence
    outliers = np.zeros(depth.shape, np.bool_)
    if settings.outlier_method in ("variation", "both"):
        values, threshold = depth, settings.outlier_threshold
        if settings.outlier_relative:
            ends = settings.depth_range or (float(depth.min()), float(depth.max()))
            threshold *= float(np.ptp(optics.to_blur_coordinate(ends)))
            values = optics.to_blur_coordinate(depth).astype(np.float32)
        outliers |= local_variation(values) > threshold
    if settings.outlier_method in ("constant", "both"):
        outliers |= is_flat(all_in_focus)
    return outliers


def local_variation(depth: Floats) -> Floats:
    """Total variation of the depth in a patch around each pixel, per pixel, in units of depth."""
    down = np.diff(depth, axis=0, append=depth[-1:])
    across = np.diff(depth, axis=1, append=depth[:, -1:])
    return np.asarray(ndimage.uniform_filter(np.hypot(down, across), PATCH, mode="nearest"))


def is_flat(image: Floats) -> NDArray[np.bool_]:
    """Whether the patch around each pixel is nearly constant in every channel."""
    size = (PATCH, PATCH) + (1,) * (image.ndim - 2)
    spread = ndimage.maximum_filter(image, size) - ndimage.minimum_filter(image, size)
    flat = spread <= FLAT_RANGE
    return np.asarray(flat.all(axis=-1) if image.ndim == 3 else flat)


def fill_outliers(depth: Floats, outliers: NDArray[np.bool_], radius: int) -> Floats:
    """Replace flagged pixels with the mean of the valid ones within `radius`, from the rim inwards.

    A replaced pixel becomes valid for its neighbours. Pixels deeper in a hole than its passes reach take
    the value of the nearest pixel filled by then. With no valid pixel at all the depth stays as it is.
    """

    def fill(filled: Floats, missing: NDArray[np.bool_]) -> None:
        window = _around(missing, radius)
        _fill_rim(filled[window], missing[window], radius)

    return _fill(depth, outliers, fill, PASSES["mean"])


def fill_alike(depth: Floats, outliers: NDArray[np.bool_], all_in_focus: Floats, radius: int) -> Floats:
    """Like :func:`fill_outliers`, but a valid pixel counts the more the nearer and the more alike it is.

    Alike in the all-in-focus image, (Y, X) or (Y, X, 3): so that edges of the depth stay where the image has
    them (the weights of a joint bilateral filter: Petschnigg et al., "Digital photography with flash and
    no-flash image pairs", SIGGRAPH 2004).
    """
    channels = np.ascontiguousarray(np.moveaxis(np.atleast_3d(all_in_focus), -1, 0), np.float32)

    def fill(filled: Floats, missing: NDArray[np.bool_]) -> None:
        rows, columns = np.nonzero(missing)
        values = np.empty(len(rows), np.float32)
        sharpness = np.float32(1 / (len(channels) * ALIKE**2))
        filling_kernels.fill_alike(filled, ~missing, channels, rows, columns, radius, sharpness, values)
        ready = np.isfinite(values)
        filled[rows[ready], columns[ready]] = values[ready]
        missing[rows[ready], columns[ready]] = False

    return _fill(depth, outliers, fill, PASSES["alike"])


def _fill(
    depth: Floats,
    outliers: NDArray[np.bool_],
    fill: Callable[[Floats, NDArray[np.bool_]], None],
    passes: int,
) -> Floats:
    """Fill from the rim inwards: `fill` replaces in place what has valid pixels near, which is valid then."""
    filled, missing = depth.copy(), outliers.copy()
    if missing.all():
        return filled
    for _ in range(passes):
        if not missing.any():
            return filled
        fill(filled, missing)
    nearest = ndimage.distance_transform_edt(missing, return_distances=False, return_indices=True)
    return np.asarray(filled[tuple(nearest)])


def _fill_rim(depth: Floats, missing: NDArray[np.bool_], radius: int) -> None:
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
