"""From how planes lie over their neighbours to how each lies over the reference."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from napari_defocus.alignment.matching import Match, motion_of, values_of
from napari_defocus.alignment.motion import Motion

Pair = tuple[int, int]

LEAST_ERROR = 0.01
"""Standard error that no match is believed to fall below, px: blur that is not the same on all sides."""


def solve_poses(
    matches: Mapping[Pair, Match], planes: int, reference: int, radius: float
) -> tuple[list[Motion], list[float]]:
    """Find the motions that agree best with all matches.

    Parameters
    ----------
    matches : mapping
        By pair of planes, the first before the second; every plane with its neighbours, and others.
    planes, reference : int
        Number of planes, and the one that stays as it is.
    radius : float
        Distance of the image's corners from its centre, px.

    Returns
    -------
    motions : list of Motion
        Where points of the reference are found in each plane.
    errors : list of float
        Standard error of each, as the way of a corner, px.
    """
    others = [plane for plane in range(planes) if plane != reference]
    whiten = {pair: _whitening(match.covariance) for pair, match in matches.items()}

    def motions(values: NDArray[np.float64]) -> list[Motion]:
        found = [Motion()] * planes
        for plane, part in zip(others, values.reshape(-1, 4), strict=True):
            found[plane] = motion_of(part, radius)
        return found

    def residuals(values: NDArray[np.float64]) -> NDArray[np.float64]:
        found = motions(values)
        parts = []
        for (first, second), match in matches.items():
            between = found[second].after(found[first].inverse())
            miss = values_of(between, radius) - values_of(match.motion, radius)
            parts.append(whiten[first, second] @ miss)
        return np.concatenate(parts)

    start = _chain(matches, planes, reference)
    values = np.concatenate([values_of(start[plane], radius) for plane in others])
    solution = least_squares(residuals, values, loss="soft_l1", f_scale=2.0, x_scale=1.0)
    jacobian = np.asarray(solution.jac)
    covariance = np.linalg.pinv(jacobian.T @ jacobian)
    # Where matches contradict each other by more than their errors say, the errors are greater.
    freedom = 4 * (len(matches) - len(others))
    strain = np.sqrt(max(2 * solution.cost / freedom, 1.0)) if freedom else 1.0
    errors = [0.0] * planes
    for index, plane in enumerate(others):
        block = covariance[4 * index : 4 * index + 4, 4 * index : 4 * index + 4]
        errors[plane] = float(strain * np.sqrt(np.trace(block)))
    return motions(solution.x), errors


def strain(
    matches: Mapping[Pair, Match], motions: Sequence[Motion], plane: int, reference: int, radius: float
) -> float:
    """Return by how much the comparisons of a plane with those on the side of the reference miss it, px."""
    between = {
        (first, second): motions[second].after(motions[first].inverse())
        for first, second in matches
        if (second == plane > reference) or (first == plane < reference)
    }
    misses = (
        values_of(motion, radius) - values_of(matches[pair].motion, radius)
        for pair, motion in between.items()
    )
    return max((float(np.linalg.norm(miss)) for miss in misses), default=0.0)


def _chain(matches: Mapping[Pair, Match], planes: int, reference: int) -> list[Motion]:
    """Return the motions that the neighbours alone give."""
    found = [Motion()] * planes
    for plane in range(reference + 1, planes):
        found[plane] = matches[plane - 1, plane].motion.after(found[plane - 1])
    for plane in range(reference - 1, -1, -1):
        found[plane] = matches[plane, plane + 1].motion.inverse().after(found[plane + 1])
    return found


def _whitening(covariance: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix that brings errors of this covariance to 1."""
    lower = np.linalg.cholesky(covariance + LEAST_ERROR**2 * np.eye(4))
    return np.asarray(np.linalg.inv(lower))
