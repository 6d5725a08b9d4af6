"""AIF step: the best all-in-focus image for a fixed depth map, on the box [0, 1]."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.settings import AifSolver

Floats = NDArray[np.float32]

LIPSCHITZ_MARGIN = 1.02
"""Factor on the power iteration's estimate, which approaches the largest eigenvalue from below."""

RESTART = 50
"""Conjugate gradients begin anew after so many iterations, with the box's bounds looked at again."""

CONVERGED = 1e-10
"""Share of the squared gradient at which they end: below it are only rounding errors."""

OUTSIDE = 0.005
"""Share of pixels beyond the box at which they begin anew before that."""

NOTHING = np.zeros((1, 1, 1, 1), np.uint8)
"""Stands for a stack where only the normal matrix is wanted."""


@dataclass(frozen=True, eq=False)
class AifStep:
    """Outcome of an AIF step.

    Attributes
    ----------
    image : ndarray, (channels, Y, X), float32
        The new all-in-focus image in [0, 1].
    residual : float
        Its sum of squared residuals.
    eigenvector : ndarray, (1, Y, X), float32, or None
        Start for the next step's power iteration, which FISTA needs.
    """

    image: Floats
    residual: float
    eigenvector: Floats | None


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
    vector = start / np.linalg.norm(start)
    upper = np.inf
    lower = 0.0
    for iteration in range(iterations):
        _, image = operator.gradient(vector, NOTHING, 0.0, coordinates, report.part(iteration))
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
    solver: AifSolver = "fista",
    warm_start: bool = True,
    eigenvector: Floats | None = None,
    target: Floats | None = None,
    pull: float = 0.0,
    held: NDArray[np.bool_] | None = None,
    progress: Callable[[float], None] | None = None,
) -> AifStep:
    """Minimise the residual over the image on the box [0, 1], for fixed depth.

    "fista": FISTA (Beck & Teboulle 2009) with step 1 / L. Warm: from the current image, with the momentum
    dropped whenever it points uphill (adaptive restart, O'Donoghue & Candes 2015). Cold: from black, as in
    the paper. Should a step of 1 / L raise the residual, L is raised.

    "cg": conjugate gradients (Hestenes & Stiefel 1952) on the pixels that are not held at a bound, clipped to
    the box. They need no Lipschitz constant and far fewer iterations for the same residual.

    A `pull` adds ``pull * |image - target|^2``.

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
        Iterations.
    solver : {"fista", "cg"}
        Method, see above.
    warm_start : bool
        Start from `image`, or from black without.
    eigenvector : ndarray, (1, Y, X), optional
        Vector of an earlier step from which the power iteration goes on.
    target : ndarray, (channels, Y, X), optional
        Image to which the solution is drawn.
    pull : float
        Weight of the squared distance to it.
    held : ndarray, (Y, X), bool, optional
        Pixels that stay as they are at the start.
    progress : callable, optional
        Gets the share of the work that is done; may raise to stop.
    """
    target = image if target is None else target
    problem = _Problem(operator, observations, coordinates, target, pull, held)
    start = image if warm_start else np.zeros_like(image)
    if solver == "cg":
        report = _Reporter(progress, iterations + 2 * -(-iterations // RESTART))  # restarts that are foreseen
        solution, residual = _conjugate_gradients(problem, start, iterations, report)
        return AifStep(solution, residual, eigenvector)
    report = _Reporter(progress, iterations + 2)
    power_iterations = 2
    if eigenvector is None:
        eigenvector, power_iterations = np.ones((1, *image.shape[1:]), np.float32), 8
    lipschitz, eigenvector = lipschitz_constant(
        operator, coordinates, eigenvector, power_iterations, report.next()
    )
    solution = _fista(problem, start, iterations, lipschitz + pull, warm_start, report)
    return AifStep(solution, problem.residual(solution, report.next()), eigenvector)


@dataclass(frozen=True, eq=False)
class _Problem:
    """Squared residual plus the pull to a target, as functions of the image."""

    operator: BlurOperator
    observations: Observations
    coordinates: Floats
    target: Floats
    pull: float
    held: NDArray[np.bool_] | None = None

    def residual(self, image: Floats, progress: Callable[[float], None] | None) -> float:
        stack = self.observations.planes, self.observations.scale
        return self.operator.loss(image, *stack, self.coordinates, progress)

    def distance(self, image: Floats) -> float:
        """Cost of the pull."""
        return self.pull * float(((image - self.target) ** 2).sum(dtype=np.float64)) if self.pull else 0.0

    def gradient(self, image: Floats, progress: Callable[[float], None] | None) -> tuple[float, Floats]:
        """Objective and half its gradient."""
        stack = self.observations.planes, self.observations.scale
        value, gradient = self.operator.gradient(image, *stack, self.coordinates, progress)
        if self.pull:
            difference = image - self.target
            value += self.pull * float(np.vdot(difference, difference))
            gradient += np.float32(self.pull) * difference
        if self.held is not None:
            gradient[:, self.held] = 0
        return value, gradient

    def curvature(self, step: Floats, progress: Callable[[float], None] | None) -> tuple[float, Floats]:
        """Objective's quadratic form ``p' H p`` of a step p, and ``H p``."""
        value, image = self.operator.gradient(step, NOTHING, 0.0, self.coordinates, progress)
        if self.pull:
            value += self.pull * float(np.vdot(step, step))
            image += np.float32(self.pull) * step
        return value, image


def _conjugate_gradients(
    problem: _Problem, image: Floats, iterations: int, report: "_Reporter"
) -> tuple[Floats, float]:
    """Return the improved image and its sum of squared residuals; the objective does not rise."""
    residual, white = np.inf, problem.observations.white
    while iterations > 0:
        value, gradient = problem.gradient(image, report.next())
        residual = value - problem.distance(image)
        free = (image > 0) | (gradient < 0)
        free &= (image < white) | (gradient > 0)
        if problem.held is not None:
            free &= ~problem.held
        downhill = -gradient * free
        length = first = float(np.vdot(downhill, downhill))
        current, direction = image.copy(), downhill.copy()
        for _ in range(min(iterations, RESTART)):
            if length <= CONVERGED * first:
                iterations = 0
                break
            iterations -= 1
            curvature, change = problem.curvature(direction, report.next())
            step = np.float32(length / curvature)
            current += step * direction
            change *= free
            downhill -= step * change
            length, last = float(np.vdot(downhill, downhill)), length
            direction *= np.float32(length / last)
            direction += downhill
            if ((current < 0) | (current > white)).mean() > OUTSIDE:
                break
        np.clip(current, 0.0, white, out=current)
        new_residual = problem.residual(current, report.next())
        if new_residual + problem.distance(current) > value:  # clipping undid it: go as far as it helps
            toward = current - image
            curvature, _ = problem.curvature(toward, None)
            share = np.float32(np.clip(-np.vdot(gradient, toward) / max(curvature, 1e-30), 0, 1))
            current = image + share * toward
            new_residual = problem.residual(current, None)
            if new_residual + problem.distance(current) > value:
                return image, residual
        image, residual = current, new_residual
    return image, residual


def _fista(
    problem: _Problem,
    image: Floats,
    iterations: int,
    lipschitz: float,
    adaptive: bool,
    report: "_Reporter",
) -> Floats:
    current = ahead = image
    momentum = 1.0
    last_value = np.inf
    for _ in range(iterations):
        value, gradient = problem.gradient(ahead, report.next())
        if value > last_value and momentum == 1.0:
            lipschitz *= 1.3
        following = ahead - gradient / np.float32(lipschitz)
        np.clip(following, 0.0, problem.observations.white, out=following)
        if adaptive and np.vdot(ahead - following, following - current) > 0:
            momentum = 1.0
        grown = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        weight = np.float32((momentum - 1) / grown)
        ahead = following + weight * (following - current)
        current, momentum, last_value = following, grown, value
    return current


class _Reporter:
    """Turns the progress of each of `parts` equal parts into that of the whole."""

    def __init__(self, progress: Callable[[float], None] | None, parts: int) -> None:
        self.progress = progress
        self.parts = parts
        self.index = -1

    def next(self) -> Callable[[float], None] | None:
        """Begin the next part; returns the callback that takes its share done."""
        self.index += 1
        return self.part(self.index)

    def part(self, index: int) -> Callable[[float], None] | None:
        progress, parts = self.progress, self.parts
        if progress is None:
            return None
        return lambda share: progress(min((index + share) / parts, 1.0))
