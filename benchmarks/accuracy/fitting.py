"""What a confidence is fitted to: evidence and error of pixels, a logistic model, and how well it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from benchmarks.accuracy.rendering import Case, aligned
from benchmarks.accuracy.truth import positive_depth
from napari_defocus import SolverSettings, alternating_minimization
from napari_defocus.metrics import sparsification
from napari_defocus.solver.calibration import Calibration
from napari_defocus.solver.confidence import TOLERANCE
from napari_defocus.solver.depth_from_focus import reliability
from napari_defocus.solver.focus_measure import sum_modified_laplacian
from napari_defocus.solver.focus_peak import PeakFinder
from napari_defocus.solver.observations import load_stack

Floats = NDArray[np.float64]

PIXELS = 6000
"""Pixels drawn from each run, so that each counts alike."""

RIDGE = 1e-4
"""Weight of the squared coefficients of normed evidence, against chance."""

BINS = 10
"""Tenths of the confidence in which it is compared with the share of pixels that are right."""

SIGNS = {
    "defocus": {
        "misfit": -1,
        "step": -1,
        "rim": -1,
        "nearer": 0,
        "agreement": 1,
        "border": 1,
        "texture": 1,
        "farther_texture": 1,
        "sharper": -1,
        "spread": -1,
    },
    "focus": {"reliability": 1},
}
"""Evidence of each method, and whether it can only speak for the depth (1), only against it (-1) or both."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels of one run.

    Attributes
    ----------
    evidence : dict of ndarray (n,)
        By name.
    right : ndarray (n,) of bool
        Whether the depth is within the tolerance.
    depth, truth : ndarray (n,)
        In the unit of the scene.
    """

    evidence: dict[str, Floats]
    right: NDArray[np.bool_]
    depth: Floats
    truth: Floats


def defocus_pixels(case: Case, settings: SolverSettings, *, align: bool) -> Pixels:
    """Pixels at the end of a run of depth from defocus; right within `TOLERANCE` px of blur.

    With `align`, planes of photographs are laid over each other first.
    """
    case = aligned(case) if align else case
    *_, state = alternating_minimization(case.images, case.told, settings)
    error = state.estimate.coordinates - case.told.to_blur_coordinate(case.depth)
    right = np.abs(error) * state.estimate.px_per_coordinate <= TOLERANCE
    return drawn(case, dict(state.estimate.evidence()), right, state.depth)


def focus_pixels(case: Case, window: int) -> Pixels:
    """Pixels of the classic method with a peak inside the stack; right within one step between planes."""
    observations = load_stack(case.images)
    positions = case.told.focus_positions_array
    order = np.argsort(positions)
    measures = [sum_modified_laplacian(observations.grey(int(index)), window) for index in order]
    finder = PeakFinder(observations.shape)
    for measure in measures:
        finder.add(measure)
    curve = finder.curve()
    error = sum(np.abs(measure - curve.at(k)) for k, measure in enumerate(measures))
    planes = np.arange(len(order))
    wanted = np.interp(case.depth, positions[order], planes)
    depth = np.interp(curve.position, planes, positions[order])
    evidence = {"reliability": reliability(finder.peak, error, len(order))}
    return drawn(case, evidence, np.abs(curve.position - wanted) <= 1, depth, curve.known)


def drawn(
    case: Case,
    evidence: Mapping[str, NDArray[np.float32]],
    right: NDArray[np.bool_],
    depth: NDArray[np.float32],
    mask: NDArray[np.bool_] | None = None,
) -> Pixels:
    """As many pixels as count, drawn at random but always the same ones."""
    where = np.flatnonzero(np.ones(right.size, bool) if mask is None else mask)
    where = np.random.default_rng(0).permutation(where)[:PIXELS]
    values = {name: layer.ravel()[where].astype(np.float64) for name, layer in evidence.items()}
    return Pixels(
        values,
        right.ravel()[where],
        positive_depth(depth, case.optics).ravel()[where],
        positive_depth(case.depth, case.optics).ravel()[where],
    )


def fit(method: str, runs: Sequence[Pixels]) -> Calibration:
    """Logistic regression by maximum likelihood; no evidence counts the wrong way round."""
    signs = SIGNS[method]
    design = np.concatenate([np.stack([run.evidence[name] for name in signs]) for run in runs], axis=1)
    right = np.concatenate([run.right for run in runs])
    middle, spread = design.mean(axis=1), design.std(axis=1) + 1e-9
    normed = (design - middle[:, None]) / spread[:, None]

    def cost(beta: Floats) -> tuple[float, Floats]:
        odds = beta[0] + beta[1:] @ normed
        short = expit(odds) - right
        value = np.mean(np.logaddexp(0, odds) - right * odds) + RIDGE * (beta[1:] ** 2).sum()
        slope = np.r_[short.mean(), normed @ short / right.size + 2 * RIDGE * beta[1:]]
        return float(value), slope

    ways = {1: (0, None), -1: (None, 0), 0: (None, None)}
    bounds = [(None, None), *(ways[sign] for sign in signs.values())]
    found = minimize(cost, np.zeros(len(bounds)), jac=True, method="L-BFGS-B", bounds=bounds)
    weights = found.x[1:] / spread
    rounded = {name: round(float(weight), 4) for name, weight in zip(signs, weights, strict=True)}
    return Calibration(round(float(found.x[0] - weights @ middle), 4), rounded)


def told(calibration: Calibration, run: Pixels) -> Floats:
    """Confidence of pixels."""
    return calibration.probability((name, run.evidence[name]) for name in calibration.weights).astype(
        np.float64
    )


def reliability_bins(confidence: Floats, right: NDArray[np.bool_]) -> list[tuple[int, float, float]]:
    """Number of pixels, mean confidence and share that is right, for tenths of the confidence that occur."""
    place = np.minimum((confidence * BINS).astype(int), BINS - 1)
    inside = [place == k for k in range(BINS) if (place == k).any()]
    return [(int(b.sum()), float(confidence[b].mean()), float(right[b].mean())) for b in inside]


def calibration_error(confidence: Floats, right: NDArray[np.bool_]) -> float:
    """Expected calibration error: mean distance of confidence and share that is right, over the bins."""
    bins = reliability_bins(confidence, right)
    return sum(count * abs(mean - share) for count, mean, share in bins) / right.size


def judged(calibration: Calibration, run: Pixels, dropped: float) -> dict[str, float]:
    """How well a confidence that was fitted elsewhere holds for a run."""
    confidence = told(calibration, run)
    curve = sparsification(run.depth[None], run.truth[None], confidence[None], [0, dropped])
    return {
        "right": float(run.right.mean()),
        "told": float(confidence.mean()),
        "calibration error": calibration_error(confidence, run.right),
        "RMSE ratio": float(curve[1] / curve[0]),
    }


def left_out(
    method: str, runs: Mapping[tuple[str, str], Pixels], dropped: float
) -> tuple[dict[tuple[str, str], dict[str, float]], list[tuple[int, float, float]]]:
    """Each scene judged by what the others teach, and the bins of all of them together."""
    figures, confidences = {}, []
    for scene in {name: None for name, _ in runs}:
        calibration = fit(method, [run for (name, _), run in runs.items() if name != scene])
        for key, run in runs.items():
            if key[0] == scene:
                figures[key] = judged(calibration, run, dropped)
                confidences.append((told(calibration, run), run.right))
    together = [np.concatenate(parts) for parts in zip(*confidences, strict=True)]
    return figures, reliability_bins(*together)
