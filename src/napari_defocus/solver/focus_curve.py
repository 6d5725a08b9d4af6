"""To look at what the classic method sees: the focus measure of all planes, and the curve of one pixel."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError
from napari_defocus.solver.depth_from_focus import reliability, sorted_positions
from napari_defocus.solver.focus_measure import FocusMeasure, check_focus_measure, focus_measure, reach
from napari_defocus.solver.focus_peak import PeakCurve, PeakFinder
from napari_defocus.solver.observations import Observations, as_stack, check_stack, white_level

if TYPE_CHECKING:
    import dask.array as da

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class FocusCurve:
    """Focus measure of one pixel over the planes, and the Gaussian through its peak.

    Attributes
    ----------
    positions : ndarray, (planes,)
        Focus positions in rising order, in `unit`.
    values : ndarray, (planes,), float32
        Focus measure of each.
    peak : float
        Position of the fitted peak, in `unit`; before the median filter of the depth map.
    known : bool
        False where the peak reaches the first or last plane, or there is none.
    reliability : float
        Reliability of Pertuz et al. 2013, 0 to 40 dB.
    unit : str
        Unit of the positions.
    gaussian : PeakCurve
        The fit, over the index of the sorted planes.
    """

    positions: NDArray[np.float64]
    values: Floats
    peak: float
    known: bool
    reliability: float
    unit: str
    gaussian: PeakCurve

    @property
    def even(self) -> bool:
        """Whether the pixel is out of any texture: no plane has a focus measure above 0."""
        return not self.values.max() > 0

    def fitted(self, samples: int = 200) -> tuple[NDArray[np.float64], Floats]:
        """Positions over the whole range and the Gaussian there; nothing where the peak is not known."""
        if not self.known:
            return np.empty(0), np.empty(0, np.float32)
        index = np.linspace(0, len(self.positions) - 1, samples)
        fit = self.gaussian
        values = fit.height[0, 0] * np.exp(-0.5 * (fit.position[0, 0] - index) ** 2 / fit.variance[0, 0])
        return np.interp(index, np.arange(len(self.positions)), self.positions), values.astype(np.float32)


def focus_curve(
    images: Any,
    y: int,
    x: int,
    positions: Sequence[float] | None = None,
    *,
    unit: str = "plane",
    measure: FocusMeasure = "sum_modified_laplacian",
    window: int = 3,
    step: int = 1,
    white: float | None = None,
) -> FocusCurve:
    """Focus curve of one pixel, as :func:`depth_from_focus` sees it.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, NumPy or dask; only what lies around the pixel is read.
    y, x : int
        Row and column of the pixel.
    positions, unit, measure, window, step, white
        As for :func:`depth_from_focus`; but floats without `white` keep their scale.

    Raises
    ------
    InputError
        If stack or parameters cannot be used, or the pixel lies outside.
    """
    images = as_stack(images)
    colour = check_stack(images.shape, images.dtype)
    check_focus_measure(measure, window, step)
    depths, order = sorted_positions(positions, len(images))
    height, width = images.shape[1:3]
    if not (0 <= y < height and 0 <= x < width):
        raise InputError(f"The pixel ({y}, {x}) lies outside the images of {height} x {width} px.")
    margin = reach(measure, window, step)
    top, left = max(y - margin, 0), max(x - margin, 0)
    patch = np.asarray(images[:, top : y + margin + 1, left : x + margin + 1])
    observations = _observations(patch, colour, _scale(images.dtype, white))
    finder = PeakFinder((1, 1))
    values = np.empty(len(order), np.float32)
    for place, index in enumerate(order):
        found = focus_measure(observations.grey(int(index)), measure, window, step)
        finder.add(found[y - top : y - top + 1, x - left : x - left + 1])
        values[place] = found[y - top, x - left]
    gaussian = finder.curve()
    error = sum(np.abs(value - gaussian.at(place)) for place, value in enumerate(values))
    return FocusCurve(
        positions=depths,
        values=values,
        peak=float(np.interp(gaussian.position[0, 0], np.arange(len(depths)), depths)),
        known=bool(gaussian.known[0, 0]),
        reliability=float(reliability(finder.peak, np.asarray(error, np.float32), len(depths))[0, 0]),
        unit=unit,
        gaussian=gaussian,
    )


def focus_measure_volume(
    images: Any,
    *,
    measure: FocusMeasure = "sum_modified_laplacian",
    window: int = 3,
    step: int = 1,
    white: float | None = None,
) -> "da.Array":
    """Focus measure of every plane, computed lazily, plane by plane, where it is looked at.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, NumPy or dask.
    measure, window, step, white
        As for :func:`depth_from_focus`; but floats without `white` keep their scale.

    Returns
    -------
    dask.array.Array, (planes, Y, X), float32
        In the order of the stack's planes.

    Raises
    ------
    InputError
        If stack or parameters cannot be used.
    """
    import dask.array as da

    images = as_stack(images)
    colour = check_stack(images.shape, images.dtype)
    check_focus_measure(measure, window, step)
    scale = _scale(images.dtype, white)

    def measured(plane: NDArray[Any]) -> Floats:
        return focus_measure(_observations(plane, colour, scale).grey(0), measure, window, step)[None]

    chunks = (1, *images.shape[1:])
    planes = images.rechunk(chunks) if hasattr(images, "dask") else da.from_array(images, chunks, name=False)
    volume: da.Array = planes.map_blocks(
        measured,
        dtype=np.float32,
        drop_axis=3 if colour else None,
        chunks=((1,) * len(images), *((side,) for side in images.shape[1:3])),
        meta=np.empty((0, 0, 0), np.float32),
    )
    return volume


def _observations(images: NDArray[Any], colour: bool, scale: float) -> Observations:
    return Observations(np.moveaxis(images, -1, 1) if colour else images[:, None], scale, colour)


def _scale(dtype: np.dtype[Any], white: float | None) -> float:
    """Factor to [0, 1]; the greatest value of floats is not looked for, since it takes reading the stack."""
    if white is None and dtype not in (np.uint8, np.uint16):
        return 1.0
    return 1.0 / white_level(np.empty(0, dtype), white)
