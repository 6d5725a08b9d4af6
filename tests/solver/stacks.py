"""Small focal stacks for the tests of the solvers."""

import numpy as np
from scipy.ndimage import gaussian_filter

from napari_defocus import SolverSettings
from napari_defocus.optics import Optics
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator

PLAIN = {"blur_kernel": "gaussian", "trusted_blur": None}
"""Settings of the model that makes these stacks."""

PAPER = SolverSettings(
    denoising=0.0, sharpness="sobel", mrf_smoothness=0.2, mrf_truncation=None, focus_prior=0, image_prior=0
)
"""Settings with the start as in the paper."""


def texture(shape, channels=1, seed=0, smooth=0.7):
    """Random texture in [0, 1] with contrast at all scales, (channels, Y, X)."""
    rng = np.random.default_rng(seed)
    layers = [gaussian_filter(rng.standard_normal((channels, *shape)), (0, s, s)) for s in (smooth, 2, 5)]
    image = sum(layer / layer.std() for layer in layers)
    image -= image.min()
    return (image / image.max()).astype(np.float32)


def model_stack(optics: Optics, depth, image, depth_range, kernel="gaussian", **operator_options):
    """Stack by the solver's own forward model, (planes, Y, X) or (planes, Y, X, 3), float32."""
    basis = BlurBasis.for_optics(optics, depth_range, tolerance=1e-3, max_sigma=10, kernel=kernel)
    op = BlurOperator(optics, basis, **operator_options)
    planes = op.forward(image, op.coordinates(depth))
    return planes[:, 0] if len(image) == 1 else np.moveaxis(planes, 1, -1)


def ramp(depth_range, shape):
    """Depth that runs from one end of the range to the other along x, evenly in 1 / depth."""
    inverse = np.linspace(1 / depth_range[1], 1 / depth_range[0], shape[1])
    return np.broadcast_to(1 / inverse, shape).astype(np.float32)
