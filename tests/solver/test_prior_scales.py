"""What the weights of the priors are in units of, and the weights themselves."""

import block_scene
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter
from stacks import PLAIN, model_stack, ramp, texture

from napari_defocus import SolverSettings, ThinLens, UncalibratedFocus
from napari_defocus.solver.block_run import BlockRun
from napari_defocus.solver.cluster import Local
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.prior_scales import (
    LEAST_MISFIT,
    PriorScales,
    departure_of,
    hides_focus,
    least_trusted_blur,
    peak_variance,
    sharpens,
)
from napari_defocus.solver.unknowns import Unknowns

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0])
RANGE = (0.9, 6.0)
SHAPE = (96, 120)


def coarse_texture(smooth=4.0):
    """Texture without detail that a blur of 2 px takes away, (1, Y, X)."""
    rng = np.random.default_rng(7)
    layers = [gaussian_filter(rng.standard_normal(SHAPE), s) for s in (smooth, 2 * smooth)]
    image = sum(layer / layer.std() for layer in layers)
    return ((image - image.min()) / np.ptp(image)).astype(np.float32)[None]


def departure_and_truth(image, sigma, min_blur=0.0):
    """Mean departure that is expected of a mosaic blurred by `sigma`, and its true mean square."""
    optics = UncalibratedFocus(planes=2, blur_per_plane=10.0, blur_scale=1.0, min_blur=min_blur)
    depth = np.full(SHAPE, sigma / 10, np.float32)
    mosaic = model_stack(optics, depth, image, (0, 1))[:1]
    expected = departure_of(mosaic, np.zeros(SHAPE, np.int32), depth, optics).mean()
    return expected, ((mosaic - image) ** 2).mean()


@pytest.mark.parametrize(
    ("sigma", "min_blur"), [(0.3, 0), (0.9, 0), (1.2, 0), (2.0, 0), (0.0, 0.6), (0.0, 2.0)]
)
def test_departure_of_a_blurred_mosaic_is_its_mean_square(sigma, min_blur):
    expected, true = departure_and_truth(coarse_texture(), sigma, min_blur)
    assert true / 2 < expected < 2 * true


@pytest.mark.parametrize("sigma", [0.3, 0.9, 2.0])
def test_of_detail_that_the_blur_took_away_the_departure_tells_too_little_and_never_too_much(sigma):
    expected, true = departure_and_truth(texture(SHAPE, seed=7), sigma)
    assert 0.03 * true < expected < true


def test_a_sharp_mosaic_does_not_depart():
    expected, true = departure_and_truth(texture(SHAPE), 0.0)
    assert expected < 1e-12
    assert true < 1e-8


def test_pixels_that_are_held_do_not_depart():
    optics = UncalibratedFocus(planes=2, blur_per_plane=10.0, blur_scale=1.0)
    held = np.zeros(SHAPE, bool)
    held[:, :30] = True
    given = coarse_texture(), np.zeros(SHAPE, np.int32), np.full(SHAPE, 0.2, np.float32), optics
    free, kept = departure_of(*given), departure_of(*given, held)
    assert free[held].min() > 0
    np.testing.assert_array_equal(kept, np.where(held, 0, free))


mean_squares = st.floats(0, 1)


@given(st.lists(st.tuples(mean_squares, mean_squares), min_size=1, max_size=5), st.floats(3e-4, 0.1))
def test_scales_never_let_a_weight_grow(found, noise):
    scales = PriorScales(0.01, 1e-4, Noise.white(noise))
    for misfit, departure in found:
        then = scales.at(misfit, departure)
        assert LEAST_MISFIT <= then.residual <= scales.residual
        assert 0 < then.trust_in_mosaic <= scales.trust_in_mosaic <= 1
        scales = then


def test_trust_in_the_mosaic_is_the_share_of_the_noise():
    assert PriorScales(0.01, 3e-4, Noise.white(0.01)).trust_in_mosaic == pytest.approx(0.25)
    assert PriorScales(0.01, 3e-4).trust_in_mosaic == 1
    assert PriorScales(0.01, 0.0, Noise.white(0.01)).trust_in_mosaic == 1


def run_of(grain, optics=LENS, **changes):
    """Unknowns at the start of a run on a ramp with noise of standard deviation `grain`."""
    stack = model_stack(optics, ramp((1.0, 5.0), SHAPE), texture(SHAPE, seed=7), RANGE)
    stack = stack + grain * np.random.default_rng(0).standard_normal(stack.shape)
    settings = SolverSettings(depth_range=RANGE, **{"blur_kernel": "gaussian"} | changes)
    observations = load_stack(stack, 1.0)
    return Unknowns(observations, optics, settings, start_of(observations, optics, settings))


