"""The sharp image of several planes, blurred as each of them is.

Two planes differ in their blur, and where most is far out of focus that looks like motion or hides it. The
sharp image, blurred like a plane, differs from it by motion alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, gaussian_laplace, uniform_filter

from napari_defocus.alignment.matching import Floats, certainty_of_both, comparable, levelled, window_grid
from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.warping import common_frame, move
from napari_defocus.optics.lookahead import map_ahead

DETAIL = 1.0
"""Scale of the Laplacian of Gaussian whose size is the sharpness, px."""

AROUND = 4.0
"""Standard deviation of the window in which sharpness is averaged, px."""

BLURS = (0.0, 0.5, 0.75, 1.0, 1.4, 2.0, 2.8, 4.0, 5.6, 8.0, 11.0, 16.0)
"""Standard deviations that the blur of a plane is chosen from, px."""

SOFT_BLUR = 1.5
"""Blur at which a window counts half as much as a sharp one, px."""

WINDOW = 25
"""Side of the window in which it is chosen, px."""


@dataclass(frozen=True, eq=False)
class SharpImage:
    """The sharp image of a stack.

    Attributes
    ----------
    planes : list of ndarray (Y, X)
        The planes, moved.
    index : ndarray, (Y, X)
        Plane that is sharpest at each pixel.
    blurred : ndarray, (blurs, Y, X)
        Values of the sharpest planes, with each of `BLURS`.
    """

    planes: list[Floats]
    index: NDArray[np.intp]
    blurred: Floats

    @classmethod
    def of(cls, planes: Sequence[Floats], motions: Sequence[Motion]) -> "SharpImage":
        """Put together the sharp image of planes, each moved by its motion."""
        moved = list(map_ahead(lambda k: move(planes[k], motions[k]), range(len(planes)), threads=2))
        image, index = moved[0].copy(), np.zeros(moved[0].shape, np.intp)
        greatest = _sharpness(image)
        for k, sharpness in enumerate(map_ahead(_sharpness, moved[1:], threads=2), 1):
            sharper = sharpness > greatest
            greatest[sharper], index[sharper], image[sharper] = sharpness[sharper], k, moved[k][sharper]
        return cls(moved, index, np.stack([gaussian_filter(image, blur) for blur in BLURS]))

    def like(self, plane: Floats) -> tuple[Floats, NDArray[np.intp]]:
        """Return the sharp image blurred like a plane, and which of `BLURS` that is at each pixel, (Y, X)."""
        misfits = [uniform_filter((blurred - plane) ** 2, WINDOW) for blurred in self.blurred]
        blur = np.argmin(misfits, axis=0)
        return np.take_along_axis(self.blurred, blur[None], 0)[0], blur

    def beside(self, plane: Floats) -> tuple[Floats, Floats, NDArray[np.intp]]:
        """Return the detail of the sharp image blurred like a plane and that of the plane, and the blur."""
        like, blur = self.like(plane)
        return comparable(like), comparable(plane), blur


@dataclass(frozen=True, eq=False)
class Agreement:
    """How well a plane agrees with the sharp image blurred like it.

    Attributes
    ----------
    correlation : float
        Of the detail of both, away from the border.
    misfits : ndarray, (windows,)
        Squared difference of the detail, mean of each window.
    source : ndarray, (windows,)
        Plane that the sharp image is of.
    weights : ndarray, (windows,)
        Trust in each window.
    """

    correlation: float
    misfits: NDArray[np.float64]
    source: NDArray[np.intp]
    weights: NDArray[np.float64]


def agreements(
    planes: Sequence[Floats], motions: Sequence[Motion], frame: Sequence[Motion]
) -> list[Agreement]:
    """Return for each plane how well it agrees with their sharp image.

    Parameters
    ----------
    planes : sequence of ndarray (Y, X)
        The planes.
    motions : sequence of Motion
        By which they are moved before.
    frame : sequence of Motion
        What is compared is seen in all planes with any of these motions, and so are the windows around it.
    """
    sharp = SharpImage.of(planes, motions)
    radius, grid = window_grid(planes[0].shape)
    (top, bottom), (left, right) = common_frame(frame, (planes[0].shape[0], planes[0].shape[1]))
    inside = slice(top + radius, bottom - radius), slice(left + radius, right - radius)
    source = sharp.index[grid].ravel()

    def compare(plane: Floats) -> Agreement:
        expected, seen, blur = sharp.beside(plane)
        misfits = uniform_filter((expected - seen) ** 2, 2 * radius + 1)[grid].ravel().astype(np.float64)
        weights = weights_of(expected, seen, blur)
        return Agreement(correlation(expected[inside], seen[inside]), misfits, source, weights)

    return list(map_ahead(compare, sharp.planes, threads=2))


def weights_of(expected: Floats, seen: Floats, blur: NDArray[np.intp], dense: int = 1) -> NDArray[np.float64]:
    """Return the trust in each window (:func:`window_grid`) of a plane's detail and of what is expected."""
    _, grid = window_grid(seen.shape, dense)
    soft = 1 + np.asarray(BLURS)[blur[grid].ravel()] / SOFT_BLUR
    return np.asarray(levelled(certainty_of_both(expected, seen, dense).astype(np.float64)) / soft)


def correlation(first: Floats, second: Floats) -> float:
    """Return the correlation of two images, 0 where one is empty."""
    if min(first.shape) < 2:
        return 0.0
    one, two = (image.astype(np.float64) - image.mean(dtype=np.float64) for image in (first, second))
    power = np.sqrt(np.vdot(one, one) * np.vdot(two, two))
    return float(np.vdot(one, two) / power) if power > 0 else 0.0


def _sharpness(plane: Floats) -> Floats:
    return np.asarray(gaussian_filter(np.abs(gaussian_laplace(plane, DETAIL)), AROUND), np.float32)
