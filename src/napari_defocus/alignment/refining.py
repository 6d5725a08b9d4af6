"""Motions of all planes measured once more, against the sharp image blurred as each plane is.

Every window of it comes from the plane that is sharpest there, so that how it lies over another plane tells
the motion between these two, however far apart their focus is. One fit, robust like that of two planes, finds
the motions of all planes. With them the sharp image is put together anew.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from napari_defocus.alignment.matching import (
    FREE,
    LEAST_SCATTER,
    OVERLAP,
    Floats,
    MotionKind,
    motion_of,
    radius_of,
    terms_of,
    window_centres,
    window_grid,
)
from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.sharp_image import SharpImage, weights_of
from napari_defocus.optics.lookahead import map_ahead

DENSE = 2
"""How many windows there are for each in the comparison of two planes, in either direction."""

ROUNDS = 6
"""Greatest number of sharp images that are put together."""

SMALL_STEP = 0.02
"""Way of a corner below which the next round would change nothing, px."""

REWEIGHTINGS = 12
"""Rounds of weighing windows by how well they fit."""


@dataclass(frozen=True, eq=False)
class Windows:
    """Shifts of windows of the sharp image in a plane, (windows, x and y), px, and the trust in each."""

    flow: NDArray[np.float64]
    weights: NDArray[np.float64]


def refine(
    planes: Sequence[Floats],
    motions: Sequence[Motion],
    reference: int,
    kind: MotionKind,
    report: Callable[[float], None],
) -> tuple[list[Motion], list[float]]:
    """Refine the motions of planes that show the same scene.

    Parameters
    ----------
    planes : sequence of ndarray (Y, X)
        Grey planes, not moved.
    motions : sequence of Motion
        Where points of the reference are found in each plane, within some pixels.
    reference : int
        Index of the plane that stays as it is.
    kind : str
        What is free.
    report : callable
        Gets the share of the rounds that are over.

    Returns
    -------
    motions : list of Motion
        Where points of the reference are found in each plane.
    errors : list of float
        Standard error of each, as the way of a corner, px.
    """
    motions, errors = list(motions), [0.0] * len(planes)
    shape = planes[0].shape[0], planes[0].shape[1]
    for number in range(ROUNDS):
        sharp = SharpImage.of(planes, motions)
        windows = list(map_ahead(partial(_look, sharp), sharp.planes, threads=2))
        steps, errors = _fit(windows, sharp.index, reference, kind)
        motions = [motion.after(step) for motion, step in zip(motions, steps, strict=True)]
        report((number + 1) / ROUNDS)
        if max(step.largest(shape) for step in steps) < SMALL_STEP:
            break
    return motions, errors


def _look(sharp: SharpImage, plane: Floats) -> Windows:
    """Let every window of the sharp image look for itself in a plane: one step of Lucas and Kanade."""
    expected, seen, blur = sharp.beside(plane)
    radius, grid = window_grid(plane.shape, DENSE)
    dy, dx = np.gradient(expected)
    missing = seen - expected
    yy, xx, xy, ym, xm = (
        uniform_filter(product, 2 * radius + 1)[grid].ravel().astype(np.float64)
        for product in (dy * dy, dx * dx, dy * dx, dy * missing, dx * missing)
    )
    determinant = yy * xx - xy * xy + 1e-12
    flow = -np.stack([yy * xm - xy * ym, xx * ym - xy * xm], 1) / determinant[:, None]
    return Windows(flow, weights_of(expected, seen, blur, DENSE))


def _fit(
    windows: Sequence[Windows], index: NDArray[np.intp], reference: int, kind: MotionKind
) -> tuple[list[Motion], list[float]]:
    """Return the motion of each plane that its windows have in common, and its standard error."""
    count, free = len(windows), FREE[kind]
    shape = index.shape[0], index.shape[1]
    _, grid = window_grid(shape, DENSE)
    radius, source = radius_of(shape), index[grid].ravel()
    terms = terms_of(window_centres(shape, DENSE), radius, kind)
    others = np.array([k for k in range(count) if k != reference])
    values = np.zeros((count, len(free)))
    flow = np.stack([each.flow for each in windows])
    weights = np.stack([each.weights for each in windows])
    trust = np.ones(weights.shape)
    own = np.arange(count)[:, None] == source
    for _ in range(REWEIGHTINGS):
        normal, right = _equations(terms, flow, np.where(own, 0, trust * weights**2), source)
        known = normal[others][:, :, others].reshape((len(others) * len(free),) * 2)
        known = known + 1e-6 * np.eye(len(known)) * max(np.trace(known) / len(known), 1e-12)
        values[others] = np.linalg.solve(known, right[others].ravel()).reshape(len(others), -1)
        difference = values[:, None] - values[source][None]
        miss = weights[..., None] * (np.einsum("wcf,pwf->pwc", terms, difference) - flow)
        size = np.hypot(miss[..., 0], miss[..., 1])
        scatter = max(float(np.median(size[~own])) / 1.18, LEAST_SCATTER)
        trust = 1 / (1 + (size / scatter) ** 2)
    covariance = OVERLAP * DENSE**2 * scatter**2 * np.linalg.inv(known)
    blocks = np.diagonal(covariance).reshape(len(others), -1)
    full = np.zeros((count, 4))
    full[:, free] = values
    errors = np.zeros(count)
    errors[others] = np.sqrt(blocks.sum(axis=1))
    return [motion_of(each, radius) for each in full], [float(error) for error in errors]


def _equations(
    terms: NDArray[np.float64],
    flow: NDArray[np.float64],
    weights: NDArray[np.float64],
    source: NDArray[np.intp],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the normal equations of ``terms @ (values of the plane - values of the source) = flow``.

    They are (planes, values, planes, values) and (planes, values).
    """
    count, free = len(flow), terms.shape[2]
    planes = np.arange(count)
    normal, right = np.zeros((count, free, count, free)), np.zeros((count, free))
    for k in range(count):
        weighted = terms * weights[k][:, None, None]
        squares = np.einsum("wcf,wcg->wfg", weighted, terms)
        pulls = np.einsum("wcf,wc->wf", weighted, flow[k])
        by_source, pull_by_source = np.zeros((count, free, free)), np.zeros((count, free))
        np.add.at(by_source, source, squares)
        np.add.at(pull_by_source, source, pulls)
        normal[k, :, k] += by_source.sum(axis=0)
        right[k] += pull_by_source.sum(axis=0)
        right -= pull_by_source
        normal[planes, :, planes] += by_source
        normal[k] -= by_source.transpose(1, 0, 2)
        normal[:, :, k] -= by_source  # symmetrical
    return normal, right
