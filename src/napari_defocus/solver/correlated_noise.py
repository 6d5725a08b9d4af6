"""Noise that neighbouring pixels share, as demosaicing and compression leave it.

A focus measure after a Gaussian would take it for texture. By one plane alone it cannot be told from texture;
but texture blurs from plane to plane, so that the planes around foretell it, and noise they do not.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus.solver.observations import Observations

Doubles = NDArray[np.float64]

COARSE = 1.0
"""Standard deviation of the Gaussian after which noise is coarse, px."""

SQUARE = 24
"""Side of the squares in which planes are compared, px."""

BLUR = 2.0
"""Standard deviation of the Gaussian that makes planes more like those with more blur, px."""

PREDICTORS = 6
"""Number of planes, as they are or blurred, that one is foretold from."""

LEAST_PLANES = 5
"""Planes that it takes: fewer foretell each other too badly."""

MOST_PLANES = 12
"""Greatest number of planes that are looked at: half of them from each end, where most is blurred."""

CORRELATED = 1.6
"""Ratio of coarse noise to that of single pixels from which on it is taken for noise: what of the texture of
noisy scenes the planes around do not foretell comes to 1.5 at most, noise of cameras to 1.7 at least, unless
the sensor itself adds much (docs/accuracy.md)."""

TINY = 1e-12
"""Least size of second differences: planes that are even foretell nothing."""

STEADY = 1e-5
"""What keeps planes that are all alike from being fitted by their differences."""


def correlated_noise(observations: Observations) -> Doubles:
    """Noise of single pixels and coarser noise in squares of a stack, (2, squares), of white.

    From the second differences across and down, as they are and after a Gaussian of `COARSE` px: what of a
    plane's is left when those of the planes most like it, as they are or blurred, are fitted to it, in the
    plane that has least left. As standard deviation of the white noise that would leave as much. No squares
    where planes are few.
    """
    count = observations.count
    if count < LEAST_PLANES:
        return np.zeros((2, 0))
    ends = MOST_PLANES // 2
    chosen = sorted({*range(count)[:ends], *range(count)[-ends:]})
    planes = [observations.grey(index) for index in chosen]
    return np.stack([_left(planes, sigma) for sigma in (0.0, COARSE)])


def shared_levels(squares: Doubles) -> tuple[float, float]:
    """Noise of single pixels and coarser noise of a stack, from :func:`correlated_noise`.

    0 and 0 where it is not coarser by so much that it cannot be texture.
    """
    seen = squares[:, (squares > 0).all(axis=0)]  # squares that are clipped or even tell nothing
    if seen.shape[1] == 0:
        return 0.0, 0.0
    single, coarse = (float(level) for level in np.median(seen, axis=1))
    return (single, coarse) if coarse > CORRELATED * single else (0.0, 0.0)


def laplacian_deviation(sigma: float) -> float:
    """Standard deviation of the second difference of white noise of 1 after a Gaussian of `sigma` px."""
    spot = np.zeros(33)
    spot[16] = 1
    smooth = ndimage.gaussian_filter1d(spot, sigma) if sigma > 0 else spot
    bend = np.convolve(smooth, [-1, 2, -1])
    return float(np.sqrt((bend**2).sum() * (smooth**2).sum()))


def _left(planes: list[NDArray[np.float32]], sigma: float) -> Doubles:
    """Noise in each square, (squares,), of white."""
    blurred = float(np.hypot(sigma, BLUR))
    bends = np.stack([_bends(grey, blur) for blur in (sigma, blurred) for grey in planes], axis=1)
    products = (bends @ bends.swapaxes(1, 2)).astype(np.float64) / bends.shape[2]
    deviation = laplacian_deviation(sigma)
    noises = np.repeat([1.0, laplacian_deviation(blurred) / deviation], len(planes))
    left = np.stack([_unforetold(products, noises, plane) for plane in range(len(planes))], axis=1)
    even = np.einsum("spp->sp", products)[:, : len(planes)] <= TINY  # it tells nothing of the others' noise
    least = np.where(even, np.inf, left).min(axis=1)
    return np.asarray(np.where(even.all(axis=1), 0.0, least) / deviation)


def _bends(grey: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Second differences across and down in squares, (squares, values)."""
    if sigma > 0:
        grey = ndimage.gaussian_filter(grey, sigma, mode="nearest")
    middle = 2 * grey[1:-1, 1:-1]
    across = middle - grey[1:-1, :-2] - grey[1:-1, 2:]
    down = middle - grey[:-2, 1:-1] - grey[2:, 1:-1]
    return np.concatenate([_squares(across), _squares(down)], axis=1)


def _squares(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values in whole squares, (squares, values)."""
    rows, columns = (length // SQUARE for length in values.shape)
    whole = values[: rows * SQUARE, : columns * SQUARE].reshape(rows, SQUARE, columns, SQUARE)
    return whole.swapaxes(1, 2).reshape(rows * columns, SQUARE * SQUARE)


def _unforetold(products: Doubles, noises: Doubles, plane: int) -> Doubles:
    """Root mean square of what is left of a plane in each square, for noise of what it is told from.

    Parameters
    ----------
    products : ndarray, (squares, 2 planes, 2 planes)
        Mean products of second differences of the planes as they are and blurred.
    noises : ndarray, (2 planes,)
        How much of white noise each of these has.
    plane : int
        Which plane.
    """
    squares = np.einsum("spp->sp", products)
    likeness = products[:, plane] ** 2 / (squares + TINY)
    likeness[:, plane :: len(noises) // 2] = -1
    near = np.argsort(-likeness, axis=1, kind="stable")[:, :PREDICTORS]
    square = np.arange(len(products))[:, None]
    size = np.sqrt(squares[square, near]) + TINY
    own = products[square, plane, near] / size
    among = products[square[..., None], near[:, :, None], near[:, None]] / (size[:, :, None] * size[:, None])
    weights = np.linalg.solve(among + STEADY * np.eye(PREDICTORS), own[..., None])[..., 0]
    left = squares[:, plane] - (weights * own).sum(axis=1)
    told = weights / size * noises[near]
    return np.asarray(np.sqrt(np.maximum(left, 0) / (1 + (told**2).sum(axis=1))))
