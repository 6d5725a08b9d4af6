"""The rays' forward model: its adjoint, what it leaves alone, and what it shares with the plain blur."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.ndimage import gaussian_filter

from napari_defocus import Microscope, ThinLens
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.rays import FARTHEST, ApertureRays, RayWindow, aperture_points
from napari_defocus.optics.tiles import Tile

LENS = ThinLens.from_camera(50, 4, 30, [1.0, 1.3, 2.0, 4.0], blur_scale=0.5)
RANGE = (0.9, 5.0)
SHAPE = (40, 50)
NEAR, FAR = 1.0, 2.0
IN_FOCUS = {NEAR: 0, FAR: 2}
"""Planes in which the two depths are sharp."""


def every_pair(window, planes):
    """All pairs of plane and pixel of the window's tile."""
    inside = np.arange(np.prod(window.shape)).reshape(window.shape)[window.inside].ravel()
    return np.repeat(np.arange(planes), len(inside)).astype(np.int32), np.tile(inside, planes).astype(
        np.int32
    )


def traced(depth, optics=LENS, depth_range=RANGE, count=64, tile=None, apart=False, **options):
    rays = ApertureRays.for_optics(optics, depth_range, count=count, step=0.25, **options)
    rays = replace(rays, apart=True) if apart else rays  # its tolerance stays
    window = RayWindow.around(tile or Tile(0, 0, *depth.shape), depth.shape)
    labels = np.ascontiguousarray(window.cut(rays.labels(optics.to_blur_coordinate(depth))))
    return window, rays.trace(window, labels, *every_pair(window, optics.planes))


def pixels_of(rays, window):
    """Pixels that the rays take, behind edges or not."""
    return rays.hits % len(window.source)


def strip():
    depth = np.full(SHAPE, FAR)
    depth[:, 18:30] = NEAR
    return depth


def predicted(window, rays, image, planes=LENS.planes):
    """Predictions of all planes, (planes, Y, X), of a grey image (Y, X)."""
    flat = np.ascontiguousarray(window.cut(image).reshape(-1, 1), np.float32)
    return rays.forward(flat).reshape(planes, *window.tile[2:])


@pytest.mark.parametrize("side_light", [1.0, 0.7])
@pytest.mark.parametrize("channels", [1, 3])
def test_adjoint_belongs_to_the_forward_map(channels, side_light):
    window, rays = traced(strip(), side_light=side_light)
    rng = np.random.default_rng(0)
    size = len(window.source)
    image = rng.random((size, channels), np.float32)
    values = rng.random((len(rays.pixels), channels), np.float32)
    weights = rng.random(len(rays.pixels), np.float32)
    residuals = weights[:, None] * (rays.forward(image) - values)
    other = rng.random((size, channels), np.float32)
    forth = float((rays.forward(other) * residuals).sum(dtype=np.float64))
    back = float((other * rays.gradient(image, weights, values)).sum(dtype=np.float64))
    assert forth == pytest.approx(back, rel=1e-4)
    normal = rays.gradient(image, weights)
    assert_allclose(normal, rays.gradient(image, weights, np.zeros_like(values)), rtol=1e-5, atol=1e-5)


def test_a_flat_image_stays_flat_and_all_hits_lie_in_the_frame():
    window, rays = traced(strip())
    assert_allclose(predicted(window, rays, np.full(SHAPE, 0.4, np.float32)), 0.4, atol=1e-6)
    rows, columns = np.unravel_index(pixels_of(rays, window), window.shape)
    for place, length in ((rows, SHAPE[0]), (columns, SHAPE[1])):
        assert place.min() >= FARTHEST
        assert place.max() < FARTHEST + length


@pytest.mark.parametrize("depth", [NEAR, FAR])
def test_where_the_scene_is_in_focus_the_rays_see_it_as_it_is(depth):
    image = np.random.default_rng(1).random(SHAPE, np.float32)
    window, rays = traced(np.full(SHAPE, depth))
    assert_allclose(predicted(window, rays, image)[IN_FOCUS[depth]], image, atol=1e-6)


