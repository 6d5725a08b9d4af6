"""The plane that a surface lies in, and the surface without its tilt."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.measurement.values import checked_map, counted

__all__ = ["Plane", "fit_plane", "remove_tilt"]

MOST_PIXELS = 1_000_000
"""Pixels that are looked at: three parameters need no more."""

ROUNDS = 100
"""Most rounds of the robust fit."""

BISQUARE = 4.685
"""Residual beyond which a pixel does not count, in standard deviations: 95 % efficient on normal noise."""

TO_DEVIATION = 1.4826
"""Standard deviation of normal noise over its median absolute deviation."""


@dataclass(frozen=True)
class Plane:
    """The plane ``level + slope_y * (y - centre_y) + slope_x * (x - centre_x)``.

    Attributes
    ----------
    level : float
        Height at the centre of the map, in the unit of the map.
    slope_y, slope_x : float
        Rise per unit of length along rows (downwards in the image) and columns.
    pixel_size : (float, float)
        Size of a pixel along y and x, in that unit of length.
    scatter : float
        Robust standard deviation of the pixels about the plane, in the unit of the map.
    share : float
        Share of the pixels that count in the plane, 0 to 1; the others are steps, or outliers.
    """

    level: float
    slope_y: float
    slope_x: float
    pixel_size: tuple[float, float]
    scatter: float
    share: float

    @property
    def tilt_degrees(self) -> float:
        """Angle of the plane to that of the image; has a meaning where heights and pixels share a unit."""
        return float(np.degrees(np.arctan(np.hypot(self.slope_y, self.slope_x))))

    def tilt(self, shape: tuple[int, int]) -> NDArray[np.float64]:
        """Return what the tilt adds to each pixel of a map, (Y, X); 0 at its centre."""
        y, x = _coordinates(shape, self.pixel_size)
        return self.slope_y * y + self.slope_x * x


def fit_plane(
    height: ArrayLike,
    *,
    pixel_size: tuple[float, float] = (1.0, 1.0),
    region: ArrayLike | None = None,
    robust: bool = True,
) -> Plane:
    """Fit a plane to the pixels of a map.

    Parameters
    ----------
    height : array_like, (Y, X)
        Heights or depths; pixels that are not finite do not count.
    pixel_size : (float, float)
        Size of a pixel along y and x.
    region : array_like of bool, (Y, X), optional
        Pixels that count.
    robust : bool
        Whether a minority far off the plane (a step, outliers) is left out: slopes from the median rise
        between pixels an eighth of the region apart, of which few lie on two sides of a step; then Tukey's
        bisquare (Holland & Welsch, "Robust regression using iteratively reweighted least squares", 1977).
        Else ordinary least squares.

    Raises
    ------
    InputError
        If fewer than three pixels have a height, or they lie in one line.
    """
    values = checked_map(height)
    counts = counted(values, region, 3, "A plane")
    stride = max(1, int(np.ceil(np.sqrt(np.count_nonzero(counts) / MOST_PIXELS))))
    thinned = np.s_[::stride, ::stride]
    y, x = (np.broadcast_to(axis, values.shape)[thinned] for axis in _coordinates(values.shape, pixel_size))
    values, counts = values[thinned], counts[thinned]
    z = values[counts]
    design = np.stack((np.ones(z.size), y[counts], x[counts]))
    weights = np.ones(z.size)
    if robust:
        rises = (_median_rise(values.T, counts.T), _median_rise(values, counts))
        slopes = [rise / (stride * size) for rise, size in zip(rises, pixel_size, strict=True)]
        start = np.array([np.median(z - slopes @ design[1:]), *slopes])
        plane, weights = _bisquare(design, z, start)
    else:
        plane = _weighted(design, z, weights)
    residual = z - plane @ design
    level, slope_y, slope_x = (float(value) for value in plane)
    return Plane(
        level=level,
        slope_y=slope_y,
        slope_x=slope_x,
        pixel_size=pixel_size,
        scatter=TO_DEVIATION * float(np.median(np.abs(residual - np.median(residual)))),
        share=float(np.count_nonzero(weights) / z.size),
    )


def remove_tilt(height: ArrayLike, plane: Plane) -> NDArray[np.float32]:
    """Return a map without the tilt of a plane, (Y, X), float32; the height at its centre stays as it is.

    Parameters
    ----------
    height : array_like, (Y, X)
        Heights or depths.
    plane : Plane
        The plane, as :func:`fit_plane` found it on this map.
    """
    values = checked_map(height)
    return (values - plane.tilt((values.shape[0], values.shape[1]))).astype(np.float32)


def _coordinates(
    shape: tuple[int, ...], pixel_size: tuple[float, float]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return y, (Y, 1), and x, (1, X), from the centre of the map."""
    y, x = (
        size * (np.arange(length, dtype=np.float64) - (length - 1) / 2)
        for size, length in zip(pixel_size, shape, strict=True)
    )
    return y[:, None], x[None]


def _weighted(
    design: NDArray[np.float64], z: NDArray[np.float64], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Weighted least squares; with pixels in one line the plane of least slope."""
    scaled = design * weights
    return np.asarray(np.linalg.lstsq(scaled @ design.T, scaled @ z, rcond=1e-12)[0], np.float64)


def _median_rise(values: NDArray[np.float64], counts: NDArray[np.bool_]) -> float:
    """Median rise along the rows from pixel to pixel, over an eighth of the region; 0 if it is too narrow."""
    columns = np.flatnonzero(counts.any(axis=0))
    lag = max(1, (int(columns[-1]) + 1 - int(columns[0])) // 8)
    pairs = counts[:, lag:] & counts[:, :-lag]
    return float(np.median((values[:, lag:] - values[:, :-lag])[pairs])) / lag if pairs.any() else 0.0


def _bisquare(
    design: NDArray[np.float64], z: NDArray[np.float64], plane: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    weights = np.ones(z.size)
    for _ in range(ROUNDS):
        residual = np.abs(z - plane @ design)
        scale = BISQUARE * max(TO_DEVIATION * float(np.median(residual)), 1e-9 * float(np.ptp(z)))
        if scale == 0:  # all of one height
            break
        weights = np.clip(1 - (residual / scale) ** 2, 0, None) ** 2
        former, plane = plane, _weighted(design, z, weights)
        if _same(design, plane, former):
            break
    return plane, weights


def _same(design: NDArray[np.float64], plane: NDArray[np.float64], former: NDArray[np.float64]) -> bool:
    """Whether two planes differ by less than rounding matters, over the extent of the map."""
    extent = np.ptp(design[1:], axis=1)
    scale = np.abs(former[0]) + np.abs(former[1:]) @ extent
    return bool(np.abs(plane[0] - former[0]) + np.abs(plane[1:] - former[1:]) @ extent <= 1e-9 * scale)
