"""The renderer against what geometry says: discs, edges, occlusion."""

import numpy as np
import pytest

from napari_defocus.optics import Microscope, ThinLens
from napari_defocus.simulation import Rectangle, Scene, View, render_focal_stack
from napari_defocus.simulation.textures import Texture, bundled_image, checkerboard, uniform

SHAPE = (61, 61)
CAMERA = ThinLens(
    focal_length=0.05,
    aperture_diameter=0.035,
    pixel_pitch=100e-6,
    focus_distances=[0.7, 1.0, 1.6],
)
SCOPE = Microscope(
    numerical_aperture=0.5,
    pixel_size=0.5,
    focus_positions=[-6.0, 0.0, 8.0],
    refractive_index=1.33,
    in_focus_blur=0.0,
)
BLACK = Texture(uniform(0.0), 1.0)
WHITE = Texture(uniform(1.0), 1.0)
GREY = Texture(uniform(0.5), 1.0)


def background(optics, texture):
    return Rectangle((0, 0, -1000 if isinstance(optics, Microscope) else 1000), texture)


def dot(optics, depth, pixels):
    """A white disc of `pixels` across in the middle of the frame, on black."""
    size = pixels * View.of(optics, SHAPE).scale * (1 if isinstance(optics, Microscope) else depth)
    spot = Rectangle((0, 0, depth), WHITE, width=size, height=size, is_round=True)
    return Scene([background(optics, BLACK), spot])


def distances(shape):
    rows, columns = np.indices(shape) - (np.array(shape).reshape(2, 1, 1) - 1) / 2
    return np.hypot(rows, columns)


@pytest.mark.parametrize(
    ("optics", "depth"), [(CAMERA, 0.8), (CAMERA, 1.3), (CAMERA, 2.5), (SCOPE, -9.0), (SCOPE, 3.0)]
)
def test_point_becomes_the_uniform_disc_of_the_optics(optics, depth):
    images = render_focal_stack(dot(optics, depth, 6.0), optics, SHAPE, lens_samples=256, seed=1).radiance
    distance = distances(SHAPE)
    for image, radius in zip(images, optics.blur_radius(depth), strict=True):
        # The second moment of a disc of radius R is R^2 / 2; the spot (radius 3) and the pixel add theirs.
        moment = (image * distance**2).sum() / image.sum() - 9 / 2 - 1 / 6
        assert np.sqrt(2 * moment) == pytest.approx(radius, rel=0.01)
        if radius > 6:
            plateau = image[distance < radius - 4]
            assert plateau.mean() == pytest.approx(9 / radius**2, rel=0.03)
            assert plateau.std() < 0.1 * plateau.mean()
        assert image[distance > radius + 4].max(initial=0) == 0
        assert image.sum() == pytest.approx(np.pi * 9, rel=0.005)


@pytest.mark.parametrize("optics", [CAMERA, SCOPE])
def test_the_stack_is_registered(optics):
    view = View.of(optics, SHAPE)
    depth = 1.2 if optics is CAMERA else 4.0
    size = view.scale * (depth if optics is CAMERA else 1)
    place = view.to_world(22.0, 36.0, depth)
    spot = Rectangle(place, WHITE, width=6 * size, height=6 * size, is_round=True)
    images = render_focal_stack(Scene([background(optics, BLACK), spot]), optics, SHAPE).radiance
    rows, columns = np.indices(SHAPE)
    for image in images:
        center = [(image * axis).sum() / image.sum() for axis in (rows, columns)]
        np.testing.assert_allclose(center, [22.0, 36.0], atol=0.05)
    np.testing.assert_allclose(view.to_pixels(place), [22.0, 36.0])


def test_breathing_scales_a_plane_about_its_middle():
    view = View.of(CAMERA, SHAPE)
    spot = Rectangle(view.to_world(30, 50, 1.0), WHITE, width=6 * view.scale, height=6 * view.scale)
    scene = Scene([background(CAMERA, BLACK), spot])
    images = render_focal_stack(scene, CAMERA, SHAPE, magnification=[1.1, 1.0, 0.9]).radiance
    columns = np.arange(SHAPE[1])
    centers = [(image.sum(axis=0) * columns).sum() / image.sum() for image in images]
    np.testing.assert_allclose(centers, [30 + 22, 50, 30 + 18], atol=0.1)


@pytest.mark.parametrize(("optics", "plane", "depth"), [(CAMERA, 1, 1.0), (SCOPE, 2, 8.0)])
def test_in_focus_is_the_pinhole_image(optics, plane, depth):
    scale = View.of(optics, SHAPE).scale * (1 if optics is SCOPE else depth)
    board = Texture(checkerboard(8, dark=0.1, light=0.9), 48 * scale)
    stack = render_focal_stack(Scene([Rectangle((0, 0, depth), board)]), optics, SHAPE, lens_samples=128)
    np.testing.assert_allclose(stack.radiance[plane], stack.all_in_focus, atol=0.04)
    others = [k for k in range(3) if k != plane]
    blurred = np.abs(stack.radiance[others] - stack.all_in_focus).max(axis=(1, 2))
    assert (blurred > 0.2).all()


