"""Focal stacks from an image and its depth, by the forward model of the paper."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.optics import Optics
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator

EXACT = 1e-5
"""Error of the interpolated blurs, far below what a solver is asked for."""


def forward_stack(
    image: ArrayLike,
    depth: ArrayLike,
    optics: Optics,
    *,
    depth_range: tuple[float, float],
    kernel_size: int,
) -> NDArray[np.float32]:
    """Blur each pixel with the Gaussian of its own depth, in a window; black beyond the frame.

    Parameters
    ----------
    image : array_like, (Y, X, 3)
        All-in-focus image in [0, 1].
    depth : array_like, (Y, X)
        Depth, in the unit of the optics.
    optics : Optics
        Blur of each plane as a function of depth.
    depth_range : (float, float)
        Nearest and farthest depth there may be, in the same unit.
    kernel_size : int
        Side of the window within which the Gaussians are cut and normalised, odd, px.

    Returns
    -------
    ndarray, (planes, Y, X, 3), float32
        The stack of Jackson et al., arXiv 2602.18509, without noise and not rounded.
    """
    channels = np.ascontiguousarray(np.moveaxis(np.asarray(image, np.float32), -1, 0))
    basis = BlurBasis.for_optics(optics, depth_range, kernel_size=kernel_size, tolerance=EXACT)
    operator = BlurOperator(optics, basis, boundary="zero")
    planes = operator.forward(channels, operator.coordinates(np.asarray(depth)))
    return np.ascontiguousarray(np.moveaxis(planes, 1, -1))


def model_settings(depth_range: tuple[float, float], kernel_size: int) -> dict[str, Any]:
    """Return the settings of the solver that describe a stack of :func:`forward_stack`."""
    return {
        "blur_kernel": "gaussian",
        "blur_tolerance": 0.0005,
        "boundary": "zero",
        "depth_range": depth_range,
        "kernel_size": kernel_size,
        "white": 1.0,
    }
