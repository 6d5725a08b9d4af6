"""What the solvers return."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics import Optics
from napari_defocus.solver.confidence import Estimate
from napari_defocus.solver.settings import SolverSettings

MEANING = {"defocus": "within half a pixel of blur", "focus": "within one step between planes"}
"""How near the truth a depth must be to count as right, by method."""

Step = Literal[
    "initialization",
    "depth",
    "aif",
    "bilateral",
    "sharpening",
    "occlusion",
    "denoising",
    "median",
    "regression",
]

Progress = Callable[[float, str], None]
"""``progress(fraction, message)``, called several times a second from the computing thread with the share of
the whole run that is done (0 to 1) and what is being done. It may raise :class:`CancelledError` to stop."""


@dataclass(frozen=True)
class SolverState:
    """The unknowns after one half-step of the alternating minimization.

    Attributes
    ----------
    epoch : int
        Round, from 1; 0 is the initialization.
    step : {"initialization", "depth", "aif", "bilateral", "sharpening", "occlusion", "denoising", "median", \
"regression"}
        The half-step that was done last.
    loss : float
        The objective over the number of samples (planes, pixels and channels), intensities in [0, 1]: the
        residual plus the priors on depth and image, where the settings give them weight. Never rises. The
        last steps (from "bilateral" on) do not serve it; with them this stays what it was before.
    residual : float
        Mean squared residual over planes, pixels and channels; likewise.
    depth : ndarray, (Y, X), float32
        Depth, in the unit of the optics.
    all_in_focus : ndarray, (Y, X) or (Y, X, 3), float32
        All-in-focus image in [0, 1].
    estimate : Estimate
        What the confidence of this depth is told from.
    optics : Optics
        The optics in use (with the estimate of the blur where one was made).
    settings : SolverSettings
        The settings in use, with the depth range filled in.
    losses : tuple of float
        Loss after each half-step so far but the last ones, from "bilateral" on.
    notes : tuple of str
        What the user should know about the run, such as a fallback that was taken.
    """

    epoch: int
    step: Step
    loss: float
    residual: float
    depth: NDArray[np.float32]
    all_in_focus: NDArray[np.float32]
    estimate: Estimate
    optics: Optics
    settings: SolverSettings
    losses: tuple[float, ...] = ()
    notes: tuple[str, ...] = ()

    @cached_property
    def confidence(self) -> NDArray[np.float32]:
        """Confidence of this depth, (Y, X), as in :class:`DefocusResult`; computed when asked for first."""
        return self.estimate.confidence()


@dataclass(frozen=True)
class DefocusResult:
    """Depth, all-in-focus image, outliers and confidence of a focal stack.

    Attributes
    ----------
    depth : ndarray, (Y, X), float32
        Depth, in `unit`; outliers are replaced.
    all_in_focus : ndarray, (Y, X) or (Y, X, 3), float32
        All-in-focus image in [0, 1].
    outliers : ndarray, (Y, X), bool
        Pixels whose depth was replaced from their neighbours.
    confidence : ndarray, (Y, X), float32
        Probability, 0 to 1, that the depth is right: for depth from defocus within half a pixel of blur
        (see :mod:`solver.confidence`), for depth from focus within one step between planes. Where the depth
        was replaced, that of the depth before. docs/confidence.md says how far it holds.
    losses : tuple of float
        Loss after each half-step, never rising; empty for depth from focus.
    unit : str
        Unit of the depth.
    method : {"defocus", "focus"}
        The solver that made it.
    parameters : dict
        Optics and settings, plain values: enough to run it again.
    notes : tuple of str
        What the user should know about the run, such as a fallback that was taken.
    """

    depth: NDArray[np.float32]
    all_in_focus: NDArray[np.float32]
    outliers: NDArray[np.bool_]
    confidence: NDArray[np.float32]
    losses: tuple[float, ...]
    unit: str
    method: Literal["defocus", "focus"]
    parameters: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def confidence_meaning(self) -> str:
        """What the confidence is the probability of, to go after "that the depth is right"."""
        return MEANING[self.method]