def test_diffraction_blurs_the_plane_in_focus():
    optics = SCOPE.replace(in_focus_blur=1.5)
    images = render_focal_stack(dot(optics, 0.0, 1.0), optics, SHAPE, lens_samples=128).radiance
    moment = (images[1] * distances(SHAPE) ** 2).sum() / images[1].sum() - 1 / 8 - 1 / 6
    assert np.sqrt(moment / 2) == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize("optics", [CAMERA, SCOPE])
def test_flat_grey_stays_grey_whatever_the_shape(optics):
    depth = 1.1 if optics is CAMERA else 2.0
    view = View.of(optics, SHAPE)
    bar = Rectangle(view.to_world(30, 30, depth), GREY, width=10 * view.scale, right=(1, 0.3, 0.2))
    stack = render_focal_stack(Scene([background(optics, GREY), bar]), optics, SHAPE, lens_samples=16)
    np.testing.assert_allclose(stack.radiance, 0.5, atol=1e-6)
    np.testing.assert_allclose(stack.all_in_focus, 0.5, atol=1e-6)


def chord_share(low, high):
    """Share of the unit disc's area with ``low < x < high``."""
    low, high = np.clip([low, high], -1, 1)
    area = [np.arcsin(x) + x * np.sqrt(1 - x * x) for x in (low, high)]
    return np.maximum(area[1] - area[0], 0) / np.pi


@pytest.mark.parametrize(("optics", "near", "far"), [(CAMERA, 0.9, 1.4), (SCOPE, 5.0, -4.0)])
def test_half_plane_before_an_edge_matches_the_analytic_image(optics, near, far):
    """A black half-plane hides the left of a background that is white to the right of an edge of its own.

    The ray of aperture point w passes depth Z at x + w * R(Z), R signed; it is white if it clears both edges.
    """
    view = View.of(optics, SHAPE)
    edge_near, edge_far = 30.25, 34.5
    sizes = [view.scale * (1 if optics is SCOPE else depth) for depth in (near, far)]
    width = 1000.0
    occluder = Rectangle(
        view.to_world(30, edge_near, near) - [width / 2 * sizes[0], 0, 0], BLACK, width=width * sizes[0]
    )
    white = Rectangle(
        view.to_world(30, edge_far, far) + np.array([width / 2 * sizes[1], 0, 0]),
        WHITE,
        width=width * sizes[1],
    )
    scene = Scene([background(optics, BLACK), white, occluder])
    stack = render_focal_stack(scene, optics, SHAPE, lens_samples=256)
    sign = np.sign(optics.to_blur_coordinate([near, far])[:, None] - optics.centers)
    radius = sign * optics.blur_radius([near, far]).T
    fine = np.arange(0, SHAPE[1] * 16) / 16 - 0.5 + 1 / 32
    for image, (r_near, r_far) in zip(stack.radiance, radius.T, strict=True):
        low, high = np.full_like(fine, -np.inf), np.full_like(fine, np.inf)
        for r, edge in ((r_near, edge_near), (r_far, edge_far)):
            crossing = (edge - fine) / r if abs(r) > 1e-9 else (edge - fine) * np.inf
            low, high = (np.maximum(low, crossing), high) if r >= 0 else (low, np.minimum(high, crossing))
        expected = chord_share(low, high).reshape(-1, 16).mean(axis=1)
        np.testing.assert_allclose(image.mean(axis=0), expected, atol=0.004)


def test_first_surface_counts_whatever_the_order():
    near = Rectangle((0, 0, 0.9), GREY, width=0.02)
    far = Rectangle((0, 0, 1.5), WHITE)
    first = render_focal_stack(Scene([near, far]), CAMERA, SHAPE, lens_samples=16)
    second = render_focal_stack(Scene([far, near]), CAMERA, SHAPE, lens_samples=16)
    np.testing.assert_array_equal(first.images, second.images)
    assert first.depth[30, 30] == np.float32(0.9)
    assert first.depth[30, 0] == np.float32(1.5)


def test_sampling_error_stays_below_a_grey_level():
    """A natural texture out of focus, against the same with sixteen times the rays."""
    scene = Scene([Rectangle((0, 0, 1.0), Texture(bundled_image("gravel"), 0.4))])
    lens = CAMERA.replace(focus_distances=[0.7, 2.0])
    coarse = render_focal_stack(scene, lens, SHAPE, lens_samples=64, supersampling=2, seed=1)
    fine = render_focal_stack(scene, lens, SHAPE, lens_samples=256, supersampling=4, seed=2)
    assert (coarse.radiance - fine.radiance).std() < 1 / 255
