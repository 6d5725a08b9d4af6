"""Non-local means of the all-in-focus image."""

import numpy as np
import pytest

from napari_defocus import CancelledError, InputError, SolverSettings, UncalibratedFocus, solve
from napari_defocus.solver import denoising
from napari_defocus.solver.denoising import REACH, denoised

NOISE = 0.02


def step(channels, noise=NOISE, shape=(60, 70)):
    """A bright half beside a dark one, with noise, and without."""
    clean = np.where(np.arange(shape[1]) < shape[1] // 2, 0.3, 0.7) * np.ones((channels, *shape))
    noisy = clean + np.random.default_rng(0).normal(0, noise, clean.shape)
    return noisy.astype(np.float32), clean.astype(np.float32)


@pytest.mark.parametrize("channels", [1, 3])
def test_noise_goes_and_edges_stay(channels):
    noisy, clean = step(channels)
    new = denoised(noisy, NOISE, 0.6)
    assert new.shape == noisy.shape
    assert new.dtype == np.float32
    assert np.sqrt(((new - clean) ** 2).mean()) < 0.5 * NOISE
    edge = np.s_[:, :, 34:36]
    assert np.abs(new[edge] - clean[edge]).max() < 4 * NOISE


def test_detail_above_the_noise_stays():
    detail = np.random.default_rng(1).random((1, 50, 50)).astype(np.float32)
    np.testing.assert_allclose(denoised(detail, NOISE / 4, 0.6), detail, atol=1e-3)


def test_no_noise_is_nothing_to_do():
    noisy, _ = step(1)
    assert denoised(noisy, 0.0, 0.6) is noisy


@pytest.mark.parametrize("channels", [1, 3])
def test_tiles_do_not_show(channels, monkeypatch):
    noisy, _ = step(channels, shape=(70, 61))
    whole = denoised(noisy, NOISE, 0.6)
    monkeypatch.setattr(denoising, "TILE", (REACH + 3, 25))
    np.testing.assert_allclose(denoised(noisy, NOISE, 0.6), whole, atol=1e-5)


def test_it_can_be_stopped():
    def stop(share):
        raise CancelledError

    with pytest.raises(CancelledError):
        denoised(step(1)[0], NOISE, 0.6, progress=stop)


def test_a_noisy_stack_gives_a_smoother_image():
    rng = np.random.default_rng(2)
    stack = np.clip(0.5 + rng.normal(0, 0.02, (4, 48, 48)), 0, 1)
    optics, settings = (
        UncalibratedFocus(planes=4, blur_per_plane=1.0),
        SolverSettings(epochs=1, estimate_blur=False),
    )
    with_noise = solve(stack, optics, settings.replace(denoising=0)).all_in_focus
    without = solve(stack, optics, settings).all_in_focus
    assert without.std() < 0.7 * with_noise.std()


def test_a_negative_strength_is_refused():
    with pytest.raises(InputError, match="denoising"):
        SolverSettings(denoising=-1)
