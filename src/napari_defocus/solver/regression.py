"""Local regression of the depth: what is left of its noise goes, slopes and edges stay."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.bands import fall_off, in_bands
from napari_defocus.solver.bilateral import BIWEIGHT
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.regression_kernels import regression_rows

Floats = NDArray[np.float32]


class Window(NamedTuple):
    """What of the surroundings of a pixel a plane is fitted to.

    Attributes
    ----------
    radius : int
        Half the side, px.
    stride : int
        Of its rows and columns every so many count: the noise of the depth is alike over some pixels.
    deviation : float
        Standard deviation of the Gaussian by which pixels count less with their distance, px.
    """

    radius: int
    stride: int
    deviation: float


NARROW = Window(8, 2, 6.0)

WIDE = Window(24, 6, 18.0)

NOISE_WINDOW = 15
"""Side of the window in which the noise of the peaks is looked at, px."""

FARTHEST = 4.0
"""Distance of a peak from the depth that counts as no more, in units of the spread."""

APART_WINDOW = 5
"""Side of the window in which the two planes are compared, px."""

REACH = NARROW.radius + WIDE.radius + APART_WINDOW // 2
"""Distance from which a pixel's plane is seen, px."""

REMAINS = 0.04
"""Share of the variance of the peaks that may be left in a narrow plane."""

ALIKE = 1e-6
"""Variance below which there is nothing to choose, in units of the squared spread."""

PASSES = 3
"""How often each plane is fitted."""

SCATTER = 2.0
"""Width of the biweight in later passes, in standard deviations of the values around the plane."""

NARROWEST = 1 / 6
"""Least width of it, as a share of the first."""

QUIET = 0.1
"""Standard deviation around the plane, as a share of the width, at which a value goes half way to it: what
scatters less is bent and not noisy."""


def local_planes(
    depth: Floats,
    spread: float,
    peaks: Floats | None = None,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> Floats:
    """Depth of local planes, fitted to as much around each pixel as the noise calls for.

    Where a plane in a wide window differs from that in a narrow one by no more than the noise explains, it
    is the wide one; where by more, the surface is bent (the rule of intersecting confidence intervals:
    Goldenshluger & Nemirovski, "On spatially adaptive estimation of nonparametric regression", 1997, with a
    gradual choice). How noisy the depth is tell the peaks of the focus measure, which nothing has smoothed.

    Parameters
    ----------
    depth : ndarray, (Y, X), float32
        What to fit.
    spread : float
        As for :func:`regression`.
    peaks : ndarray, (Y, X), float32, optional
        Peaks of the focus measure, in the unit of the depth. None: narrow windows alone.
    threads, progress
        As for :func:`regression`.
    """
    narrow = regression(depth, spread, threads, part_of(progress, 0, 0.5 if peaks is not None else 1))
    if peaks is None:
        return narrow
    wide = regression(narrow, spread, threads, part_of(progress, 0.5, 1), window=WIDE)
    noise = REMAINS * _variance(np.clip((peaks - depth) / np.float32(spread), -FARTHEST, FARTHEST))
    apart = ndimage.uniform_filter(((wide - narrow) / np.float32(spread)) ** 2, APART_WINDOW, mode="nearest")
    share = noise / np.maximum(noise + apart, np.float32(ALIKE))
    return np.asarray(narrow + share * (wide - narrow), np.float32)


def _variance(values: Floats) -> Floats:
    """Variance of what is around each pixel; what is off by the same all around is not noisy."""
    mean, square = (
        ndimage.uniform_filter(each, NOISE_WINDOW, mode="nearest") for each in (values, values**2)
    )
    return np.asarray(np.maximum(square - mean**2, 0), np.float32)


def regression(
    values: Floats,
    spread: float,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
    *,
    window: Window = NARROW,
) -> Floats:
    """Value at each pixel of a plane fitted around it to the values that are near that plane.

    Robust locally weighted regression (Cleveland 1979) with Tukey's biweight, which is 0 beyond 2.6 times
    `spread`, or less where the values scatter less, so that other surfaces do not count. A bilateral filter
    takes slopes for noise, and bends them where they end; a plane does not. Where the values hardly scatter
    they stay as they are.

    Parameters
    ----------
    values : ndarray, (Y, X), float32
        What to fit.
    spread : float
        Standard deviation of the distances from the plane that count, in the unit of the values.
    threads : int, optional
        Threads to compute with. None: all cores.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    window : Window
        Pixels that a plane is fitted to.
    """
    fall = fall_off(window.radius, window.deviation)
    steepness, scatter = np.float32(1 / BIWEIGHT), np.float32(1 / (BIWEIGHT * SCATTER**2))
    steepest = steepness * np.float32(NARROWEST**-2)
    scaled = values / np.float32(spread)  # so that the unit of the values does not matter
    width = values.shape[1]

    def rows(band: Tile) -> Floats:
        out = np.empty((band.height, width), np.float32)
        sums, plane = np.empty((10, width), np.float32), np.empty((5, width), np.float32)
        regression_rows(
            scaled,
            band.y0,
            fall,
            window.stride,
            steepness,
            steepest,
            scatter,
            np.float32(QUIET**2),
            PASSES,
            sums,
            plane,
            out,
        )
        return out

    return in_bands(rows, values.shape, threads, progress) * np.float32(spread)
