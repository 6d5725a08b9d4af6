"""The truth at the solved resolution."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import distance_transform_edt

from napari_defocus.metrics import abs_rel
from napari_defocus.optics import Microscope, Optics, ThinLens
from napari_defocus.simulation import true_depth
from napari_defocus.simulation.setup import Setup

SUBPIXELS = 5
STEP = 0.03
REACH = 4


def pixel_depth(setup: Setup) -> NDArray[np.float32]:
    """Depth of each pixel (rows, columns): the median of 5 x 5 chief rays spread over its area.

    So a pixel that straddles an edge has the depth of the side that fills most of it, never one between.
    """
    scene, optics, (rows, columns) = setup
    assert isinstance(optics, ThinLens | Microscope)
    size = "pixel_pitch" if isinstance(optics, ThinLens) else "pixel_size"
    finer = optics.replace(**{size: getattr(optics, size) / SUBPIXELS})
    depth = true_depth(scene, finer, (rows * SUBPIXELS, columns * SUBPIXELS))
    return block_median(depth, SUBPIXELS)


def block_median(values: NDArray[np.float32], side: int) -> NDArray[np.float32]:
    """Median of each block of `side` x `side`; for an odd side it is one of the values."""
    rows, columns = values.shape[0] // side, values.shape[1] // side
    blocks = values.reshape(rows, side, columns, side).swapaxes(1, 2).reshape(rows, columns, side**2)
    return np.median(blocks, axis=2).astype(np.float32)


def edge_mask(coordinate: ArrayLike, step: float = STEP, reach: int = REACH) -> NDArray[np.bool_]:
    """Pixels within `reach` px of a step in depth (rows, columns).

    Parameters
    ----------
    coordinate : array_like (rows, columns)
        Blur coordinate of the true depth (1 / Z for a camera, z for a microscope), in which the radius of
        blur is linear.
    step : float
        Difference between neighbours, as a share of the whole range, above which there is a step.
    reach : int
        Width of the band on either side of it, px.
    """
    values = np.asarray(coordinate, np.float64)
    beside = np.zeros(values.shape, bool)
    for axis in (0, 1):
        jump = np.abs(np.diff(values, axis=axis)) > step * np.ptp(values)
        before, after = [slice(None)] * 2, [slice(None)] * 2
        before[axis], after[axis] = slice(None, -1), slice(1, None)
        beside[tuple(before)] |= jump
        beside[tuple(after)] |= jump
    if not beside.any():
        return beside
    return np.asarray(distance_transform_edt(~beside) < reach)


def positive_depth(depth: ArrayLike, optics: Optics) -> NDArray[np.float64]:
    """Depth from an origin that makes relative errors mean something.

    For a camera the lens. For a microscope, whose heights have no natural origin, the point that lies as far
    below the lowest focus position as the highest lies above it: the stack spans 1 to 2 in its own length.
    """
    values = np.asarray(depth, np.float64)
    if not isinstance(optics, Microscope):
        return values
    lowest, highest = min(optics.focus_positions), max(optics.focus_positions)
    return values - (lowest - (highest - lowest))


def depth_error(depth: ArrayLike, truth: ArrayLike, optics: Optics) -> float:
    """AbsRel of :func:`positive_depth`."""
    return abs_rel(positive_depth(depth, optics), positive_depth(truth, optics))
