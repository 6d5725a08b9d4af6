"""Stacks by the solver's own model, for the start by the focus measure."""

from functools import cache

import numpy as np
from stacks import model_stack, texture

from napari_defocus import ThinLens

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0], blur_scale=0.5)
RANGE = (0.9, 6.0)
SHAPE = (96, 120)
INNER = (slice(5, -5), slice(8, -8))


def with_grain(stack, noise):
    return stack + np.float32(noise) * np.random.default_rng(0).standard_normal(stack.shape, np.float32)


@cache
def step():
    """A square 1.25 m away before a wall at 2.5 m: the planes that are right, and the noisy stack."""
    truth = np.full(SHAPE, 3)
    truth[20:70, 30:80] = 1
    depth = np.array(LENS.focus_distances, np.float32)[truth]
    stack = model_stack(LENS, depth, texture(SHAPE, seed=7), RANGE, kernel="disc")
    return truth, with_grain(stack, 0.01)
