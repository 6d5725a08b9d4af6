"""What is compared: each row makes a depth map, an all-in-focus image or both from a case."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.rendering import Case
from benchmarks.accuracy.truth import depth_error
from napari_defocus import DefocusResult, SolverSettings, ThinLens, align_focal_stack, depth_from_focus, solve
from napari_defocus.metrics import psnr
from napari_defocus.solver.initialization import mosaic, start_of
from napari_defocus.solver.observations import load_stack

Made = TypeVar("Made")

FOCUS_WINDOWS = (3, 5, 9, 15)
WARM_UP_SIDE = 48  # px: a corner of the stack on which everything is compiled before the clock starts


@dataclass(frozen=True, eq=False)
class Outcome:
    """What a row made of a case.

    Attributes
    ----------
    all_in_focus : ndarray (rows, columns[, 3])
        In [0, 1].
    seconds : float
        CPU seconds of all threads, compiling left out.
    choice : str
        What was chosen with the help of the truth, if anything.
    result : DefocusResult, optional
        None for a row that makes no depth.
    """

    all_in_focus: NDArray[np.float32]
    seconds: float
    choice: str = ""
    result: DefocusResult | None = None


def published(case: Case) -> Outcome:
    """The published method: no priors, no neighbourhood but its cost window."""
    settings = SolverSettings.make3d(depth_range=case.told.default_depth_range())
    return _solved(case, settings)


def ours(case: Case) -> Outcome:
    """The settings that a user gets; photographs are aligned first."""
    return _solved(case, SolverSettings(), align=isinstance(case.told, ThinLens))


def focus(case: Case) -> Outcome:
    """The classic measure at the window of least AbsRel: a choice that no user could make as well."""
    return min(_focus_outcomes(case), key=lambda outcome: error(outcome, case))


def sharpest(case: Case) -> Outcome:
    """The best image without deconvolution: of the classic measure at any window, or the plain mosaic."""

    def quality(outcome: Outcome) -> float:
        return psnr(outcome.all_in_focus, case.all_in_focus)

    best = max([*_focus_outcomes(case), _plain_mosaic(case)], key=quality)
    return Outcome(best.all_in_focus, best.seconds, best.choice)


def error(outcome: Outcome, case: Case) -> float:
    """AbsRel of the depth that a row has made."""
    assert outcome.result is not None
    return depth_error(outcome.result.depth, case.depth, case.optics)


ROWS: dict[str, Callable[[Case], Outcome]] = {
    "published": published,
    "focus": focus,
    "mosaic": sharpest,
    "ours": ours,
}


def _solved(case: Case, settings: SolverSettings, *, align: bool = False) -> Outcome:
    def run(images: NDArray) -> DefocusResult:
        return solve(align_focal_stack(images).images if align else images, case.told, settings)

    result, seconds = timed(run, case)
    return Outcome(result.all_in_focus, seconds, result=result)


def _focus_outcomes(case: Case) -> list[Outcome]:
    outcomes = []
    for window in FOCUS_WINDOWS:

        def run(images: NDArray, window: int = window) -> DefocusResult:
            return depth_from_focus(images, case.told.focus_positions_array, window=window)

        result, seconds = timed(run, case)
        outcomes.append(Outcome(result.all_in_focus, seconds, f"window {window}", result))
    return outcomes


def _plain_mosaic(case: Case) -> Outcome:
    settings = SolverSettings()

    def run(images: NDArray) -> NDArray[np.float32]:
        observations = load_stack(images, settings.white)
        labels = start_of(observations, case.told, settings).labels
        return observations.to_image(mosaic(observations, labels))

    image, seconds = timed(run, case)
    return Outcome(image, seconds, "graph-cut labels")


def timed(run: Callable[[NDArray], Made], case: Case) -> tuple[Made, float]:
    """What a run makes of the stack of a case, and its CPU seconds, all threads, compiling left out."""
    run(case.images[:, :WARM_UP_SIDE, :WARM_UP_SIDE])
    start = time.process_time()
    value = run(case.images)
    return value, time.process_time() - start