@pytest.mark.parametrize("noise", [0.001, 0.03])
def test_weights_of_a_run_fall_and_with_them_the_loss(noise):
    run = run_of(noise, smoothness=1.0)
    weights, losses = [(run.pull, run.peak_tie, run.prior.weight)], [run.loss]
    for _ in range(3):
        run.improve_depth(lambda share: None)
        losses.append(run.loss)
        run.improve_image(6, lambda share: None)
        losses.append(run.loss)
        run.reweigh()
        weights.append((run.pull, run.peak_tie, run.prior.weight))
        losses.append(run.loss)
    assert (np.array(weights) > 0).all()
    assert (np.diff(weights, axis=0) <= 0).all()
    assert (np.array(weights[0])[1:] > weights[-1][1:]).all()
    assert (np.diff(losses) <= 0).all()


def test_a_given_noise_keeps_the_weights():
    run = run_of(0.01, noise=0.02)
    before = run.pull, run.peak_tie
    run.improve_image(6, lambda share: None)
    run.reweigh()
    assert (run.pull, run.peak_tie) == before


def test_the_mosaic_counts_more_where_noise_is_what_it_differs_by():
    lens = LENS.replace(blur_scale=0.5)
    clean, grainy = run_of(0.001, lens), run_of(0.01, lens)
    planes = len(lens.centers)
    most = SolverSettings().image_prior * planes
    assert clean.pull < 0.1 * most
    assert 0.5 * most < grainy.pull <= most
    assert run_of(0.01, lens, image_prior=0.0).pull == 0


def test_a_plane_that_is_sharp_but_for_diffraction_is_trusted():
    diffracted = LENS.replace(min_blur=1.0)
    run = run_of(0.001, diffracted)
    assert run.peak_tie > 0
    assert run_of(0.001, diffracted, trusted_blur=0.7).operator.trusted_blur > 1.0
    assert run_of(0.001).operator.trusted_blur == run.settings.trusted_blur
    assert least_trusted_blur(diffracted) > 1.0 > SolverSettings().sharpening
    assert sharpens(diffracted, run.settings)


def test_where_even_a_sharp_plane_is_blurred_its_peak_does_not_count():
    blurred = LENS.replace(min_blur=2.0)
    run = run_of(0.001, blurred)
    assert hides_focus(blurred, run.settings)
    assert not sharpens(blurred, run.settings)
    assert run.peak_tie == 0
    assert run.operator.trusted_blur is None
    sharp = run_of(0.001)
    assert not hides_focus(LENS, sharp.settings)
    assert sharp.peak_tie > 0
    assert not hides_focus(blurred, SolverSettings(**PLAIN))


def test_a_peak_is_known_worse_where_planes_are_far_apart_or_never_sharp():
    def stepping(per_plane, **changes):
        return UncalibratedFocus(planes=6, blur_per_plane=per_plane, **changes)

    variances = [peak_variance(stepping(step)) for step in (0.5, 1.0, 2.0, 4.0)]
    assert (np.diff(variances) > 0).all()
    hidden = [peak_variance(stepping(1.0, min_blur=least)) for least in (0, 0.5, 1, 2)]
    assert (np.diff(hidden) > 0).all()
    mixed = LENS.replace(focus_distances=[LENS.focus_distances[k] for k in (3, 0, 4, 1, 2)])
    assert peak_variance(mixed) == pytest.approx(peak_variance(LENS))
    assert peak_variance(LENS.replace(focus_distances=(1.0, 1.67, 5.0))) > peak_variance(LENS)


def test_scales_beside_lights_are_those_of_the_whole_image():
    """What lights dazzle counts for nothing in either."""
    stack = block_scene.with_lights(block_scene.bumps(noise=0.02, shape=(110, 150)) / np.float32(1.05))
    settings = SolverSettings(depth_range=block_scene.RANGE, white=1.0)
    observations = load_stack(stack, 1.0)
    whole = Unknowns(
        observations, block_scene.LENS, settings, start_of(observations, block_scene.LENS, settings)
    )
    assert whole.held is not None
    run = BlockRun(stack, block_scene.LENS, settings, Local(), None, 64, None)
    found = run._scales(run.stack(), run._start(run.stack()), whole.operator.halo)
    assert found.departure == pytest.approx(whole.scales.departure, rel=0.01)
    assert found.misfit == pytest.approx(whole.scales.misfit, rel=0.01)
