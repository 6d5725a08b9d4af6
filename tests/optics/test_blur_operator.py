import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus.errors import CancelledError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.optics.blur_basis import TERMS, BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.gaussian import gaussian_kernel

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.5, 2.5, 4.0], min_blur=0.4)
RANGE = (0.9, 5.0)
SHAPE = (70, 83)  # more than one tile, and not a multiple of one


def operator(optics=LENS, depth_range=RANGE, kernel_size=None, boundary="reflect", tolerance=0.003):
    basis = BlurBasis.for_optics(
        optics, depth_range, kernel_size=kernel_size, tolerance=tolerance, max_sigma=8.0
    )
    return BlurOperator(optics, basis, boundary, threads=2)


def depth_with_steps(rng, depth_range=RANGE, shape=SHAPE):
    depth = np.linspace(*depth_range, shape[1]) + np.zeros(shape)
    patch = depth[shape[0] // 4 : shape[0] // 2, shape[1] // 3 :]
    patch[:] = rng.uniform(*depth_range, patch.shape)
    return depth


def dense_gather(image, sigmas, kernel_size, boundary):
    """Blur each pixel with the kernel of its own depth, by the definition."""
    out = np.empty((len(sigmas), *image.shape))
    for f, y, x in np.ndindex(sigmas.shape):
        kernel = gaussian_kernel(float(sigmas[f, y, x]), kernel_size)
        radius = len(kernel) // 2
        mode = {"mode": "symmetric"} if boundary == "reflect" else {}
        padded = np.pad(image, [(0, 0), (radius, radius), (radius, radius)], **mode)
        patch = padded[:, y : y + 2 * radius + 1, x : x + 2 * radius + 1]
        out[f, :, y, x] = np.einsum("cij,i,j->c", patch, kernel, kernel)
    return out


@pytest.mark.parametrize("boundary", ["reflect", "zero"])
@pytest.mark.parametrize("kernel_size", [None, 11])
def test_forward_is_the_gather(boundary, kernel_size):
    rng = np.random.default_rng(1)
    shape = (24, 31)
    image = rng.random((2, *shape), dtype=np.float32)
    depth = depth_with_steps(rng, shape=shape)
    op = operator(kernel_size=kernel_size, boundary=boundary, tolerance=1e-4)
    planes = op.forward(image, op.coordinates(depth))
    sigmas = np.minimum(LENS.blur_sigma(depth), 8.0)
    assert_allclose(planes, dense_gather(image, sigmas, kernel_size, boundary), atol=1e-3)


@pytest.mark.parametrize("boundary", ["reflect", "zero"])
@pytest.mark.parametrize("kernel_size", [None, 7])
@pytest.mark.parametrize("channels", [1, 3])
def test_adjoint_identity(boundary, kernel_size, channels):
    rng = np.random.default_rng(2)
    op = operator(kernel_size=kernel_size, boundary=boundary)
    at = op.coordinates(depth_with_steps(rng))
    x = rng.random((channels, *SHAPE), dtype=np.float32)
    y = rng.random((LENS.planes, channels, *SHAPE), dtype=np.float32)
    left = np.vdot(op.forward(x, at).astype(np.float64), y)
    right = np.vdot(x.astype(np.float64), op.adjoint(y, at))
    assert left == pytest.approx(right, rel=1e-6)


def test_adjoint_identity_where_the_halo_is_wider_than_the_image():
    rng = np.random.default_rng(3)
    op = operator()
    assert op.basis.halo > 20
    at = op.coordinates(rng.uniform(*RANGE, (9, 12)))
    x = rng.random((1, 9, 12), dtype=np.float32)
    y = rng.random((LENS.planes, 1, 9, 12), dtype=np.float32)
    left = np.vdot(op.forward(x, at).astype(np.float64), y)
    assert left == pytest.approx(np.vdot(x.astype(np.float64), op.adjoint(y, at)), rel=1e-6)


@pytest.mark.parametrize(
    "optics",
    [
        LENS,
        Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=[0, 3, 6]),
        UncalibratedFocus(planes=5, blur_per_plane=1.0),
    ],
)
def test_flat_image_stays_flat(optics):
    rng = np.random.default_rng(4)
    depth_range = optics.default_depth_range()
    op = operator(optics, depth_range)
    planes = op.forward(
        np.full((1, *SHAPE), 0.7, np.float32), op.coordinates(depth_with_steps(rng, depth_range))
    )
    assert_allclose(planes, 0.7, rtol=2e-6)


def test_large_blurs_take_large_tiles():
    assert operator().basis.halo < operator().tiles((400, 400))[0].height
    wide = UncalibratedFocus(planes=3, blur_per_plane=60.0)
    op = BlurOperator(wide, BlurBasis.for_optics(wide, (0, 2), max_sigma=40.0))
    assert op.tiles((1000, 1000))[0].height >= 0.8 * op.basis.halo > 100


