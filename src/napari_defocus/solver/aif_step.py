"""AIF step: the best all-in-focus image for a fixed depth map, by FISTA on a box."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

LIPSCHITZ_MARGIN = 1.02
"""Factor on the power iteration's estimate, which approaches the largest eigenvalue from below."""


@dataclass(frozen=True, eq=False)
class AifStep:
    """Outcome of an AIF step.

    Attributes
    ----------
    image : ndarray, (channels, Y, X), float32
        The new all-in-focus image in [0, 1].
    residual : float
        Its sum of squared residuals.
    eigenvector : ndarray, (1, Y, X), float32
        Start for the next step's power iteration.
    """

    image: Floats
    residual: float
    eigenvector: Floats


def lipschitz_constant(
    operator: BlurOperator,
    coordinates: Floats,
    start: Floats,
    iterations: int,
    progress: Callable[[float], None] | None = None,
) -> tuple[float, Floats]:
    """Bound the largest eigenvalue of ``A' A`` by power iterations.

    All entries of ``A`` are non-negative, so for a positive vector v the largest ratio ``(A' A v) / v`` is an
    upper bound (Collatz-Wielandt) and the Rayleigh quotient a lower one. Returned is the lower one with a
    margin, or the upper one where that is less, and the last vector.

    Parameters
    ----------
    operator : BlurOperator
        The operator A.
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    start : ndarray, (1, Y, X), float32
        A positive vector.
    iterations : int
        Number of power iterations.
    progress : callable, optional
        Gets the share of the work that is done; may raise to stop.
    """
    report = _Reporter(progress, iterations)
    nothing = np.zeros((operator.optics.planes, *start.shape), np.uint8)
    vector = start / np.linalg.norm(start)
    upper = np.inf
    lower = 0.0
    for iteration in range(iterations):
        _, image = operator.gradient(vector, nothing, 0.0, coordinates, report.part(iteration))
        lower = max(lower, float(np.vdot(vector, image)))
        positive = vector > 1e-3 * vector.max()
        if positive.all():
            upper = min(upper, float((image / vector).max()))
        vector = image / np.linalg.norm(image)
    return min(LIPSCHITZ_MARGIN * lower, upper), vector


def aif_step(
    operator: BlurOperator,
    observations: Observations,
    coordinates: Floats,
    image: Floats,
    *,
    iterations: int,
    warm_start: bool = True,
    eigenvector: Floats | None = None,
    target: Floats | None = None,
    pull: float = 0.0,
    progress: Callable[[float], None] | None = None,
) -> AifStep:
    """Minimise the residual over the image on the box [0, 1], for fixed depth.

    FISTA (Beck & Teboulle 2009) with step 1 / L. Warm: from the current image, with the momentum dropped
    whenever it points uphill (adaptive restart, O'Donoghue & Candes 2015). Cold: from black, as in the paper.
    Should a step of 1 / L raise the residual, L is raised. A `pull` adds ``pull * |image - target|^2``.

    Parameters
    ----------
    operator : BlurOperator
        Blur model.
    observations : Observations
        The focal stack.
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the depth.
    image : ndarray, (channels, Y, X), float32
        Current all-in-focus image.
    iterations : int
        FISTA iterations.
    warm_start : bool
        Start from `image` with adaptive restart, or from black without.
    eigenvector : ndarray, (1, Y, X), optional
        Vector of an earlier step from which the power iteration goes on.
    target : ndarray, (channels, Y, X), optional
        Image to which the solution is drawn.
    pull : float
        Weight of the squared distance to it.
    progress : callable, optional
        Gets the share of the work that is done; may raise to stop.
    """
    report = _Reporter(progress, iterations + 2)
    power_iterations = 2
    if eigenvector is None:
        eigenvector, power_iterations = np.ones((1, *image.shape[1:]), np.float32), 8
    lipschitz, eigenvector = lipschitz_constant(
        operator, coordinates, eigenvector, power_iterations, report.part(0)
    )
    lipschitz += pull
    current = image if warm_start else np.zeros_like(image)
    ahead = current
    momentum = 1.0
    last_value = np.inf
    for iteration in range(iterations):
        value, gradient = operator.gradient(
            ahead, observations.planes, observations.scale, coordinates, report.part(iteration + 1)
        )
        if target is not None and pull > 0:
            difference = ahead - target
            value += pull * float(np.vdot(difference, difference))
            gradient += np.float32(pull) * difference
        if value > last_value and momentum == 1.0:
            lipschitz *= 1.3
        following = ahead - gradient / np.float32(lipschitz)
        np.clip(following, 0.0, 1.0, out=following)
        if warm_start and np.vdot(ahead - following, following - current) > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        weight = np.float32((momentum - 1) / grown)
        ahead = following + weight * (following - current)
        current, momentum, last_value = following, grown, value
    residual = operator.loss(
        current, observations.planes, observations.scale, coordinates, report.part(iterations + 1)
    )
    return AifStep(current, residual, eigenvector)


class _Reporter:
    """Turns the progress of each of `parts` equal parts into that of the whole."""

    def __init__(self, progress: Callable[[float], None] | None, parts: int) -> None:
        self.progress = progress
        self.parts = parts

    def part(self, index: int) -> Callable[[float], None] | None:
        progress, parts = self.progress, self.parts
        if progress is None:
            return None
        return lambda share: progress((index + share) / parts)
