"""How strongly a stack is blurred, estimated from the stack."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.blur_basis import BlurKernel
from napari_defocus.solver.blur_fit import fit_blur_scale
from napari_defocus.solver.contrast import with_contrast
from napari_defocus.solver.observations import Observations, as_stack, check_stack, load_stack
from napari_defocus.solver.patch_spectra import PatchSpectra, patch_spectra
from napari_defocus.solver.progress import PassProgress
from napari_defocus.solver.result import Progress
from napari_defocus.solver.settings import SolverSettings

CROP, CROPS = 128, 5
"""Greatest side of the squares that are looked at, px, and how many there are along a side at most."""

FALLBACK, FALLBACK_SPAN = 1.0, 6.0
"""Standard deviation of the blur that is taken where an uncalibrated stack does not determine it: its growth
from plane to plane, and the most over the whole stack, px."""


FOUND = "was estimated from the stack"
"""What the note of an estimate that was made says."""


@dataclass(frozen=True)
class BlurEstimate:
    """Blur of a focal stack as far as the stack itself determines it.

    Attributes
    ----------
    blur_scale : float
        Standard deviation of the blur in units of the radius of the circle of confusion (no unit); as given
        where the stack does not determine it, and for an uncalibrated stack, whose estimate is the
        `blur_per_plane` of `optics`.
    blur_scale_spread : float
        Its standard error (for an uncalibrated stack that of its product with `blur_per_plane`, in units of
        the latter); infinite where the stack does not determine it.
    in_focus_blur : float
        Blur that stays in perfect focus, px: as given.
    in_focus_blur_spread : float
        Always infinite: blur that all planes share cannot be told from a scene that is softer.
    determined : bool
        Whether the stack determines the blur scale.
    note : str
        One sentence for the user: the estimate and its spread, or why there is none.
    optics : Optics
        The optics with the estimate.
    """

    blur_scale: float
    blur_scale_spread: float
    in_focus_blur: float
    in_focus_blur_spread: float
    determined: bool
    note: str
    optics: Optics


def estimate_blur(
    images: Any,
    optics: Optics,
    settings: SolverSettings | None = None,
    *,
    progress: Progress | None = None,
) -> BlurEstimate:
    """Estimate the blur scale of a focal stack whose focus positions are known.

    Small patches with texture are compared from plane to plane: the variance of their blur is a parabola in
    the focus position, whose foot is the patch's depth and whose curvature is the blur scale squared. The
    given blur scale plays no part. The spread is a jackknife over parts of the image and what the model's
    own errors add.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, NumPy or dask, any real type.
    optics : Optics
        Focus positions and growth of the circle of confusion.
    settings : SolverSettings, optional
        `blur_kernel`, `white` and `least_contrast` are looked at.
    progress : callable, optional
        ``progress(fraction, message)``; may raise :class:`CancelledError`.

    Returns
    -------
    BlurEstimate
        The estimate, or the given figures and the reason why the stack does not determine them.

    Raises
    ------
    InputError
        If stack and optics do not fit; the message says what to change.
    """
    settings = settings or SolverSettings()
    images = as_stack(images)
    check_stack(images.shape, images.dtype)
    optics.check_planes(images.shape[0])
    report = PassProgress(progress, 2)
    observations = with_contrast(
        load_stack(images, settings.white, report.begin("reading the stack")), settings.least_contrast
    )
    estimate = estimate_from_stack(observations, optics, settings, report.begin("estimating the blur"))
    report.end()
    return estimate


def wants_estimate(optics: Optics, settings: SolverSettings) -> bool:
    """Whether a run estimates the blur: where it is asked to, or cannot begin without."""
    return settings.estimate_blur or _lacks_blur(optics)


def estimate_from_stack(
    observations: Observations,
    optics: Optics,
    settings: SolverSettings,
    progress: Callable[[float], None] | None = None,
) -> BlurEstimate:
    """Estimate of a stack in memory; `progress` gets the share that is done and may raise to stop."""
    parts = []
    crops = crops_of(observations.shape)
    for crop in crops:
        parts.append(patch_spectra(observations.window(crop), optics))
        if progress is not None:
            progress(0.5 * len(parts) / len(crops))
    return estimate_from_spectra(
        PatchSpectra.joined(parts),
        optics,
        settings.blur_kernel,
        None if progress is None else lambda share: progress(0.5 + 0.5 * share),
    )


def crops_of(shape: tuple[int, int]) -> list[tuple[slice, slice]]:
    """Squares of an image of `shape` that the estimate looks at, spread over it without overlap."""
    spans = []
    for length in shape:
        count = min(CROPS, -(-length // CROP))
        side = min(CROP, length // count)
        spans.append([slice(int(at), int(at) + side) for at in np.linspace(0, length - side, count)])
    return [(rows, columns) for rows in spans[0] for columns in spans[1]]


def estimate_from_spectra(
    spectra: PatchSpectra,
    optics: Optics,
    kernel: BlurKernel,
    progress: Callable[[float], None] | None = None,
) -> BlurEstimate:
    """Estimate from the patches of a stack, and what the user is told of it."""
    lacking = _lacks_blur(optics)
    fit = fit_blur_scale(spectra, optics.replace(blur_per_plane=1.0) if lacking else optics, kernel, progress)
    determined = not fit.refusal
    name, what, unit, value = "blur_scale", "blur scale", "", fit.scale if determined else optics.blur_scale
    if lacking:  # its blur scale is a convention: what is told is the growth of the radius
        growth = fit.scale if determined else min(FALLBACK, FALLBACK_SPAN / (optics.planes - 1))
        name, what, unit, value = "blur_per_plane", "blur per plane", " px", growth / optics.blur_scale
    estimated = optics.replace(**{name: value})
    if determined:
        note = f"The {what} {FOUND}: {with_spread(value, fit.spread * value)}{unit}."
    else:
        note = f"The stack does not determine the {what} ({fit.refusal}); {value:.3g}{unit} was taken."
    return BlurEstimate(
        blur_scale=estimated.blur_scale,
        blur_scale_spread=fit.spread * estimated.blur_scale,
        in_focus_blur=optics.effective_in_focus_blur,
        in_focus_blur_spread=float("inf"),
        determined=determined,
        note=note,
        optics=estimated,
    )


def with_spread(value: float, spread: float) -> str:
    """Write a value with its spread, to the digit at which the spread begins."""
    digits = max(0, -int(np.floor(np.log10(spread))))
    return f"{value:.{digits}f} ± {spread:.{digits}f}"


def _lacks_blur(optics: Optics) -> bool:
    return isinstance(optics, UncalibratedFocus) and optics.blur_per_plane is None
