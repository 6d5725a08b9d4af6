"""How fast the blur grows from plane to plane, from the spectra of patches.

A patch at blur coordinate u is blurred in plane f by the transfer function ``T_f = T(s R_f(u))``, and its
sharp image is unknown. The least squares over that image leave, of a patch's spectra B,

    sum_f |B_f|^2 - |sum_f T_f B_f|^2 / sum_f T_f^2

for each frequency, a function of u and of the scale s alone: with three planes or more its least tells both
(the variance of the blur is a parabola in the focus position, with its foot at u and the curvature s^2). Blur
in perfect focus is a factor that all T_f share, and cancels: it cannot be told from a softer scene.

A window does not commute with a blur K: to first order ``w (K * x) = K * (w x) + (q K) * (grad w x)`` with q
the position, so that ``B_f = T_f X + i dT_f/dfrequency X'``, X' the spectrum under the window's derivative.
X' is estimated as X is, from the patch under that window, and taken off: left in, s is 10 % too small.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import j0, j1

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_basis import BlurKernel
from napari_defocus.solver import blur_fit_kernels
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.patch_spectra import Floats, PatchSpectra, focus_order, ring_frequencies

GROWTH = (0.03, 6.0)
"""Growth of the blur's standard deviation, from one plane that is looked at to the next, px: the search."""

STEP = 0.04
"""Step of the search in the logarithm of the scale."""

COARSE, AROUND = 4, 8
"""Steps between the scales that are tried first, and on either side of the best of them those tried then."""

DEPTHS = 33
"""Depths tried for a patch, from the plane before its sharpest one to the one after."""

MODEL_ERROR = 1e-3
"""Share of a patch's energy that no model explains: keeps one perfect patch from deciding alone."""

SIGNAL = 6.0
"""Least energy that a patch's planes have in common, in units of what they have each for themselves."""

LEAST_PATCHES = 8
LEAST_GAIN = 0.05
"""Mean fall of the logarithm of the residual from (nearly) no blur to the best scale, below which there is
too little blur to tell from noise."""

GROUPS = 12
"""Parts of the image that are left out in turn to see how far the estimates disagree (jackknife)."""

SYSTEMATIC = 0.03
"""Error of the scale, as a share of it, that more patches do not lower: what rendered scenes show where the
blur grows little from plane to plane. It doubles at 1.7 px of growth: windows hold too little of a blur."""

GREATEST_SPREAD = 0.15
"""Spread of the scale, as a share of it, from which the stack is said not to determine it."""


@dataclass(frozen=True)
class BlurFit:
    """Scale of the blur that fits the patches.

    Attributes
    ----------
    scale : float
        Standard deviation of the blur in units of the radius that the optics give; NaN where there is none.
    spread : float
        Its standard error, as a share of it; infinite where there is none.
    refusal : str
        Why the stack does not determine it; empty where it does.
    """

    scale: float
    spread: float
    refusal: str = ""


def fit_blur_scale(
    spectra: PatchSpectra,
    optics: Optics,
    kernel: BlurKernel,
    progress: Callable[[float], None] | None = None,
) -> BlurFit:
    """Scale of the blur with which the patches fit best, each at its own best depth.

    Parameters
    ----------
    spectra : PatchSpectra
        Patches of the stack.
    optics : Optics
        Its optics; their `blur_scale` and `in_focus_blur` do not matter.
    kernel : {"disc", "gaussian"}
        Shape of the blur.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    """
    order = focus_order(optics)
    centers = np.unique(optics.centers[order])
    if len(centers) < 3:
        return _refused("two planes fit every blur scale, each with another depth")
    if len(spectra) < LEAST_PATCHES:
        return _refused("too little of it has texture that is sharpest between the first and the last plane")
    radius = float(np.median(optics.slopes[order]) * np.median(np.diff(centers)))
    low, high = np.log(np.array(GROWTH) / radius)
    logarithms = np.linspace(low, high, int(np.ceil((high - low) / STEP)) + 1)
    tried = np.arange(0, len(logarithms), COARSE)
    scales = np.exp(logarithms[tried])
    residual, energy = patch_residuals(spectra, optics, kernel, scales, part_of(progress, 0, 0.5))
    textured = _textured(residual, energy, spectra.products.shape[-1])
    if textured.sum() < LEAST_PATCHES:
        return _refused("too little of it has texture that stands out from the noise")
    costs = _costs(residual, energy)[textured]
    mean = costs.mean(axis=0)
    if mean[0] - mean.min() < LEAST_GAIN:
        return _refused("its blur hardly changes from plane to plane")
    place = int(tried[mean.argmin()])
    best, spread = _jackknife(costs, logarithms[tried])
    if np.isfinite(best) and spread > GREATEST_SPREAD:  # parts may be for scales far from the best of all
        return _refused("its parts disagree about the blur")
    logarithms = logarithms[max(place - AROUND, 0) : place + AROUND + 1]
    residual, _ = patch_residuals(spectra, optics, kernel, np.exp(logarithms), part_of(progress, 0.5, 1))
    best, spread = _jackknife(_costs(residual, energy)[textured], logarithms)
    spread = float(np.hypot(spread, SYSTEMATIC * np.hypot(1, np.exp(best) * radius)))
    if not np.isfinite(best):
        return _refused("its blur changes too much from plane to plane")
    if spread > GREATEST_SPREAD:
        return _refused("its parts disagree about the blur")
    return BlurFit(float(np.exp(best)), spread)


