"""Depth along a line."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError

__all__ = ["Profile", "depth_profile", "write_profile"]


@dataclass(frozen=True, eq=False)
class Profile:
    """Depth along a line, one value a pixel or a little denser.

    Attributes
    ----------
    distance : ndarray, (N,)
        Distance along the line from its beginning, in the unit of the pixel size.
    depth : ndarray, (N,)
        Depth there, in the unit of the map; NaN where the map has none.
    points : ndarray, (N, 2)
        Row and column there, px.
    """

    distance: NDArray[np.float64]
    depth: NDArray[np.float64]
    points: NDArray[np.float64]


def depth_profile(
    depth: ArrayLike,
    line: ArrayLike,
    *,
    pixel_size: tuple[float, float] = (1.0, 1.0),
    width: int = 1,
) -> Profile:
    """Return the depth along a line, bilinear between the pixels that have one.

    Where those have less than half of the say, as beside a hole or outside of the map, there is none.

    Parameters
    ----------
    depth : array_like, (Y, X)
        Depths or heights.
    line : array_like, (K, 2)
        Corners of the line as row and column in px, whole numbers being the pixels' centres; K is at least 2.
    pixel_size : (float, float)
        Size of a pixel along y and x.
    width : int
        Number of parallel lines, one px apart, whose mean is taken; those without a depth do not count.

    Raises
    ------
    InputError
        If the line has no length, or the width is below 1.
    """
    values = np.asarray(depth)
    if values.ndim != 2:
        raise InputError(f"A depth map has two axes, but this array has shape {values.shape}.")
    corners = np.asarray(line, np.float64)
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 2 or not np.isfinite(corners).all():
        raise InputError(f"A line needs at least two corners of row and column, but is {corners.tolist()}.")
    if width < 1:
        raise InputError(f"The width of a profile must be at least 1 px, but is {width}.")
    parts: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for start, end in pairwise(corners):
        if np.array_equal(start, end):
            continue
        points, sampled = _sampled(values, start, end, width)
        first = 1 if parts else 0  # a corner is the end of the part before
        parts.append((points[first:], sampled[first:]))
    if not parts:
        raise InputError("The line has no length; draw it longer.")
    points = np.concatenate([part[0] for part in parts])
    steps = np.linalg.norm(np.diff(points, axis=0) * np.asarray(pixel_size), axis=1)
    return Profile(
        distance=np.concatenate(([0.0], np.cumsum(steps))),
        depth=np.concatenate([part[1] for part in parts]),
        points=points,
    )


def write_profile(path: str | Path, profiles: Mapping[int, Profile], *, unit: str, length_unit: str) -> None:
    """Write profiles as a CSV: line, distance, depth, row and column, the units in the first line.

    Parameters
    ----------
    path : path
        The file; one that is there already is replaced.
    profiles : mapping of int to Profile
        The lines, by their numbers.
    unit, length_unit : str
        Units of depth and of distance.
    """
    with Path(path).open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["line", f"distance ({length_unit})", f"depth ({unit})", "row (px)", "column (px)"])
        for number, profile in profiles.items():
            for distance, depth, (row, column) in zip(
                profile.distance, profile.depth, profile.points, strict=True
            ):
                value = f"{depth:.7g}" if np.isfinite(depth) else ""
                writer.writerow([number, f"{distance:.7g}", value, f"{row:.6g}", f"{column:.6g}"])


def _sampled(
    depth: NDArray[Any], start: NDArray[np.float64], end: NDArray[np.float64], width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points along a straight line, (N, 2), and the depth there; only pixels near the line are looked at."""
    length = float(np.hypot(*(end - start)))
    points = np.linspace(start, end, int(np.ceil(length)) + 1)
    across = np.array([start[1] - end[1], end[0] - start[0]]) / length
    offsets = (np.arange(width) - (width - 1) / 2)[:, None, None] * across
    places = np.round(points + offsets, 9)  # so that a pixel's centre is not missed by rounding
    corner = np.floor(places).astype(np.intp)
    fraction = places - corner
    total, weight = np.zeros(len(points)), np.zeros(len(points))
    for down, right in ((0, 0), (0, 1), (1, 0), (1, 1)):
        say = np.abs(1 - down - fraction[..., 0]) * np.abs(1 - right - fraction[..., 1])
        y, x = corner[..., 0] + down, corner[..., 1] + right
        inside = (y >= 0) & (y < depth.shape[0]) & (x >= 0) & (x < depth.shape[1])
        values = np.where(inside, depth[np.where(inside, y, 0), np.where(inside, x, 0)], np.nan)
        known = np.isfinite(values)
        total += np.where(known, say * values, 0.0).sum(axis=0)
        weight += np.where(known, say, 0.0).sum(axis=0)
    return points, np.where(weight >= 0.5, total / np.maximum(weight, 0.5), np.nan)