def test_zero_boundary_darkens_the_rim_and_only_the_rim():
    op = operator(kernel_size=11, boundary="zero")
    planes = op.forward(np.ones((1, *SHAPE), np.float32), op.coordinates(np.full(SHAPE, 1.0)))
    assert planes[-1, 0, 0, 0] < 0.5
    assert_allclose(planes[:, 0, 6:-6, 6:-6], 1.0, rtol=1e-6)


def test_zero_blur_is_the_identity():
    sharp = UncalibratedFocus(planes=3, blur_per_plane=1e-6)
    op = operator(sharp, (0.0, 2.0))
    image = np.random.default_rng(5).random((3, *SHAPE), dtype=np.float32)
    planes = op.forward(image, op.coordinates(np.full(SHAPE, 0.5)))
    assert_allclose(planes, np.broadcast_to(image, planes.shape), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_gradient_is_the_adjoint_of_the_residual(dtype):
    rng = np.random.default_rng(6)
    op = operator()
    at = op.coordinates(depth_with_steps(rng))
    image = rng.random((3, *SHAPE), dtype=np.float32)
    top = 1 if dtype is np.float32 else np.iinfo(dtype).max
    stack = (rng.random((LENS.planes, 3, *SHAPE)) * top).astype(dtype)
    loss, gradient = op.gradient(image, stack, 1 / top, at)
    residual = op.forward(image, at) - (stack / top).astype(np.float32)
    assert loss == pytest.approx(float((residual.astype(np.float64) ** 2).sum()), rel=1e-5)
    assert_allclose(gradient, op.adjoint(residual, at), atol=2e-5)
    assert op.loss(image, stack, 1 / top, at) == pytest.approx(loss, rel=1e-6)


def test_scale_zero_is_the_normal_matrix():
    rng = np.random.default_rng(7)
    op = operator()
    at = op.coordinates(depth_with_steps(rng))
    image = rng.random((1, *SHAPE), dtype=np.float32)
    stack = rng.integers(0, 255, (LENS.planes, 1, *SHAPE), np.uint8)
    _, normal = op.gradient(image, stack, 0.0, at)
    assert_allclose(normal, op.adjoint(op.forward(image, at), at), atol=2e-5)


def test_threads_do_not_change_the_result():
    rng = np.random.default_rng(8)
    basis = operator().basis
    at = operator().coordinates(depth_with_steps(rng))
    image = rng.random((1, *SHAPE), dtype=np.float32)
    one, four = (BlurOperator(LENS, basis, threads=n).forward(image, at) for n in (1, 4))
    assert (one == four).all()


def test_an_error_in_the_progress_callback_stops_the_work():
    def stop(share):
        raise CancelledError

    op = operator()
    image = np.ones((1, *SHAPE), np.float32)
    with pytest.raises(CancelledError):
        op.loss(image, np.zeros((4, 1, *SHAPE), np.uint8), 1.0, op.coordinates(np.ones(SHAPE)), stop)


def test_disc_is_its_sum_of_gaussians():
    rng = np.random.default_rng(9)
    shape = (24, 31)
    image = rng.random((2, *shape), dtype=np.float32)
    depth = depth_with_steps(rng, shape=shape)
    basis = BlurBasis.for_optics(LENS, RANGE, tolerance=1e-4, max_sigma=8.0, kernel="disc")
    op = BlurOperator(LENS, basis)
    wanted = sum(
        weight
        * dense_gather(
            image, np.clip(LENS.sigma_of_radius(width * LENS.blur_radius(depth)), 0, 8), None, "reflect"
        )
        for weight, width in TERMS["disc"]
    )
    assert_allclose(op.forward(image, op.coordinates(depth)), wanted, atol=2e-3)


def test_trust_has_a_mean_of_one_and_falls_with_the_blur():
    op = BlurOperator(LENS, BlurBasis.for_optics(LENS, RANGE), trusted_blur=1.0)
    depth = np.linspace(*RANGE, 40)
    trust = op.trust(op.coordinates(depth))
    assert_allclose(trust.mean(axis=0), 1, rtol=1e-6)
    sigma = LENS.blur_sigma(depth)
    falling = 1 + (2**0.5 - 1) * sigma**2  # half the weight at a blur of 1 px
    assert_allclose(trust[0] / trust[2], (falling[2] / falling[0]) ** 2, rtol=1e-4)


def test_gradient_weighs_the_planes_with_the_trust():
    rng = np.random.default_rng(10)
    op = BlurOperator(LENS, BlurBasis.for_optics(LENS, RANGE), trusted_blur=1.0, threads=2)
    at = op.coordinates(depth_with_steps(rng))
    image = rng.random((1, *SHAPE), dtype=np.float32)
    stack = rng.integers(0, 255, (4, 1, *SHAPE), dtype=np.uint8)
    loss, gradient = op.gradient(image, stack, 1 / 255, at)
    residual = op.forward(image, at) - stack / np.float32(255)
    weighted = (op.trust(at)[:, None] * residual).astype(np.float32)
    assert loss == pytest.approx(float((weighted * residual).sum()), rel=1e-4)
    assert_allclose(gradient, op.adjoint(weighted, at), atol=1e-4)
