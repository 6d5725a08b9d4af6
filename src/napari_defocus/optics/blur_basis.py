"""A small basis of blurs from which every blur is interpolated, spectrally."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.polynomial.chebyshev import chebvander
from numpy.typing import ArrayLike, NDArray

from napari_defocus.optics.base import Optics
from napari_defocus.optics.gaussian import gaussian_kernel

Floats = NDArray[np.float32]

SATURATED = 4.0
"""Standard deviation, in units of a truncated kernel's size, beyond which it is taken as flat."""

MAX_ORDER = 40
"""Most blurs in a basis; reached only for tolerances near the kernels' own cut-off."""

FAMILIES = tuple((1, scale) for scale in (0.7, 1.0, 1.5, 2.0, 3.0, 4.5)) + tuple(
    (2, scale) for scale in (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
)
"""Maps from blur to position that are tried: power of the standard deviation, and scale."""

BlurKernel = Literal["disc", "gaussian"]

TERMS: dict[BlurKernel, tuple[tuple[float, float], ...]] = {
    "gaussian": ((1.0, 1.0),),
    "disc": ((-0.918, 0.670), (1.918, 0.909)),
}
"""Kernels as sums of Gaussians: weight, and standard deviation in units of the blur's. The two of the disc
are a least-squares fit to its transfer function ``2 J1(x) / x``, which they miss by at most 0.08 where the
one Gaussian misses it by 0.18; averaged with the 1 / f amplitudes of natural images by 0.009 and 0.021."""


@dataclass(frozen=True, eq=False)
class BlurBasis:
    """Gaussian blurs at Chebyshev nodes, and the polynomial that gives every blur between them.

    The kernel of standard deviation sigma is, to a tolerance at every spatial frequency, the polynomial in
    the *position* ``t = alpha - beta / (q + a)`` (-1 to 1, with ``q`` the standard deviation or the variance)
    that goes through the kernels at the Chebyshev nodes. It is smooth in t, so the error falls geometrically
    with the number of nodes (Trefethen, "Approximation theory and approximation practice", 2013): about ten
    nodes serve where mixtures of two neighbouring blurs would need eighty.

    Attributes
    ----------
    kernels : ndarray, (order, halo + 1), float32
        Right halves of the one-dimensional kernels at the nodes, from the centre outwards, zero beyond
        `radii`.
    radii : ndarray, (order,), int64
        Radii of the kernels, px.
    to_chebyshev : ndarray, (order, order), float32
        Matrix from the values at the nodes to the coefficients of the Chebyshev polynomials.
    position_law : ndarray, (8,), float32
        What :func:`basis_kernels.basis_row` needs: ``blur_scale ** 2``, ``in_focus_blur ** 2``, least and
        greatest variance, a, alpha, beta, and whether q is the standard deviation (1) or the variance (0).
    terms : ndarray, (terms, 2), float32
        The kernel as a sum of Gaussians: weight, and square of the standard deviation in units of the blur's.
    steps : int
        Number of equidistant positions between which a linear mixture keeps the tolerance.
    """

    kernels: Floats
    radii: NDArray[np.int64]
    to_chebyshev: Floats
    position_law: Floats
    terms: Floats
    steps: int

    @property
    def halo(self) -> int:
        """Greatest reach of a kernel, px."""
        return int(self.radii.max())

    @property
    def order(self) -> int:
        """Number of nodes."""
        return len(self.radii)

    @classmethod
    def for_optics(
        cls,
        optics: Optics,
        depth_range: tuple[float, float],
        *,
        kernel_size: int | None = None,
        tolerance: float = 0.003,
        max_sigma: float = np.inf,
        kernel: BlurKernel = "gaussian",
    ) -> "BlurBasis":
        """Basis for every blur that `optics` give within `depth_range`.

        Blur above `max_sigma` px is taken as `max_sigma`. A "disc" is that of a uniformly lit round aperture
        with the standard deviation of the blur, as near as two Gaussians come to it; blur in focus stays
        Gaussian.
        """
        if kernel_size is not None:
            max_sigma = min(max_sigma, SATURATED * kernel_size)
        radius = float(optics.blur_radius(np.asarray(depth_range)).max())
        low = min(float(optics.sigma_of_radius(0.0)), max_sigma)
        high = max(min(float(optics.sigma_of_radius(radius)), max_sigma), low + 1e-3)
        power, scale, order = choose_family(low, high, kernel_size, tolerance)
        alpha, beta = _affine(low, high, power, scale)
        sigmas = node_sigmas(low, high, power, scale, order)
        gaussians = [gaussian_kernel(float(sigma), kernel_size) for sigma in sigmas]
        radii = np.array([len(gaussian) // 2 for gaussian in gaussians], np.int64)
        halves = np.zeros((order, int(radii.max()) + 1), np.float32)
        for half, gaussian in zip(halves, gaussians, strict=True):
            half[: len(gaussian) // 2 + 1] = gaussian[len(gaussian) // 2 :]
        law = [optics.blur_scale**2, optics.effective_in_focus_blur**2, low**2, high**2]
        law += [scale, alpha, beta, float(power == 1)]
        return cls(
            halves,
            radii,
            np.linalg.inv(chebvander(_nodes(order), order - 1)).astype(np.float32),
            np.array(law, np.float32),
            np.array([(weight, width**2) for weight, width in TERMS[kernel]], np.float32),
            _mixture_steps(low, high, power, scale, kernel_size, tolerance),
        )

    def position(self, radius: ArrayLike) -> NDArray[np.float64]:
        """Position of the blur that a radius of the circle of confusion gives, px (any shape)."""
        blur_scale2, in_focus2, low2, high2, scale, alpha, beta, root = self.position_law.astype(np.float64)
        variance = np.clip(blur_scale2 * np.square(np.asarray(radius)) + in_focus2, low2, high2)
        q = np.sqrt(variance) if root else variance
        return np.asarray(np.clip(alpha - beta / (q + scale), -1.0, 1.0))

    def values_at_steps(self) -> Floats:
        """Polynomials' weights in the kernels at the equidistant positions, (steps, order)."""
        blur_scale2, in_focus2, _, _, scale, alpha, beta, root = self.position_law.astype(np.float64)
        q = beta / (alpha - np.linspace(-1, 1, self.steps)) - scale
        variance = np.square(q) if root else q
        radius = np.sqrt(np.clip(variance - in_focus2, 0, None) / blur_scale2)
        radius[0] = 0.0
        values = sum(
            weight * chebvander(self.position(np.sqrt(width2) * radius), self.order - 1)
            for weight, width2 in self.terms.astype(np.float64)
        )
        return np.ascontiguousarray(values, np.float32)


def _nodes(order: int) -> NDArray[np.float64]:
    return np.asarray(np.cos((2 * np.arange(order) + 1) * np.pi / (2 * order)))


def _affine(low: float, high: float, power: int, scale: float) -> tuple[float, float]:
    """Return alpha and beta that bring `low` to -1 and `high` to 1."""
    ends = 1 / (np.array([low, high]) ** power + scale)
    beta = 2 / (ends[0] - ends[1])
    return float(1 + beta * ends[1]), float(beta)


def node_sigmas(low: float, high: float, power: int, scale: float, order: int) -> NDArray[np.float64]:
    """Standard deviations at the Chebyshev nodes, px."""
    alpha, beta = _affine(low, high, power, scale)
    return np.asarray(np.clip(beta / (alpha - _nodes(order)) - scale, 0, None) ** (1 / power))


def _transfer(sigmas: NDArray[np.float64], kernel_size: int | None) -> NDArray[np.float64]:
    """Transfer functions in two dimensions, along an axis and along the diagonal, (sigmas, frequencies)."""
    frequencies = np.concatenate([np.geomspace(0.01, 0.3, 12), np.linspace(0.35, np.pi, 30)])
    rows = []
    for sigma in sigmas:
        kernel = gaussian_kernel(float(sigma), kernel_size)
        offsets = np.arange(len(kernel)) - len(kernel) // 2
        row = kernel @ np.cos(np.outer(offsets, frequencies))
        rows.append(np.concatenate([row, row**2]))
    return np.array(rows)


def _probes(low: float, high: float) -> NDArray[np.float64]:
    return np.asarray(np.geomspace(max(low, 1e-3), high, 120))


@lru_cache(maxsize=64)
def choose_family(
    low: float, high: float, kernel_size: int | None, tolerance: float
) -> tuple[int, float, int]:
    """Power, scale and least order that keep the error at every blur and frequency within the tolerance.

    Parameters
    ----------
    low, high : float
        Least and greatest standard deviation, px.
    kernel_size : int or None
        Window that kernels are cut to.
    tolerance : float
        Greatest error of a transfer function.
    """
    probes = _probes(low, high)
    true = _transfer(probes, kernel_size)
    for order in range(2, MAX_ORDER + 1):
        errors = {
            family: _interpolation_error(low, high, *family, order, kernel_size, probes, true)
            for family in FAMILIES
        }
        power, scale = min(errors, key=errors.__getitem__)
        if errors[power, scale] <= tolerance:
            break
    return power, scale, order


def _interpolation_error(
    low: float,
    high: float,
    power: int,
    scale: float,
    order: int,
    kernel_size: int | None,
    probes: NDArray[np.float64],
    true: NDArray[np.float64],
) -> float:
    alpha, beta = _affine(low, high, power, scale)
    at_nodes = _transfer(node_sigmas(low, high, power, scale, order), kernel_size)
    position = alpha - beta / (probes**power + scale)
    weights = chebvander(position, order - 1) @ np.linalg.inv(chebvander(_nodes(order), order - 1))
    return float(np.abs(weights @ at_nodes - true).max())


@lru_cache(maxsize=64)
def _mixture_steps(
    low: float, high: float, power: int, scale: float, kernel_size: int | None, tolerance: float
) -> int:
    """Least number of equidistant positions whose linear mixtures keep the tolerance (to a dozen)."""
    alpha, beta = _affine(low, high, power, scale)
    for steps in (4, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256):
        ends = np.linspace(-1, 1, steps)
        middle = (ends[:-1] + ends[1:]) / 2
        both = [
            _transfer(np.clip(beta / (alpha - at) - scale, 0, None) ** (1 / power), kernel_size)
            for at in (ends, middle)
        ]
        if np.abs((both[0][:-1] + both[0][1:]) / 2 - both[1]).max() <= tolerance:
            break
    return steps
