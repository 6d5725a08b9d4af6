import numpy as np
import pytest
from scipy.optimize import lsq_linear
from stacks import PLAIN, model_stack, ramp, texture

from napari_defocus.optics import ThinLens
from napari_defocus.solver import SolverSettings
from napari_defocus.solver.aif_step import aif_step, lipschitz_constant
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.run_operator import blur_operator

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.67, 5.0], min_blur=0.5)
RANGE = (0.9, 6.0)


def scene(shape, noise=0.0, **settings):
    depth = ramp((1.0, 5.0), shape)
    image = texture(shape)
    stack = model_stack(LENS, depth, image, RANGE)
    stack = stack + noise * np.random.default_rng(0).standard_normal(stack.shape).astype(np.float32)
    operator = blur_operator(LENS, SolverSettings(depth_range=RANGE, **PLAIN | settings), shape)
    return image, load_stack(stack, 1.0), operator, operator.coordinates(depth)


def dense(operator, at, shape):
    size = shape[0] * shape[1]
    columns = [
        operator.forward(unit.reshape(1, *shape), at).ravel() for unit in np.eye(size, dtype=np.float32)
    ]
    return np.array(columns, np.float64).T


def test_lipschitz_constant_bounds_the_largest_eigenvalue_from_above():
    shape = (12, 14)
    _, _, operator, at = scene(shape)
    matrix = dense(operator, at, shape)
    largest = np.linalg.norm(matrix, 2) ** 2
    estimate, _ = lipschitz_constant(operator, at, np.ones((1, *shape), np.float32), 30)
    assert largest * (1 - 1e-4) <= estimate <= 1.05 * largest


@pytest.mark.parametrize("warm", [True, False])
def test_fista_reaches_the_bounded_least_squares_of_scipy(warm):
    shape = (10, 12)
    _, observations, operator, at = scene(shape, noise=0.15)  # noise enough that bounds are active
    matrix = dense(operator, at, shape)
    wanted = lsq_linear(matrix, observations.planes.ravel().astype(np.float64), (0, 1), tol=1e-12)
    assert (wanted.active_mask != 0).any()
    start = observations.plane(0)
    step = aif_step(operator, observations, at, start, iterations=600, warm_start=warm)
    assert step.residual == pytest.approx(2 * wanted.cost, rel=2e-3)
    assert np.abs(step.image.ravel() - wanted.x).max() < 0.05


@pytest.mark.parametrize("warm", [True, False])
def test_conjugate_gradients_reach_the_bounded_least_squares_of_scipy(warm):
    shape = (10, 12)
    _, observations, operator, at = scene(shape, noise=0.15)
    matrix = dense(operator, at, shape)
    wanted = lsq_linear(matrix, observations.planes.ravel().astype(np.float64), (0, 1), tol=1e-12)
    start = observations.plane(0)
    step = aif_step(operator, observations, at, start, iterations=600, solver="cg", warm_start=warm)
    assert step.residual == pytest.approx(2 * wanted.cost, rel=2e-3)
    assert np.abs(step.image.ravel() - wanted.x).max() < 0.05


@pytest.mark.parametrize("solver", ["cg", "fista"])
def test_weighted_planes_give_the_weighted_least_squares_of_scipy(solver):
    shape = (10, 12)
    _, observations, operator, at = scene(shape, noise=0.15, trusted_blur=0.8)
    roots = np.sqrt(operator.trust(at)).ravel()  # one channel
    assert roots.min() < 0.8 * roots.max()
    matrix = roots[:, None] * dense(operator, at, shape)
    wanted = lsq_linear(matrix, roots * observations.planes.ravel().astype(np.float64), (0, 1), tol=1e-12)
    step = aif_step(operator, observations, at, observations.plane(0), iterations=600, solver=solver)
    assert step.residual == pytest.approx(2 * wanted.cost, rel=2e-3)
    assert np.abs(step.image.ravel() - wanted.x).max() < 0.05


def test_conjugate_gradients_get_further_than_fista():
    _, observations, operator, at = scene((66, 80))
    start = observations.plane(1)
    fista, cg = (
        aif_step(operator, observations, at, start, iterations=25, solver=solver)
        for solver in ("fista", "cg")
    )
    assert cg.residual < fista.residual


def test_conjugate_gradients_with_a_pull_solve_the_normal_equations():
    _, observations, operator, at = scene((30, 40))
    target = observations.plane(1)
    step = aif_step(
        operator, observations, at, observations.plane(0), iterations=30, solver="cg", target=target, pull=3.0
    )
    _, gradient = operator.gradient(step.image, observations.planes, observations.scale, at)
    gradient += 3.0 * (step.image - target)
    inside = (step.image > 0) & (step.image < 1)
    assert np.abs(gradient[inside]).max() < 1e-3


def test_conjugate_gradients_never_raise_the_residual():
    _, observations, operator, at = scene((40, 50), noise=0.3)
    image = np.clip(observations.plane(1) * 3 - 1, 0, 1).astype(np.float32)  # most of it at a bound
    before = operator.loss(image, observations.planes, observations.scale, at)
    for iterations in (1, 2, 7, 60):
        step = aif_step(operator, observations, at, image, iterations=iterations, solver="cg")
        assert step.residual <= before
        assert step.image.min() >= 0
        assert step.image.max() <= 1


def test_warm_start_gets_further_than_a_start_from_black():
    _, observations, operator, at = scene((66, 80))  # large enough that no blur is capped
    black = observations.plane(1)
    start = aif_step(operator, observations, at * 1.02, black, iterations=50).image
    warm = aif_step(operator, observations, at, start, iterations=40)
    cold = aif_step(operator, observations, at, start, iterations=40, warm_start=False)
    assert warm.residual < cold.residual


def test_image_is_recovered_and_stays_in_the_box():
    image, observations, operator, at = scene((40, 50))
    start = observations.plane(0)
    step = aif_step(operator, observations, at, start, iterations=100)
    assert np.sqrt(((step.image - image) ** 2).mean()) < 0.35 * np.sqrt(((start - image) ** 2).mean())
    assert step.image.min() >= 0
    assert step.image.max() <= 1


def test_pull_draws_the_image_to_its_target():
    _, observations, operator, at = scene((40, 50), noise=0.05)
    target = np.full((1, 40, 50), 0.3, np.float32)
    apart = []
    for pull in (0.0, 1.0, 1e4):
        step = aif_step(operator, observations, at, target, iterations=60, target=target, pull=pull)
        apart.append(np.abs(step.image - target).max())
    assert apart[0] > apart[1] > apart[2]
    assert apart[2] < 1e-2


def test_loss_is_that_of_the_image():
    _, observations, operator, at = scene((40, 50), noise=0.05)
    start = observations.plane(0)
    step = aif_step(operator, observations, at, start, iterations=5)
    assert step.residual == pytest.approx(operator.loss(step.image, observations.planes, 1.0, at))
    assert step.residual < operator.loss(start, observations.planes, 1.0, at)
