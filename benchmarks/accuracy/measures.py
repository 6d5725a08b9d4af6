"""The columns: how far an outcome is from the truth."""

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.rendering import Case
from benchmarks.accuracy.rows import Outcome
from benchmarks.accuracy.truth import positive_depth
from napari_defocus import DefocusResult
from napari_defocus.metrics import abs_rel, delta, psnr, rmse, sparsification, sparsification_area, ssim
from napari_defocus.optics import Microscope

DROPPED = 0.2
SHARES = tuple(round(0.05 * k, 2) for k in range(20))
HALF = SHARES.index(0.5) + 1

Measures = dict[str, float | list[float] | str]


def measure(case: Case, outcome: Outcome) -> Measures:
    """All figures of one row on one scene, by name; those of the depth only where there is one.

    A name ending in ``_edge`` or ``_inner`` counts the edge pixels, or all others, alone; it is missing where
    there are none.
    """
    measures: Measures = {"cpu_seconds": outcome.seconds, "choice": outcome.choice}
    if outcome.result is not None:
        measures |= depth_measures(case, outcome.result)
    return measures | image_measures(case, outcome.all_in_focus)


def parts(case: Case) -> dict[str, NDArray[np.bool_]]:
    """Masks by the ending of the figures' names; an empty part is left out."""
    masks = {"": np.ones_like(case.edges), "_edge": case.edges, "_inner": ~case.edges}
    return {name: mask for name, mask in masks.items() if mask.any()}


def depth_measures(case: Case, result: DefocusResult) -> Measures:
    truth = positive_depth(case.depth, case.optics)
    depth = positive_depth(result.depth, case.optics)
    measures: Measures = {}
    for part, mask in parts(case).items():
        measures["rmse" + part] = rmse(depth, truth, mask=mask)
        measures["abs_rel" + part] = abs_rel(depth, truth, mask=mask)
    for threshold in (1.05, 1.25):
        measures[f"delta_{threshold}"] = delta(depth, truth, threshold=threshold)
    measures["flagged"] = float(result.outliers.mean())
    if not result.outliers.all():
        measures["abs_rel_unflagged"] = abs_rel(depth, truth, mask=~result.outliers)
    if isinstance(case.optics, Microscope):
        measures["rmse_dof"] = rmse(depth, truth) / case.optics.depth_of_field
    return measures | sparsification_measures(depth, truth, result.confidence)


def sparsification_measures(
    depth: NDArray[np.float64], truth: NDArray[np.float64], confidence: NDArray[np.float32]
) -> Measures:
    """Curves of RMSE and AbsRel against the share of least confident pixels dropped, and their areas.

    Those ending in ``_best`` drop the pixels of greatest error first.
    """
    measures: Measures = {}
    error = np.abs(depth - truth)
    for name, wrong, relative in (("", error, False), ("_abs_rel", error / truth, True)):
        curve, best = (
            sparsification(depth, truth, trust, SHARES, relative=relative) for trust in (confidence, -wrong)
        )
        measures["sparsification" + name] = curve.tolist()
        measures["sparsification" + name + "_best"] = best.tolist()
        measures["ause" + name] = sparsification_area(curve[:HALF], best[:HALF], SHARES[:HALF])
        measures[("abs_rel" if relative else "rmse") + "_dropped"] = float(curve[SHARES.index(DROPPED)])
    return measures


def image_measures(case: Case, image: NDArray[np.float32]) -> Measures:
    measures: Measures = {
        "psnr" + part: psnr(image[mask], case.all_in_focus[mask]) for part, mask in parts(case).items()
    }
    measures["ssim"] = ssim(image, case.all_in_focus)
    return measures
