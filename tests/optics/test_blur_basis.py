import numpy as np
import pytest
from numpy.polynomial.chebyshev import chebvander
from numpy.testing import assert_allclose
from scipy.special import j1

from napari_defocus.optics import UncalibratedFocus
from napari_defocus.optics.blur_basis import TERMS, BlurBasis, choose_family
from napari_defocus.optics.gaussian import gaussian_kernel

OPTICS = UncalibratedFocus(planes=6, blur_per_plane=1.3, blur_scale=0.7, min_blur=0.3)
FREQUENCY = np.linspace(0, np.pi, 50)


def transfer(half):
    kernel = np.concatenate([half[:0:-1], half])
    offsets = np.arange(len(kernel)) - len(kernel) // 2
    return np.cos(np.outer(FREQUENCY, offsets)) @ kernel


def true_transfer(sigma, kernel_size):
    kernel = gaussian_kernel(float(sigma), kernel_size)
    return transfer(kernel[len(kernel) // 2 :])


def in_two_dimensions(rows):
    return np.concatenate([rows, rows**2], axis=-1)  # along an axis and along the diagonal


@pytest.mark.parametrize("kernel_size", [None, 11])
@pytest.mark.parametrize("tolerance", [0.003, 0.0007])
def test_polynomial_gives_every_blur_within_the_tolerance(kernel_size, tolerance):
    basis = BlurBasis.for_optics(OPTICS, (-0.5, 5.5), kernel_size=kernel_size, tolerance=tolerance)
    at_nodes = np.array([in_two_dimensions(transfer(half)) for half in basis.kernels])
    coefficients = basis.to_chebyshev @ at_nodes
    radii = np.linspace(0, OPTICS.blur_radius(np.array([-0.5, 5.5])).max(), 57)
    weights = chebvander(basis.position(radii), basis.order - 1)
    wanted = [in_two_dimensions(true_transfer(s, kernel_size)) for s in OPTICS.sigma_of_radius(radii)]
    assert np.abs(weights @ coefficients - np.array(wanted)).max() <= 1.3 * tolerance


@pytest.mark.parametrize("kernel_size", [None, 11])
def test_mixtures_of_steps_stay_near_the_polynomial(kernel_size):
    tolerance = 0.003
    basis = BlurBasis.for_optics(OPTICS, (-0.5, 5.5), kernel_size=kernel_size, tolerance=tolerance)
    at_nodes = np.array([in_two_dimensions(transfer(half)) for half in basis.kernels])
    coefficients = basis.to_chebyshev @ at_nodes
    at_steps = basis.values_at_steps() @ coefficients
    between = np.linspace(-1, 1, 2 * basis.steps - 1)[1::2]
    wanted = chebvander(between, basis.order - 1) @ coefficients
    assert np.abs((at_steps[:-1] + at_steps[1:]) / 2 - wanted).max() <= 2.5 * tolerance


def test_positions_run_from_end_to_end():
    basis = BlurBasis.for_optics(OPTICS, (-0.5, 5.5))
    radii = np.linspace(0, 7, 50)
    position = basis.position(radii)
    assert position[0] == pytest.approx(-1, abs=1e-4)
    assert position[-1] == pytest.approx(1, abs=2e-2)
    assert (np.diff(position) >= 0).all()


def test_tighter_tolerance_takes_a_larger_basis():
    assert choose_family(0.5, 8, None, 0.0005)[2] > choose_family(0.5, 8, None, 0.01)[2]


def test_basis_stays_small():
    assert choose_family(0.3, 8.0, None, 0.003)[2] <= 10
    assert choose_family(0.3, 48.0, None, 0.003)[2] <= 15
    assert choose_family(2.0, 44.0, 11, 0.0005)[2] <= 5


def test_blur_is_capped():
    basis = BlurBasis.for_optics(OPTICS, (-0.5, 5.5), max_sigma=2.0)
    assert basis.halo <= 8
    assert_allclose(basis.position([4.0, 400.0]), 1.0)


def test_blur_in_focus_is_capped_too():
    soft = OPTICS.replace(in_focus_blur=900.0)
    assert BlurBasis.for_optics(soft, (-0.5, 5.5), max_sigma=3.0).halo < 20


def test_no_blur_at_all_still_makes_a_basis():
    sharp = UncalibratedFocus(planes=2, blur_per_plane=1e-9)
    assert BlurBasis.for_optics(sharp, (0, 1)).order == 2


def test_disc_is_nearer_to_a_disc_than_one_gaussian():
    x = np.linspace(0.05, 16, 200)
    true = 2 * j1(x) / x
    errors = {}
    for kernel, terms in TERMS.items():
        transfer = sum(weight * np.exp(-0.5 * (width * x / 2) ** 2) for weight, width in terms)
        errors[kernel] = np.abs(transfer - true)
    assert sum(weight for weight, _ in TERMS["disc"]) == pytest.approx(1)
    assert errors["disc"].max() < 0.085
    assert errors["gaussian"].max() > 0.18
    assert (errors["disc"] ** 2 / x).sum() < 0.5**2 * (errors["gaussian"] ** 2 / x).sum()


def test_steps_of_a_disc_are_its_kernels():
    basis = BlurBasis.for_optics(OPTICS, (-0.5, 5.5), kernel="disc")
    at_nodes = np.array([transfer(half) for half in basis.kernels])
    at_steps = basis.values_at_steps() @ basis.to_chebyshev @ at_nodes
    radii = np.linspace(0.5, 5, 30)
    place = (basis.position(radii) + 1) / 2 * (basis.steps - 1)
    below = np.floor(place).astype(int)
    mixed = at_steps[below] + (place - below)[:, None] * (at_steps[below + 1] - at_steps[below])
    for row, radius in zip(mixed, radii, strict=True):
        sigmas = OPTICS.sigma_of_radius(np.array([width for _, width in TERMS["disc"]]) * radius)
        wanted = sum(
            weight * true_transfer(s, None) for (weight, _), s in zip(TERMS["disc"], sigmas, strict=True)
        )
        assert np.abs(row - wanted).max() < 0.02
