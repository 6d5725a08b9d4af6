import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import uniform_filter
from scipy.optimize import minimize_scalar
from stacks import PLAIN, model_stack, ramp, texture

from napari_defocus.optics import ThinLens
from napari_defocus.solver import SolverSettings, window_kernels
from napari_defocus.solver.candidates import candidate_coordinates
from napari_defocus.solver.depth_step import CELL, accepted, depth_step
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.run_operator import blur_operator

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0], min_blur=0.5)
RANGE = (0.9, 6.0)
SHAPE = (70, 90)


@pytest.fixture(scope="module", params=[PLAIN, {"blur_kernel": "disc", "trusted_blur": 1.0}], ids=str)
def scene(request):
    """The true image and depth, the stack they make, and an operator."""
    depth = ramp((1.0, 5.0), SHAPE)
    image = texture(SHAPE, 3)
    settings = SolverSettings(depth_range=RANGE, **request.param)
    stack = model_stack(LENS, depth, image, RANGE, kernel=settings.blur_kernel)
    observations = load_stack(stack, 1.0)
    return depth, image, observations, blur_operator(LENS, settings, SHAPE)


def candidates(**settings):
    return candidate_coordinates(LENS, RANGE, SolverSettings(**settings))


def pixel_costs(operator, observations, image, coordinates):
    residual = operator.forward(image, coordinates) - observations.planes
    return (operator.trust(coordinates)[:, None] * residual.astype(np.float64) ** 2).sum((0, 1))


def test_candidates_in_blur_change_the_radius_evenly():
    steps = np.diff(candidates())
    assert_allclose(steps, steps[0], rtol=1e-3)
    assert LENS.slopes.max() * steps[0] <= 0.25 * 1.001


def test_candidates_in_depth_are_even_in_depth():
    tried = candidates(candidates=11, candidate_spacing="depth")
    assert_allclose(np.sort(1 / tried), np.linspace(*RANGE, 11), rtol=1e-5)
    assert (np.diff(tried) > 0).all()


@pytest.mark.parametrize(("window", "median"), [(1, 0.003), (5, 0.006)])  # a window also averages the slope
def test_with_the_true_image_the_depth_is_found(scene, window, median):
    depth, image, observations, operator = scene
    start = operator.coordinates(np.full(SHAPE, 2.0))
    step = depth_step(operator, observations, image, start, candidates(), cost_window=window)
    error = np.abs(1 / step.coordinates - depth) / depth
    assert np.median(error) < median
    assert (error < 0.03).mean() > 0.97
    assert step.contrast.mean() > 0.9


def test_golden_section_reaches_what_scipy_reaches(scene):
    _, image, observations, operator = scene
    tried = candidates()
    start = operator.coordinates(np.full(SHAPE, 2.0))
    noisy = np.clip(image + 0.05 * np.random.default_rng(0).standard_normal(image.shape), 0, 1)
    noisy = noisy.astype(np.float32)
    step = depth_step(operator, observations, noisy, start, tried, golden_tolerance=1e-3)
    found = pixel_costs(operator, observations, noisy, step.coordinates)
    grid = np.array(
        [pixel_costs(operator, observations, noisy, np.full(SHAPE, u, np.float32)) for u in tried]
    )
    assert (found <= grid.min(0) * (1 + 1e-4) + 1e-9).all()
    for y, x in [(10, 10), (35, 60), (60, 80)]:

        def cost(u, y=y, x=x):
            at = np.full(SHAPE, u, np.float32)
            return pixel_costs(operator, observations, noisy, at)[y, x]

        best = int(grid[:, y, x].argmin())
        bounds = tried[max(best - 1, 0)], tried[min(best + 1, len(tried) - 1)]
        reference = minimize_scalar(cost, bounds=bounds, method="bounded", options={"xatol": 1e-5})
        assert found[y, x] <= reference.fun * 1.01 + 1e-8


def test_a_better_previous_depth_is_kept(scene):
    depth, image, observations, operator = scene
    true = operator.coordinates(depth)
    step = depth_step(operator, observations, image, true, candidates(candidates=9), golden_tolerance=0.5)
    before = pixel_costs(operator, observations, image, true)
    after = pixel_costs(operator, observations, image, step.coordinates)
    assert (after <= before * (1 + 1e-4) + 1e-9).all()


