"""What depth some optics can tell apart: blur between neighbouring planes, depth resolution, warnings.

All figures follow from the blur model alone, before any image is looked at: texture, noise and the blur
estimate of a run decide how much of it is reached.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.errors import InputError
from napari_defocus.optics.base import FloatArray, Optics

TOLERANCE = 0.5
"""Change of blur that counts as visible, px (standard deviation); confidence counts in the same unit."""

WIDEST_STEP = 6.0
"""Blur between neighbouring planes beyond which they are too far apart, px: half way between them the
sharpest image is blurred by 3 px, and most fine texture is gone."""

LEAST_TRAVEL = 2.0
"""Visible changes of blur over the depth range below which it cannot be told apart."""

LARGEST_BLIND_SHARE = 0.5
"""Share of the depth range at its far or near end in which all depths look alike, from which on to warn."""

INTERVALS = 2048
"""Parts into which the depth range is cut, even in the blur coordinate."""


@dataclass(frozen=True)
class OpticsReport:
    """What can be said of some optics before a run.

    Attributes
    ----------
    blur_per_step : (float, float)
        Least and greatest blur between neighbouring planes, px (standard deviation).
    ends : (float, float)
        Nearest and farthest depth of the range, in `unit`.
    resolution : (float, float)
        Depth resolution there, in `unit`; infinite where no depth can be told.
    unit : str
        Unit of depth.
    warnings : tuple of str
        What is wrong and how to mend it, one sentence or two each; empty when nothing is.
    """

    blur_per_step: tuple[float, float]
    ends: tuple[float, float]
    resolution: tuple[float, float]
    unit: str
    warnings: tuple[str, ...] = ()


def blur_between_planes(optics: Optics) -> FloatArray:
    """Blur that a point in focus in one plane has in the next, px.

    With planes ``i`` and ``i + 1`` neighbours in the blur coordinate ``u`` (see :class:`Optics`)::

        step = blur_scale * max(slope_i, slope_{i+1}) * |u_{i+1} - u_i|

    as a standard deviation and without the blur that stays in focus.

    Returns
    -------
    ndarray, (planes - 1,)
        In the order of the blur coordinate; 0 for two planes in the same place.
    """
    order = np.argsort(optics.centers)
    centers, slopes = optics.centers[order], optics.slopes[order]
    return np.asarray(optics.blur_scale * np.maximum(slopes[1:], slopes[:-1]) * np.diff(centers))


def depth_resolution(optics: Optics, depth: ArrayLike, tolerance: float = TOLERANCE) -> FloatArray:
    """Extent of the depths around a depth that look like it.

    With ``sigma_k(u)`` the blur of plane ``k`` at the blur coordinate ``u`` (see :class:`Optics`)::

        d sigma_k / du = blur_scale ** 2 * slope_k * R_k / sigma_k     (0 where min_blur rules)
        du = tolerance / max_k |d sigma_k / du|
        resolution = |Z(u + du / 2) - Z(u - du / 2)|

    For a microscope far from all focus positions that is
    ``tolerance * pixel_size / (blur_scale * tan(asin(NA / n)))``, for a thin lens about
    ``tolerance * Z ** 2 / (blur_scale * slope)``.

    Parameters
    ----------
    optics : Optics
        The optics.
    depth : array_like
        Depths, in the unit of the optics.
    tolerance : float
        Change of blur that counts as visible, px.

    Returns
    -------
    ndarray, of the shape of `depth`
        In the unit of depth; infinite where the blur of no plane changes, or where all depths beyond
        look alike.
    """
    u = optics.to_blur_coordinate(depth)
    with np.errstate(divide="ignore"):
        half = tolerance / 2 / _sensitivity(optics, u)
    known = np.isfinite(half)
    if optics.kind == "thin_lens":  # 1 / Z = 0 is infinitely far
        known &= half < u
    half = np.where(known, half, 0.0)
    extent = np.abs(optics.from_blur_coordinate(u + half) - optics.from_blur_coordinate(u - half))
    return np.where(known, extent, np.inf)


def report_on(optics: Optics, depth_range: tuple[float, float] | None = None) -> OpticsReport:
    """Report what the optics can tell apart, with warnings.

    Parameters
    ----------
    optics : Optics
        The optics, all their figures known.
    depth_range : (float, float), optional
        Nearest and farthest depth, in the unit of the optics. None: that of the focus positions.

    Raises
    ------
    InputError
        If the depth range is empty, or the blur per plane is not known.
    """
    near, far = optics.check_depth_range(depth_range or optics.default_depth_range())
    steps = blur_between_planes(optics)
    steps = steps[steps > 0]
    at_near, at_far = (float(value) for value in depth_resolution(optics, [near, far]))
    warnings = []
    if steps.max() > WIDEST_STEP:
        warnings.append(_too_far_apart(optics, float(steps.max())))
    if visible_steps(optics, (near, far)) < LEAST_TRAVEL:
        warnings.append(_cannot_be_told(optics, near, far))
    else:
        positions = optics.focus_positions_array  # the margin around them was not asked for
        warnings += _blind_ends(optics, *(depth_range or (float(positions.min()), float(positions.max()))))
    return OpticsReport(
        (float(steps.min()), float(steps.max())),
        (near, far),
        (at_near, at_far),
        optics.depth_unit,
        tuple(warnings),
    )


def visible_steps(optics: Optics, depth_range: tuple[float, float], tolerance: float = TOLERANCE) -> float:
    """Number of depths in a range that can be told apart: the change of blur along it over `tolerance`.

    The integral of ``max_k |d sigma_k / du|`` over the range, as in :func:`depth_resolution`.
    """
    return float(_travel(optics, depth_range)[1][-1] / tolerance)


def _travel(optics: Optics, depth_range: tuple[float, float]) -> tuple[FloatArray, FloatArray]:
    """Depths from one end of the range to the other, and the change of blur up to each of them, px."""
    ends = np.sort(optics.to_blur_coordinate(np.asarray(depth_range)))
    u = np.linspace(ends[0], ends[1], INTERVALS + 1)
    changes = _sensitivity(optics, (u[1:] + u[:-1]) / 2) * np.diff(u)
    return optics.from_blur_coordinate(u), np.concatenate([[0.0], np.cumsum(changes)])


def _sensitivity(optics: Optics, u: FloatArray) -> FloatArray:
    """Change of blur with the blur coordinate in the plane where it is greatest, px per unit of it."""
    column = (slice(None),) + (None,) * u.ndim
    slopes = optics.slopes[column]
    radius = slopes * np.abs(u[None] - optics.centers[column])
    spread = np.hypot(optics.blur_scale * radius, optics.effective_in_focus_blur)
    growth = optics.blur_scale**2 * slopes * radius
    changes = np.divide(growth, spread, out=np.zeros_like(spread), where=spread > optics.min_blur)
    return np.asarray(changes.max(axis=0))


def _too_far_apart(optics: Optics, step: float) -> str:
    mend = {
        "thin_lens": "focus in smaller steps or close the aperture (a larger f-number)",
        "microscope": "take smaller z steps",
    }.get(optics.kind, "take smaller focus steps")
    return (
        f"Planes are too far apart: {step:.1f} px of blur from one to the next, and between them nothing "
        f"is sharp. Up to {WIDEST_STEP:g} px is fine; {mend}."
    )


def _cannot_be_told(optics: Optics, near: float, far: float) -> str:
    mend = {
        "thin_lens": "Open the aperture (a smaller f-number), go nearer, or spread the focus distances",
        "microscope": "Take a larger numerical aperture or a longer z range",
    }.get(optics.kind, "Give a larger blur per plane")
    return (
        f"Depths from {near:.4g} to {far:.4g} {optics.depth_unit} cannot be told apart: over all of them "
        f"the blur changes by less than {LEAST_TRAVEL * TOLERANCE:g} px. {mend}, and check the units of "
        "the figures above."
    )


def _blind_ends(optics: Optics, near: float, far: float) -> list[str]:
    """Warn of a far or near part of the range in which all depths look alike."""
    depths, travel = _travel(optics, (near, far))
    if depths[0] > depths[-1]:
        depths, travel = depths[::-1], travel[-1] - travel[::-1]
    last = float(np.interp(travel[-1] - TOLERANCE, travel, depths))
    first = float(np.interp(TOLERANCE, travel, depths))
    widest = LARGEST_BLIND_SHARE * (far - near)
    mend = "narrow the depth range, or add a plane that is focused there."
    sides = [
        (far - last, f"farther than {last:.3g}" if optics.kind == "thin_lens" else f"above {last:.3g}"),
        (first - near, f"nearer than {first:.3g}" if optics.kind == "thin_lens" else f"below {first:.3g}"),
    ]
    return [
        f"Depths {side} {optics.depth_unit} can hardly be told apart; {mend}"
        for blind, side in sides
        if blind > widest
    ]


def known(optics: Optics) -> bool:
    """Whether the blur of the optics is known, or has to be estimated from a stack first."""
    try:
        return bool(np.isfinite(optics.slopes).all())
    except InputError:
        return False
