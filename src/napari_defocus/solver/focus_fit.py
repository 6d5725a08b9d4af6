"""The focus curves of all pixels fitted band by band: each plane's measure is computed once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.solver.focus_measure import FocusMeasure, focus_measure, reach
from napari_defocus.solver.focus_peak import PeakFinder
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

HELD = 2**22
"""Bytes of focus measures that a band holds: as much as a processor's cache."""

LEAST_ROWS = 4
"""Least height of a band, in units of the rows beside it that are measured too, and then again by others."""


@dataclass(frozen=True, eq=False)
class FocusFit:
    """Peaks of the focus curves.

    Attributes
    ----------
    position : ndarray, (Y, X), float32
        Fractional index of the peak among the sorted planes.
    known : ndarray, (Y, X), bool
        False where the peak reaches the first or last plane, or there is none.
    peak : ndarray, (Y, X), float32
        Greatest focus measure.
    error : ndarray, (Y, X), float32
        Sum over the planes of the distance between focus measure and fitted curve.
    image : ndarray, (channels, Y, X), float32
        Intensities between the two planes around the peak.
    """

    position: Floats
    known: NDArray[np.bool_]
    peak: Floats
    error: Floats
    image: Floats


def fit_focus(
    observations: Observations,
    order: NDArray[np.intp],
    measure: FocusMeasure,
    window: int,
    step: int,
    progress: Callable[[float], None],
) -> FocusFit:
    """Fit the focus curve of every pixel.

    Parameters
    ----------
    observations : Observations
        The stack.
    order : ndarray, (planes,)
        Its planes sorted by focus position.
    measure, window, step
        As for :func:`focus_measure`.
    progress : callable
        Gets the share that is done; may raise to stop.
    """
    height, width = observations.shape
    margin = reach(measure, window, step)
    rows = max(HELD // (4 * observations.count * width), LEAST_ROWS * margin, 1)
    bands = [(top, min(top + rows, height)) for top in range(0, height, rows)]

    def fit(band: tuple[int, int]) -> FocusFit:
        return _fit_band(observations, order, band, measure, window, step)

    whole = FocusFit(
        position=np.empty((height, width), np.float32),
        known=np.empty((height, width), np.bool_),
        peak=np.empty((height, width), np.float32),
        error=np.empty((height, width), np.float32),
        image=np.empty((observations.planes.shape[1], height, width), np.float32),
    )
    for (top, bottom), part in zip(bands, map_ahead(fit, bands), strict=True):
        for name, values in vars(part).items():
            getattr(whole, name)[..., top:bottom, :] = values
        progress(bottom / height)
    return whole


def _fit_band(
    observations: Observations,
    order: NDArray[np.intp],
    band: tuple[int, int],
    measure: FocusMeasure,
    window: int,
    step: int,
) -> FocusFit:
    top, bottom = band
    margin = reach(measure, window, step)
    first = max(top - margin, 0)
    around = observations.window((slice(first, bottom + margin), slice(None)))
    shape = (bottom - top, observations.shape[1])
    finder, curves = PeakFinder(shape), []
    for index in order:
        values = focus_measure(around.grey(int(index)), measure, window, step)[top - first : bottom - first]
        finder.add(values)
        curves.append(values)
    curve = finder.curve()
    error = np.zeros(shape, np.float32)
    for place, values in enumerate(curves):
        error += np.abs(values - curve.at(place))
    inside = observations.planes[:, :, top:bottom]
    image = _between_planes(inside, order, curve.position) * np.float32(observations.scale)
    return FocusFit(curve.position, curve.known, finder.peak, error, image)


def _between_planes(planes: NDArray[np.generic], order: NDArray[np.intp], position: Floats) -> Floats:
    """Interpolate (planes, channels, Y, X) at a fractional index of sorted planes: (channels, Y, X)."""
    lower = np.clip(position.astype(np.intp), 0, len(order) - 2)
    weight = (position - lower).astype(np.float32)

    def sample(index: NDArray[np.intp]) -> Floats:
        taken = np.take_along_axis(planes, order[index][None, None], 0)[0]
        return np.asarray(taken, np.float32)

    return np.asarray((1 - weight) * sample(lower) + weight * sample(lower + 1), np.float32)