@pytest.mark.parametrize("kernel", ["disc", "gaussian"])
@pytest.mark.parametrize("optics", [LENS, Microscope(
    numerical_aperture=0.4, pixel_size=1.0, focus_positions=[-6.0, -2.0, 0.0, 4.0], blur_scale=0.5,
    in_focus_blur=0.0,
)])  # fmt: skip
def test_at_one_depth_the_rays_blur_as_the_plain_operator_does(optics, kernel):
    depth_range = optics.default_depth_range()
    depth = np.full(SHAPE, optics.focus_positions_array[1])
    rng = np.random.default_rng(2)
    image = (0.5 + 4 * gaussian_filter(rng.standard_normal(SHAPE), 4)).astype(np.float32)
    window, rays = traced(depth, optics, depth_range, count=256, kernel=kernel)
    basis = BlurBasis.for_optics(optics, depth_range, tolerance=1e-3, kernel=kernel)
    operator = BlurOperator(optics, basis)
    plain = operator.forward(image[None], operator.coordinates(depth))[:, 0]
    difference = predicted(window, rays, image) - plain
    blurred = plain.std(axis=(1, 2)) < 0.97 * image.std()
    assert blurred.any()
    assert np.sqrt((difference**2).mean()) < 0.03 * image.std()


def test_a_ray_takes_the_near_surface_and_what_was_in_front_of_an_edge():
    window, rays = traced(strip())
    columns = np.unravel_index(pixels_of(rays, window).T, window.shape)[1]
    columns = (columns - FARTHEST).reshape(LENS.planes, *SHAPE, -1)
    reach = LENS.blur_radius(NEAR)  # of the near strip
    blurred = IN_FOCUS[FAR]
    assert reach[blurred] > 3
    beside = columns[blurred, 20, 18 - 2]  # on the background, within the blur of the strip
    assert ((beside >= 18) & (beside < 30)).any()
    assert (beside < 18).any()
    # focused on the strip, its own pixels show nothing else, and the background shows none of it
    sharp = columns[IN_FOCUS[NEAR]]
    assert_array_equal(sharp[:, 18:30], np.broadcast_to(np.arange(18, 30)[:, None], sharp[:, 18:30].shape))
    assert not ((sharp[:, :18] >= 18) & (sharp[:, :18] < 30)).any()


def test_rays_behind_an_edge_bring_what_lies_in_front_dimmed():
    image = np.random.default_rng(4).random(SHAPE, np.float32)
    window, dark = traced(strip(), side_light=0.6)
    light = replace(dark, side_light=1.0)
    sides = light.sides(np.ascontiguousarray(window.cut(image).reshape(-1, 1)))
    beside = (dark.hits >= len(window.source)).any(axis=0)
    assert 0 < beside.mean() < 0.3
    assert_array_equal(sides[:, 0] > 0, beside)
    lost = predicted(window, light, image) - predicted(window, dark, image)
    assert_allclose(lost.ravel(), 0.4 * sides[:, 0], atol=1e-6)
    sharp = sides.reshape(LENS.planes, *SHAPE)[IN_FOCUS[FAR]]  # in focus on the background
    assert sharp[:, :12].max() == 0 < sharp[:, 14:34].max()


def test_what_is_just_below_a_rim_is_its_side_where_sides_are_dark():
    as_light, dark = (traced(strip(), apart=True, side_light=light)[1].hits for light in (1.0, 0.6))
    size = len(traced(strip())[0].source)
    assert (as_light >= size).sum() < (dark >= size).sum()


def test_a_window_within_the_image_sees_what_the_whole_sees():
    depth, image = strip(), np.random.default_rng(3).random(SHAPE, np.float32)
    tile = Tile(10, 14, 12, 20)
    whole = predicted(*traced(depth), image)
    assert_array_equal(predicted(*traced(depth, tile=tile), image), whole[(..., *tile.slices)])


def test_points_have_the_spread_of_the_kernel():
    for kernel in ("disc", "gaussian"):
        points = aperture_points(kernel, 400)
        assert_allclose(points.std(axis=0), 0.5, rtol=0.02)
        assert_allclose(points.mean(axis=0), 0, atol=0.01)


def test_what_is_blurred_beyond_where_rays_are_followed_is_no_side():
    """There a ray begins behind what it meets."""
    far = ThinLens.from_camera(100, 1.4, 30, [1.0, 4.0], blur_scale=0.5)
    depth = np.full((60, 60), 1.05)
    depth[:, 30:] = 3.0
    assert far.blur_radius(1.05)[1] > 1.5 * FARTHEST
    window, rays = traced(depth, far, (0.9, 5.0), side_light=0.6)
    sharp = rays.planes == 1
    light = rays.forward(np.ones((len(window.source), 1), np.float32))[sharp].reshape(depth.shape)
    assert_allclose(light[:, :5], 1)