@pytest.mark.parametrize("window", [1, 4, 9, 15])
def test_loss_never_rises_and_is_the_true_one(scene, window):
    _, image, observations, operator = scene
    rng = np.random.default_rng(1)
    wrong = np.clip(image + 0.2 * rng.standard_normal(image.shape), 0, 1).astype(np.float32)
    start = operator.coordinates(rng.uniform(1.5, 3.0, SHAPE))
    step = depth_step(operator, observations, wrong, start, candidates(), cost_window=window)
    before = pixel_costs(operator, observations, wrong, start).sum()
    after = pixel_costs(operator, observations, wrong, step.coordinates).sum()
    assert step.residual == pytest.approx(after, rel=1e-4)
    assert after <= before


def test_segment_minimum_is_the_windowed_minimum(scene):
    _, image, observations, operator = scene
    rng = np.random.default_rng(2)
    wrong = np.clip(image + 0.03 * rng.standard_normal(image.shape), 0, 1).astype(np.float32)
    tried = candidates(candidate_step=0.1)
    start = operator.coordinates(np.full(SHAPE, 1.9))
    step = depth_step(operator, observations, wrong, start, tried, cost_window=5)

    def windowed(u):
        return uniform_filter(pixel_costs(operator, observations, wrong, np.full(SHAPE, u, np.float32)), 5)

    inner = (slice(4, -4), slice(4, -4))
    grid = np.array([windowed(u) for u in tried])[:, *inner]
    fine = np.array([windowed(u) for u in np.linspace(tried[0], tried[-1], 4 * len(tried))])[:, *inner]
    nearest = np.abs(step.coordinates[inner] - tried[grid.argmin(0)])
    assert (nearest <= 1.01 * np.diff(tried)[0]).mean() > 0.97
    chosen = np.array([windowed(u)[inner] for u in np.unique(step.coordinates[inner])[::40]])
    assert chosen.min() >= 0
    assert fine.min(0).sum() <= grid.min(0).sum()


@pytest.mark.parametrize("window", [1, 2, 5, 9, 12, 31])
def test_box_mean_is_the_mean_over_what_lies_inside(window):
    volume = np.random.default_rng(3).random((2, 23, 29), dtype=np.float32)
    out = np.empty((2, 11, 13), np.float32)
    window_kernels.box_mean(volume, window, 5, 7, np.empty(29, np.float32), out)
    before, after = (window - 1) // 2, window // 2
    for y, x in np.ndindex(11, 13):
        rows = slice(max(5 + y - before, 0), 5 + y + after + 1)
        columns = slice(max(7 + x - before, 0), 7 + x + after + 1)
        assert_allclose(out[:, y, x], volume[:, rows, columns].mean((1, 2)), rtol=1e-5)


def test_accepted_takes_everything_when_the_sum_allows():
    assert accepted(np.array([[-3.0, 1.0], [1.0, 0.5]], np.float32), 1).all()


def test_accepted_takes_the_best_as_far_as_the_sum_allows():
    change = np.array([[-2.0, 1.5, 4.0], [-1.0, 3.0, 9.0]], np.float32)
    taken = accepted(change, 1)
    assert taken.tolist() == [[True, True, False], [True, False, False]]
    assert change[taken].sum() <= 0


def test_a_part_of_an_image_made_of_whole_cells_accepts_the_same():
    change = np.random.default_rng(2).standard_normal((3 * CELL, 2 * CELL + 9)).astype(np.float32)
    change[:, : CELL // 2] -= 1
    taken = accepted(change, 5)
    assert 0 < taken.mean() < 1
    assert (accepted(change[CELL:, CELL:], 5) == taken[CELL:, CELL:]).all()
    for y in (0, CELL, 2 * CELL):
        cell = slice(y, y + CELL), slice(0, CELL)
        assert change[cell][taken[cell]].sum() <= 0


def test_accepted_takes_nothing_when_nothing_is_better():
    assert not accepted(np.ones((4, 4), np.float32), 3).any()
