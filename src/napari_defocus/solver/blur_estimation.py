"""Blur per plane of an uncalibrated stack, estimated from the stack."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from napari_defocus.optics import UncalibratedFocus
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import Unknowns

CROP = 160
"""Side of the most textured square that the estimate looks at, px."""

LARGEST_BLUR = 12.0
"""Greatest radius of blur over the whole stack that the search considers, px."""

EVALUATIONS = 10


def estimate_blur_per_plane(
    observations: Observations,
    optics: UncalibratedFocus,
    labels: NDArray[np.int32],
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Blur per plane for which a short run on the most textured square leaves the least residual.

    A bounded one-dimensional search (Brent) on the logarithm of the blur per plane.

    Parameters
    ----------
    observations : Observations
        The focal stack.
    optics : UncalibratedFocus
        Its optics, without `blur_per_plane`.
    labels : ndarray, (Y, X), int32
        Sharpest plane of each pixel.
    settings : SolverSettings
        Settings of the run, with the depth range.
    progress : callable, optional
        Gets the share of the search that is done; may raise to stop.

    Returns
    -------
    float
        Radius of blur for each step between planes, px.
    """
    rows, columns = _most_textured(observations, labels)
    crop = Observations(
        np.ascontiguousarray(observations.planes[:, :, rows, columns]),
        observations.scale,
        observations.colour,
    )
    return blur_per_plane_of(crop, optics, labels[rows, columns], settings, progress)


def blur_per_plane_of(
    crop: Observations,
    optics: UncalibratedFocus,
    labels: NDArray[np.int32],
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
) -> float:
    """Blur per plane of one square; parameters as for :func:`estimate_blur_per_plane`."""
    plain = settings.replace(smoothness=0.0, image_prior=0.0)
    done = 0

    def report(_share: float = 0.0) -> None:
        """Say how far the search is; called within an evaluation too, so that it may be stopped there."""
        if progress is not None:
            progress(min(done / EVALUATIONS, 1.0))

    def residual(logarithm: float) -> float:
        nonlocal done
        trial = optics.replace(blur_per_plane=float(np.exp(logarithm)))
        run = Unknowns(crop, trial, plain, labels, (), report)
        for _ in range(2):
            run.improve_depth(report)
            run.improve_image(5, report)
        run.improve_depth(report)
        done += 1
        report()
        return run.data

    most = LARGEST_BLUR / optics.blur_scale / (optics.planes - 1)
    found = minimize_scalar(
        residual,
        bounds=(float(np.log(most / 40)), float(np.log(most))),
        method="bounded",
        options={"maxiter": EVALUATIONS, "xatol": 0.02},
    )
    return float(np.exp(found.x))


def _most_textured(observations: Observations, labels: NDArray[np.int32]) -> tuple[slice, slice]:
    middle = observations.grey(observations.count // 2)
    crops = candidate_crops(observations.shape)
    scores = [variety(middle[crop], labels[crop]) for crop in crops]
    return crops[int(np.argmax(scores))]


def candidate_crops(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Squares of an image of `shape` of which the most textured one is looked at."""
    height, width = shape
    side_y, side_x = min(CROP, height), min(CROP, width)
    return [
        (slice(int(y), int(y) + side_y), slice(int(x), int(x) + side_x))
        for y in np.unique(np.linspace(0, height - side_y, 6).astype(int))
        for x in np.unique(np.linspace(0, width - side_x, 6).astype(int))
    ]


def variety(grey: NDArray[np.float32], labels: NDArray[np.int32]) -> float:
    """How varied the sharpest planes of a square are, weighted with its contrast in a plane."""
    return float(labels.std() * np.abs(np.diff(grey, axis=0)).mean())
