"""The classic method pixel by pixel in plain Python, from its definition: what the solver is held against.

In double precision and without any cleverness; see :func:`napari_defocus.depth_from_focus` for what it does.
"""

from collections.abc import Sequence
from math import exp, log
from typing import NamedTuple

import numpy as np

TINY = 1e-6


class Pixel(NamedTuple):
    index: float
    known: bool
    peak: float
    error: float
    intensity: float


def at(image: np.ndarray, y: int, x: int) -> float:
    """Intensity, the image being continued by its edge."""
    return float(image[min(max(y, 0), len(image) - 1), min(max(x, 0), len(image[0]) - 1)])


def modified_laplacian(image: np.ndarray, y: int, x: int, step: int) -> float:
    twice = 2 * at(image, y, x)
    return abs(twice - at(image, y - step, x) - at(image, y + step, x)) + abs(
        twice - at(image, y, x - step) - at(image, y, x + step)
    )


def laplacian(image: np.ndarray, y: int, x: int, step: int) -> float:
    around = at(image, y - step, x) + at(image, y + step, x) + at(image, y, x - step) + at(image, y, x + step)
    return around - 4 * at(image, y, x)


def squared_gradient(image: np.ndarray, y: int, x: int, step: int) -> float:
    down = across = 0.0
    for k, weight in ((-step, 1), (0, 2), (step, 1)):
        down += weight * (at(image, y + step, x + k) - at(image, y - step, x + k))
        across += weight * (at(image, y + k, x + step) - at(image, y + k, x - step))
    return down**2 + across**2


def focus(image: np.ndarray, y: int, x: int, measure: str, window: int, step: int) -> float:
    """Focus measure of a pixel."""
    if measure == "modified_laplacian":
        return modified_laplacian(image, y, x, step)
    of_pixel = {
        "sum_modified_laplacian": modified_laplacian,
        "tenengrad": squared_gradient,
        "variance_of_laplacian": laplacian,
        "local_variance": lambda image, y, x, step: at(image, y, x),
    }[measure]
    half, (height, width) = window // 2, image.shape
    values = [
        of_pixel(image, min(max(y + dy, 0), height - 1), min(max(x + dx, 0), width - 1), step)
        for dy in range(-half, half + 1)
        for dx in range(-half, half + 1)
    ]
    if "variance" not in measure:
        return sum(values)
    mean = sum(values) / len(values)
    return sum((value - mean) ** 2 for value in values) / len(values)


def peak_of(curve: Sequence[float]) -> Pixel:
    """Gaussian through the greatest value of a focus curve and its neighbours."""
    peak = max(curve)
    if peak <= 0:
        return Pixel(0.0, False, peak, sum(curve), 0.0)
    first = last = list(curve).index(peak)
    while last + 1 < len(curve) and curve[last + 1] == peak:
        last += 1
    position, variance, height, known = float(first), 1.0, peak, first > 0 and last < len(curve) - 1
    if known:
        rise = log(peak / max(curve[first - 1], TINY * peak))
        fall = log(peak / max(curve[first + 1], TINY * peak))
        shift = (rise - fall) / (2 * (rise + fall))
        variance = 1 / (rise + fall)
        height = peak * exp(shift**2 / (2 * variance))
        position += shift if last == first else (last - first) / 2
    error = sum(
        abs(value - height * exp(-((position - k) ** 2) / (2 * variance))) for k, value in enumerate(curve)
    )
    return Pixel(position, known, peak, error, 0.0)


def depth_from_focus(stack: np.ndarray, measure: str, window: int, step: int) -> list[list[Pixel]]:
    """Every pixel of a grey stack (planes, Y, X) in [0, 1]."""
    planes, height, width = stack.shape

    def pixel(y: int, x: int) -> Pixel:
        found = peak_of([focus(plane, y, x, measure, window, step) for plane in stack])
        below = min(int(found.index), planes - 2)
        share = found.index - below
        between = (1 - share) * stack[below, y, x] + share * stack[below + 1, y, x]
        return found._replace(intensity=float(between))

    return [[pixel(y, x) for x in range(width)] for y in range(height)]
