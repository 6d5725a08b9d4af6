"""A scene of several blocks for the tests of blockwise runs."""

import numpy as np
from scipy.ndimage import gaussian_filter
from stacks import model_stack, texture

from napari_defocus import ThinLens

LENS = ThinLens.from_camera(50, 8, 30, [1.0, 1.2, 1.5, 2.0, 3.0, 5.0], min_blur=0.5)
RANGE = (0.9, 6.0)
SHAPE = (200, 260)
BLOCK = 100


def bumps(noise=0.0, colour=False, shape=SHAPE, kernel="disc"):
    """Stack of a bumpy surface with a step across the blocks' borders, (6, Y, X[, 3]) float32."""
    rng = np.random.default_rng(3)
    height = gaussian_filter(rng.standard_normal(shape), 25)
    height = (height - height.min()) / np.ptp(height)
    depth = (1 / (0.2 + 0.8 * height)).astype(np.float32)
    depth[60:140, 90:150] = 1.3
    stack = model_stack(LENS, depth, texture(shape, 3 if colour else 1, seed=3), RANGE, kernel=kernel)
    return np.clip(stack + noise * rng.standard_normal(stack.shape), 0, 1).astype(np.float32)


def with_lights(stack):
    """The stack with spots far beyond white 1.5 m away, some near the borders of blocks."""
    spots = np.zeros(stack.shape[1:3], np.float32)
    spots[[31, 49, 70, 99], [64, 99, 20, 101]] = 60
    depth = np.full(spots.shape, 1.5, np.float32)
    return np.clip(stack + model_stack(LENS, depth, spots[None], RANGE, kernel="disc"), 0, 1)


def agreement(result, whole):
    """Share of pixels whose depth agrees to 1e-3 of the depth range."""
    difference = np.abs(np.asarray(result.depth) - whole.depth)
    return (difference <= 1e-3 * (RANGE[1] - RANGE[0])).mean()