def _textured(residual: Floats, energy: Floats, planes: int) -> NDArray[np.bool_]:
    """Patches (patches,) whose planes have more in common than noise, given residuals (patches, scales)."""
    least = residual.min(axis=1)
    return np.asarray(energy - least > SIGNAL * np.maximum(least / (planes - 1), 1e-12))


def _costs(residual: Floats, energy: Floats) -> Floats:
    """Cost of each scale for each patch, (patches, scales)."""
    return np.asarray(np.log(residual + MODEL_ERROR * energy[:, None]))


def patch_residuals(
    spectra: PatchSpectra,
    optics: Optics,
    kernel: BlurKernel,
    scales: Floats,
    progress: Callable[[float], None] | None = None,
) -> tuple[Floats, Floats]:
    """Residual of each patch at its best depth for each scale, (patches, scales), and its energy."""
    energy = np.einsum("prff->p", spectra.products[:, 0])
    products = packed(spectra.products)
    residual = np.empty((len(spectra), len(scales)))
    done = 0
    for sharpest in np.unique(spectra.sharpest):
        patches = np.flatnonzero(spectra.sharpest == sharpest)
        first = int(spectra.first[patches[0]])
        sigmas = _sigmas(optics, scales, int(sharpest), first, spectra.products.shape[-1])
        frequencies = ring_frequencies(discrete=kernel == "gaussian")[:, None]
        most = np.empty((len(patches), len(scales)))
        blur_fit_kernels.most_explained(
            *_transfer(sigmas[:, :, None], frequencies, kernel),
            products[patches],
            np.empty(products.shape[1]),
            most,
        )
        residual[patches] = energy[patches, None] - most
        done += len(patches)
        if progress is not None:
            progress(done / len(spectra))
    return np.maximum(residual, 0), energy


def packed(products: Floats) -> Floats:
    """Products of patches in a row each, (patches, k): for each ring ``BB``, ``DD`` and ``BD``.

    The first two are the same for planes f, g and g, f, and are kept once.
    """
    first, second = np.triu_indices(products.shape[-1])
    twice = np.where(first == second, 1.0, 2.0)
    straight, bent = (products[:, kind][..., first, second] * twice for kind in (0, 2))
    mixed = products[:, 1].reshape(*straight.shape[:2], -1)
    return np.concatenate([straight, bent, mixed], axis=-1).reshape(len(products), -1)


def _sigmas(optics: Optics, scales: Floats, sharpest: int, first: int, planes: int) -> Floats:
    """Blur of a patch in its planes at each depth for each scale, (scales, DEPTHS, planes), px."""
    order = focus_order(optics)
    centers = optics.centers[order]
    before, after = centers[centers < centers[sharpest]], centers[centers > centers[sharpest]]
    chosen = slice(first, first + planes)
    depths = np.linspace(before.max(), after.min(), DEPTHS)
    radii = optics.slopes[order][chosen] * np.abs(depths[:, None] - centers[chosen])
    return np.maximum(scales[:, None, None] * radii, optics.min_blur)


def _transfer(sigmas: Floats, frequencies: Floats, kernel: BlurKernel) -> tuple[Floats, Floats]:
    """Transfer function of blurs, and its derivative by the frequency; arguments broadcast."""
    if kernel == "gaussian":
        transfer = np.exp(-0.5 * (sigmas * frequencies) ** 2)
        return transfer, -(sigmas**2) * frequencies * transfer
    x = np.maximum(2 * sigmas * frequencies, 1e-4)  # a disc of radius 2 sigma
    transfer = 2 * j1(x) / x
    return transfer, -2 * (transfer - j0(x)) / x * 2 * sigmas


def _jackknife(costs: Floats, logarithms: Floats) -> tuple[float, float]:
    """Best logarithm of the scale for all patches and its standard error; NaN where there is no least."""
    groups = np.array_split(costs, min(GROUPS, len(costs)))
    parts = np.array([group.sum(axis=0) for group in groups])
    whole = parts.sum(axis=0)
    best = _lowest(whole, logarithms)
    others = np.array([_lowest(whole - part, logarithms) for part in parts])
    if not np.isfinite(best) or not np.isfinite(others).all():
        return best, float("inf")
    variance = (len(parts) - 1) / len(parts) * ((others - others.mean()) ** 2).sum()
    return best, float(np.sqrt(variance))


def _lowest(cost: Floats, at: NDArray[np.float64]) -> float:
    """Where a parabola through the three lowest values is least; NaN at either end."""
    place = int(cost.argmin())
    if place in (0, len(cost) - 1):
        return float("nan")
    left, middle, right = cost[place - 1 : place + 2]
    bend = left - 2 * middle + right
    shift = 0.5 * (left - right) / bend if bend > 0 else 0.0
    return float(at[place] + shift * (at[1] - at[0]))


def _refused(reason: str) -> BlurFit:
    return BlurFit(float("nan"), float("inf"), reason)
