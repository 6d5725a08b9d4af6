import numpy as np
from scipy.optimize import minimize

from napari_defocus.solver.smoothing import SmoothnessPrior, edge_weights


def prior(shape, tie=0.7, weight=0.4, seed=0):
    edges = np.random.default_rng(seed).uniform(0.1, 1, shape).astype(np.float32)
    return SmoothnessPrior(tie, weight, edges)


def test_smoothed_is_at_least_as_good_as_what_scipy_finds():
    shape = (5, 6)
    depth = np.random.default_rng(1).normal(0, 1, shape).astype(np.float32)
    model = prior(shape)

    def energy(values):
        smooth = values.reshape(shape)
        return model.distance(depth, smooth) + model.variation(smooth)

    reference = minimize(
        energy, depth.ravel(), method="L-BFGS-B", options={"maxfun": 200_000, "maxiter": 5000}
    )
    found = model.smoothed(depth)[0].ravel()
    assert energy(found) <= reference.fun * 1.001
    rng = np.random.default_rng(3)
    nearby = [energy(found + rng.normal(0, 0.02, found.shape)) for _ in range(200)]
    assert min(nearby) > energy(found)


def test_going_on_from_the_dual_gets_closer_to_the_optimum():
    depth = np.random.default_rng(1).normal(0, 1, (60, 80)).astype(np.float32)
    model = SmoothnessPrior(0.05, 1.0, np.ones(depth.shape, np.float32))  # long range: slow to converge

    def energy(smooth):
        return model.distance(depth, smooth) + model.variation(smooth)

    first, dual = model.smoothed(depth)
    kept = dual.copy()
    again, _ = model.smoothed(depth, dual)
    afresh, _ = model.smoothed(depth)
    assert energy(again) < energy(first) == energy(afresh)
    assert (dual == kept).all()


def test_flat_depth_stays_and_costs_nothing():
    depth = np.full((20, 30), 2.5, np.float32)
    model = prior(depth.shape)
    assert np.abs(model.smoothed(depth)[0] - depth).max() < 1e-5
    assert model.variation(depth) == 0
    assert model.distance(depth, depth) == 0


def test_speckle_goes_and_a_step_along_an_image_edge_stays():
    image = np.where(np.arange(40) < 20, 0.2, 0.8) * np.ones((1, 30, 1), np.float32)
    depth = np.where(np.arange(40) < 20, 0.0, 4.0) * np.ones((30, 1), np.float32)
    noisy = (depth + np.random.default_rng(2).normal(0, 0.5, depth.shape)).astype(np.float32)
    model = SmoothnessPrior(0.05, 1.0, edge_weights(image.astype(np.float32)))
    smooth, _ = model.smoothed(noisy)
    assert np.abs(smooth - depth).mean() < 0.3 * np.abs(noisy - depth).mean()
    assert smooth[:, 20].mean() - smooth[:, 19].mean() > 3


def test_edge_weights_are_one_where_flat_and_small_at_edges():
    image = np.zeros((3, 10, 10), np.float32)
    image[1, :, 5:] = 1.0
    weights = edge_weights(image)
    assert (weights[:, :4] == 1).all()
    assert (weights[:, 4] < 0.1).all()
