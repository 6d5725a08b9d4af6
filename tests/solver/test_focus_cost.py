"""Costs of the planes by the focus measure, and weights between neighbours."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.ndimage import gaussian_filter
from stacks import texture

from napari_defocus.solver.edge_contrast import LEAST_WEIGHT, neighbour_weights, roughness
from napari_defocus.solver.focus_cost import REACH, focus_costs
from napari_defocus.solver.noise import Noise
from napari_defocus.solver.observations import load_stack

SHAPE = (60, 70)
SHARP = 2
NOISE = 0.01


def blurred_stack(contrast=1.0, noise=NOISE, seed=0):
    """Texture that is sharp in the third of five planes, with noise."""
    image = texture(SHAPE, seed=4)[0]
    planes = np.stack([gaussian_filter(image, 1.2 * abs(k - SHARP)) for k in range(5)])
    grain = np.random.default_rng(seed).standard_normal(planes.shape)
    return 0.5 + contrast * (planes - 0.5) + noise * grain


def costs(stack, noise=NOISE, unusable=None):
    return focus_costs(load_stack(stack, 1.0), Noise.white(noise), unusable)


def test_the_sharp_plane_costs_least():
    found = costs(blurred_stack())
    assert (found.argmin(axis=0) == SHARP).mean() > 0.98
    assert found.min() >= -1.0001
    assert found.max() <= 0
    assert found[SHARP].mean() < -0.8
    means = found.mean(axis=(1, 2))
    assert means[SHARP] < means[[1, 3]].min() - 0.3


def test_flat_noisy_ground_has_no_preference():
    """In a flat half, planes differ far less than in a textured one."""
    stack = blurred_stack()
    stack[:, :, :35] = 0.5 + NOISE * np.random.default_rng(5).standard_normal((5, 60, 35))
    spread = np.ptp(costs(stack), axis=0)
    assert spread[:, :25].mean() < 0.2
    assert spread[:, 45:].mean() > 0.7
    assert np.abs(costs(np.full((5, *SHAPE), 0.5))).max() == 0


@pytest.mark.parametrize("contrast", [0.2, 0.05])
def test_contrast_does_not_count(contrast):
    """With noise as much less the costs are the same; well above the noise contrast alone hardly shows."""
    full, less = costs(blurred_stack()), costs(blurred_stack(contrast, contrast * NOISE), contrast * NOISE)
    assert_allclose(less, full, atol=1e-3)
    clean, faint = costs(blurred_stack(noise=0), 1e-4), costs(blurred_stack(contrast, noise=0), 1e-4)
    assert np.abs(clean - faint).mean() < 0.05


def test_unusable_pairs_count_as_if_their_plane_were_missing():
    stack = blurred_stack()
    stack[0] = np.random.default_rng(6).random(SHAPE)  # sharper than all others
    unusable = np.zeros((5, *SHAPE), bool)
    unusable[0] = True
    assert (costs(stack).argmin(axis=0) == 0).mean() > 0.98
    found = costs(stack, unusable=unusable)
    assert (found[0] == 0).all()
    assert_allclose(found[1:], costs(stack[1:]), atol=1e-6)
    unusable[:, 10:20] = True
    assert (costs(stack, unusable=unusable)[:, 10:20] == 0).all()


def test_costs_are_seen_from_no_farther_than_their_reach():
    stack = blurred_stack()
    changed = stack.copy()
    changed[:, 30, 40] = 0
    rows, columns = np.nonzero((costs(stack) != costs(changed)).any(axis=0))
    assert 3 < max(np.abs(rows - 30).max(), np.abs(columns - 40).max()) <= REACH


def guide_with_an_edge(noise=NOISE):
    guide = np.full((1, *SHAPE), 0.3, np.float32)
    guide[:, :, 35:] = 0.8
    return guide + noise * np.random.default_rng(7).standard_normal(guide.shape).astype(np.float32)


def test_weights_are_small_across_an_edge_and_great_in_noise():
    guide = guide_with_an_edge()
    weights = neighbour_weights(guide, NOISE, roughness(guide))
    assert weights.across.shape == (60, 69)
    assert weights.down.shape == (59, 70)
    assert weights.across[:, 34].max() < LEAST_WEIGHT + 0.01
    even = np.delete(weights.across, 34, axis=1)
    assert even.mean() > 0.9
    assert weights.down.mean() > 0.85
    for values in (weights.across, weights.down):
        assert np.float32(LEAST_WEIGHT) <= values.min() <= values.max() <= 1


def test_weights_of_a_turned_image_are_the_turned_weights():
    guide = guide_with_an_edge()
    weights = neighbour_weights(guide, NOISE, roughness(guide))
    turned = np.ascontiguousarray(guide.swapaxes(1, 2))
    other = neighbour_weights(turned, NOISE, roughness(turned))
    assert_allclose(other.down, weights.across.T, rtol=1e-6)
    assert_allclose(other.across, weights.down.T, rtol=1e-6)


def test_an_even_guide_has_all_weights_1():
    weights = neighbour_weights(np.full((3, 8, 9), 0.5, np.float32), 0.0, (0.0, 0.0))
    assert (weights.across == 1).all()
    assert (weights.down == 1).all()
