"""Depth along a line."""

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.writing import write_in_place


@dataclass(frozen=True, eq=False)
class DepthProfile:
    """Depth at points along a line.

    Attributes
    ----------
    distance : ndarray, (N,), float64
        Way along the line from its first point, in `distance_unit`.
    depth : ndarray, (N,), float64
        Depth, in `unit`; NaN where the map has none.
    rows, columns : ndarray, (N,), float64
        Where the points lie, px.
    distance_unit : str
        Unit of the distance: "px", or a length where a pixel has one size everywhere.
    unit : str
        Unit of the depth.
    """

    distance: NDArray[np.float64]
    depth: NDArray[np.float64]
    rows: NDArray[np.float64]
    columns: NDArray[np.float64]
    distance_unit: str
    unit: str


def depth_profile(
    depth: ArrayLike,
    line: ArrayLike,
    unit: str,
    *,
    pixel_size: float | tuple[float, float] | None = None,
    distance_unit: str | None = None,
) -> DepthProfile:
    """Return the depth along a line, interpolated linearly about every pixel.

    Parameters
    ----------
    depth : array_like, (Y, X)
        Depth map, in `unit`.
    line : array_like, (N, 2)
        Row and column of two or more points, px, joined by straight lines. Pixel centres are whole numbers.
    unit : str
        Unit of the depth.
    pixel_size : float or (float, float), optional
        Size of a pixel, or its height and width, in `distance_unit`: of a microscope ``pixel_size``. None:
        distances in pixels, as for a camera, whose pixels are the larger the farther they look.
    distance_unit : str, optional
        Unit of `pixel_size`. None: that of the depth.

    Raises
    ------
    InputError
        If the line has fewer than two different points, or leaves the map.
    """
    depth, points = np.asarray(depth, np.float64), np.asarray(line, np.float64)
    if depth.ndim != 2:
        raise InputError(f"A profile is taken from a depth map (Y, X), but its shape is {depth.shape}.")
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise InputError("A line for a profile lists two or more points as (row, column).")
    if (points < -0.5).any() or (points > np.array(depth.shape) - 0.5).any():
        raise InputError(
            f"The line leaves the depth map of {depth.shape[1]} x {depth.shape[0]} pixels; draw it inside."
        )
    way = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))))
    if not way[-1] > 0:
        raise InputError("The line for a profile has no length; draw it between two different points.")
    samples = np.unique(np.concatenate((np.linspace(0, way[-1], int(np.ceil(way[-1])) + 1), way)))
    rows, columns = (np.interp(samples, way, axis) for axis in points.T)
    size = np.ones(2) if pixel_size is None else np.broadcast_to(np.asarray(pixel_size, np.float64), 2)
    steps = np.hypot(np.diff(rows) * size[0], np.diff(columns) * size[1])
    return DepthProfile(
        distance=np.concatenate(([0.0], np.cumsum(steps))),
        depth=_interpolated(depth, rows, columns),
        rows=rows,
        columns=columns,
        distance_unit="px" if pixel_size is None else distance_unit or unit,
        unit=unit,
    )


def _interpolated(
    depth: NDArray[np.float64], rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return depths between pixels; NaN where a pixel that counts has none."""
    from scipy.ndimage import map_coordinates

    missing = ~np.isfinite(depth)
    filled = np.where(missing, 0.0, depth)  # a NaN of weight 0 would spread
    values = map_coordinates(filled, [rows, columns], order=1, mode="nearest")
    share = map_coordinates(missing.astype(np.float64), [rows, columns], order=1, mode="nearest")
    return np.where(share > 1e-9, np.nan, values)


def save_profile(profile: DepthProfile, path: str | Path) -> Path:
    """Write a profile as CSV: distance and depth, their units in the header, then row and column in pixels.

    A depth that is not known leaves its cell empty.

    Raises
    ------
    InputError
        If the file cannot be written.
    """
    path = Path(path).expanduser()
    names = [f"distance ({profile.distance_unit})", f"depth ({profile.unit})", "row (px)", "column (px)"]
    columns = (profile.distance, profile.depth, profile.rows, profile.columns)
    with write_in_place(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(names)
        for values in zip(*columns, strict=True):
            writer.writerow([f"{value:.7g}" if np.isfinite(value) else "" for value in values])
    return path
