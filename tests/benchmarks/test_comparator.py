"""The published algorithm that ours is measured against does what it is described to do."""

from itertools import islice

import numpy as np
import pytest

from benchmarks import comparator
from benchmarks.comparator_cost import count_nonzeros, matrix_bytes, support_radius
from benchmarks.published_model import LENS, gather

SIZE = 5


@pytest.fixture
def scene():
    """Image (Y, X, 3), depth (Y, X) and stack (planes, 3, Y, X)."""
    rng = np.random.default_rng(1)
    image = rng.random((14, 17, 3), np.float32)
    depth = np.repeat(np.linspace(0.9, 6, 17)[None], 14, axis=0)
    stack = np.ascontiguousarray(np.moveaxis(gather(image, depth, size=SIZE), -1, 1))
    return image, depth, stack


def channels_first(image):
    return np.ascontiguousarray(np.moveaxis(image, -1, 0))


def test_the_matrix_blurs_as_the_published_model(scene):
    image, depth, stack = scene
    matrix = comparator.blur_matrix(depth, LENS, SIZE)
    assert matrix.dtype == np.float32
    for channel, observed in zip(channels_first(image), np.moveaxis(stack, 1, 0), strict=True):
        np.testing.assert_allclose(matrix @ channel.ravel(), observed.ravel(), atol=1e-6)


def test_nonzeros_are_counted_inside_the_frame(scene):
    _, depth, _ = scene
    matrix = comparator.blur_matrix(depth, LENS, SIZE)
    radii = np.full((LENS.planes, *depth.shape), SIZE // 2)
    assert count_nonzeros(radii) == matrix.nnz
    radii[1:] = 0
    by_hand = sum(
        (min(y + 2, 13) - max(y - 2, 0) + 1) * (min(x + 2, 16) - max(x - 2, 0) + 1)
        for y in range(14)
        for x in range(17)
    )
    assert count_nonzeros(radii) == by_hand + (LENS.planes - 1) * depth.size


def test_bytes_of_a_matrix_are_those_that_scipy_needs(scene):
    matrix = comparator.blur_matrix(scene[1], LENS, SIZE)
    assert matrix.indices.dtype == matrix.indptr.dtype == np.int32
    held = matrix.data.nbytes + matrix.indices.nbytes + matrix.indptr.nbytes
    assert matrix_bytes(matrix.nnz, matrix.shape[0]) == held
    assert matrix_bytes(2**31, 10) == 2**31 * 12 + 11 * 8


def test_a_kernels_support_holds_all_but_a_ten_thousandth():
    from scipy.stats import norm

    sigma = np.array([0.5, 2.0, 8.0])
    beyond = 2 * norm.sf(support_radius(sigma) / sigma)
    assert (beyond <= 1.01e-4).all()


def test_the_schedule_has_the_published_number_of_iterations():
    assert sum(comparator.schedule()) == 23_459
    assert comparator.schedule(5, 10, 2.0) == [10, 20, 40, 80, 160]


def test_fista_starts_from_black_and_stays_in_the_box(scene):
    _, depth, stack = scene
    matrix = comparator.blur_matrix(depth, LENS, SIZE)
    observed = channels_first(np.moveaxis(stack, 1, -1)).reshape(3, -1)
    images = list(islice(comparator.fista(matrix, observed, comparator.lipschitz_constant(matrix)), 60))
    assert images[0].dtype == np.float32
    loss = [sum(np.sum((matrix @ x - b) ** 2) for x, b in zip(i, observed, strict=True)) for i in images]
    assert loss[0] < np.sum(observed**2)
    assert loss[-1] < 1e-2 * loss[0]
    assert all(image.min() >= 0 and image.max() <= 1 for image in images)


def test_both_costs_of_a_depth_agree(scene):
    image, depth, stack = scene
    search = comparator.DepthSearch(channels_first(image), stack, LENS, SIZE)
    np.testing.assert_allclose(search.grid_cost(2.0), search.cost(np.full(depth.shape, 2.0)), atol=1e-5)
    assert search.cost(depth).max() < 1e-9


def test_the_depth_step_finds_the_depth_of_a_known_image():
    rng = np.random.default_rng(2)
    image = rng.random((24, 26, 3), np.float32)
    depth = np.full((24, 26), 1.7)
    stack = np.ascontiguousarray(np.moveaxis(gather(image, depth, size=SIZE), -1, 1))
    limits = (0.5, 8.0)
    found = comparator.depth_step(
        channels_first(image), stack, np.full(depth.shape, 6.0), LENS, SIZE, limits, candidates=30
    )
    step = (limits[1] - limits[0]) / 29
    assert np.abs(found - depth).max() < 2 * comparator.GOLDEN_TOLERANCE * step
