"""The library's forward model is the one that is written down plainly in the benchmarks."""

import numpy as np
from official_files import slope, texture

from benchmarks.published_model import DEPTH_RANGE, KERNEL_SIZE, LENS, gather
from napari_defocus import ThinLens
from napari_defocus.datasets import forward_stack
from napari_defocus.datasets.nyuv2 import OPTICS


def test_it_agrees_with_the_plain_sum():
    image, depth = texture(1) / np.float32(255), slope(1)
    stack = forward_stack(image, depth, LENS, depth_range=DEPTH_RANGE, kernel_size=KERNEL_SIZE)
    np.testing.assert_allclose(stack, gather(image, depth), atol=3e-6)


def test_it_agrees_at_depth_steps_and_with_other_optics():
    image = texture(2) / np.float32(255)
    depth = np.random.default_rng(2).uniform(0.5, 60, image.shape[:2])
    lens = ThinLens.from_camera(7.1, 4.0, 0.1545652, [1, 2, 4, 8, 16, 32, 64], min_blur=0.5)
    stack = forward_stack(image, depth, lens, depth_range=(0.5, 60), kernel_size=15)
    # Blur beyond four times the window is as flat in it as makes no difference, and taken as that.
    np.testing.assert_allclose(stack, gather(image, depth, lens, 15), atol=2e-4)


def test_the_frame_is_black_beyond():
    flat = np.ones((32, 40, 3), np.float32)
    stack = forward_stack(
        flat, np.full((32, 40), 9.0), LENS, depth_range=DEPTH_RANGE, kernel_size=KERNEL_SIZE
    )
    assert stack[0, 0, 0, 0] < 0.4
    np.testing.assert_allclose(stack[:, 6:-6, 6:-6], 1, atol=1e-5)


def test_the_camera_of_nyuv2_is_the_published_one():
    assert OPTICS == LENS
