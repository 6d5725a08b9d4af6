"""Depth, surfaces, light and arguments of the renderer."""

import numpy as np
import pytest

from napari_defocus.errors import CancelledError, InputError
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus
from napari_defocus.simulation import (
    Cylinder,
    HeightField,
    Light,
    Rectangle,
    Scene,
    Sphere,
    View,
    render_focal_stack,
    true_depth,
)
from napari_defocus.simulation.textures import Texture, bundled_image, uniform

SHAPE = (40, 50)
CAMERA = ThinLens(
    focal_length=0.05, aperture_diameter=0.03, pixel_pitch=200e-6, focus_distances=[0.8, 1.2], in_focus_blur=0
)
SCOPE = Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=[0.0, 10.0])
GREY = Texture(uniform(0.5), 1.0)
WALL = Rectangle((0, 0, 3.0), GREY)


def directions(view):
    """x and y of the chief rays at unit depth."""
    rows, columns = np.indices(view.shape)
    return np.moveaxis(view.to_world(rows, columns, np.ones(view.shape))[..., :2], -1, 0)


def test_depth_of_a_slanted_plane():
    right, down = np.array([1, 0, 0.5]), np.array([0, 1, -0.8])
    depth = true_depth(Scene([Rectangle((0, 0, 1.0), GREY, right, down)]), CAMERA, SHAPE)
    normal = np.cross(right, down)
    x, y = directions(View.of(CAMERA, SHAPE))
    np.testing.assert_allclose(depth, normal[2] / (normal[0] * x + normal[1] * y + normal[2]), rtol=1e-6)


def test_depth_of_a_sphere_and_the_wall_behind():
    center, radius = np.array([0.02, -0.01, 1.0]), 0.06
    depth = true_depth(Scene([WALL, Sphere(center, radius, GREY)]), CAMERA, SHAPE)
    ray = np.stack([*directions(View.of(CAMERA, SHAPE)), np.ones(SHAPE)], axis=-1)
    square, half = (ray**2).sum(-1), ray @ center
    inside = half**2 - square * (center @ center - radius**2)
    expected = np.where(inside > 0, (half - np.sqrt(np.maximum(inside, 0))) / square, 3.0)
    np.testing.assert_allclose(depth, expected, rtol=1e-6)
    assert 50 < (inside > 0).sum() < inside.size / 2


def test_depth_of_a_cylinder_and_its_ends():
    bar = Cylinder((-1, 0, 1.0), (0.02, 0, 1.0), 0.03, GREY)
    depth = true_depth(Scene([WALL, bar]), CAMERA, SHAPE)
    x, y = directions(View.of(CAMERA, SHAPE))
    square = 1 + y**2
    inside = 1 - square * (1 - 0.03**2)
    z = (1 - np.sqrt(np.maximum(inside, 0))) / square
    expected = np.where((inside > 0) & (x * z < 0.02), z, 3.0)
    np.testing.assert_allclose(depth, expected, rtol=1e-6)
    towards = Cylinder((0, 0, 0.9), (0, 0, 2.0), 0.05, GREY)
    assert true_depth(Scene([WALL, towards]), CAMERA, SHAPE)[20, 25] == np.float32(0.9)


def test_height_field_agrees_with_planes():
    """A ridge of two slopes, seen as a relief and as two planes that meet."""
    spacing, slope = 0.25, 0.6
    x = (np.arange(401) - 200) * spacing
    ridge = np.broadcast_to(20 - slope * np.abs(x), (401, 401))
    relief = HeightField((0, 0, 0), ridge, spacing, GREY, up=(0, 0, 1))
    left = Rectangle((-250, 0, 20 - slope * 250), GREY, right=(1, 0, slope), width=500 * np.hypot(1, slope))
    right = Rectangle((250, 0, 20 - slope * 250), GREY, right=(1, 0, -slope), width=500 * np.hypot(1, slope))
    np.testing.assert_allclose(
        true_depth(Scene([relief]), SCOPE, SHAPE), true_depth(Scene([left, right]), SCOPE, SHAPE), atol=1e-4
    )


def test_height_field_hides_what_is_behind_its_step():
    """Rays that come in steeply past a wall end on the wall: at its foot half of the aperture is blocked."""
    spacing, height = 0.1, 20.0
    x = (np.arange(1201) - 600) * spacing
    step = np.where(x < 0, height, 0.0) * np.ones((1201, 1))
    black_and_white = Texture(np.where(x < 0.2, 0.0, 1.0)[None], 1201 * spacing)
    scene = Scene([HeightField((0, 0, 0), step, spacing, black_and_white, up=(0, 0, 1))])
    image = render_focal_stack(scene, SCOPE.replace(in_focus_blur=0.0), (8, 41), lens_samples=128).radiance[0]
    profile = image.mean(axis=0)
    # Focused on the floor: a floor pixel at distance x sees w > -x / (height tan) of the aperture only.
    reach = height * np.tan(np.arcsin(0.3))
    for column in (22, 25, 28):
        c = (column - 20) * 0.5 / reach
        assert profile[column] == pytest.approx(
            0.5 + (np.arcsin(c) + c * np.sqrt(1 - c * c)) / np.pi, abs=0.02
        )
    assert profile[:20].max() < 0.02


def test_holes_let_the_background_through():
    alpha = np.ones((9, 9))
    alpha[3:6, 3:6] = 0
    fence = Texture(np.full((9, 9), 0.2), 0.09, alpha=alpha)
    depth = true_depth(Scene([WALL, Rectangle((0, 0, 1.0), fence, width=0.09, height=0.09)]), CAMERA, SHAPE)
    assert depth[20, 25] == np.float32(3.0)
    assert (depth == 1.0).sum() > 100


def test_texture_is_upright_and_in_its_place():
    image = np.zeros((2, 2, 3), np.float32)
    image[0, 0], image[0, 1], image[1, 0] = (1, 0, 0), (0, 1, 0), (0, 0, 1)
    texture = Texture(np.kron(image, np.ones((20, 20, 1))), 0.2)
    scene = Scene([WALL, Rectangle((0, 0, 1.0), texture, width=0.2, height=0.2)])
    stack = render_focal_stack(scene, CAMERA, SHAPE, lens_samples=16)
    assert stack.images.shape == (2, *SHAPE, 3)
    middle = stack.all_in_focus
    np.testing.assert_allclose(middle[17, 22], (1, 0, 0), atol=1e-6)
    np.testing.assert_allclose(middle[17, 27], (0, 1, 0), atol=1e-6)
    np.testing.assert_allclose(middle[22, 22], (0, 0, 1), atol=1e-6)


def test_lambert_and_shadow():
    light = Light(direction=(0, -1, -1), ambient=0.2, shadows=True)
    lid = Rectangle((0, -0.1, 0.9), GREY, width=0.1, height=0.05)
    stack = render_focal_stack(
        Scene([Rectangle((0, 0, 1.0), GREY), lid], light), CAMERA, SHAPE, lens_samples=16
    )
    lit = 0.5 * (0.2 + 0.8 * np.sqrt(0.5))
    values = stack.all_in_focus
    assert values[20, 2] == pytest.approx(lit, rel=1e-5)
    assert values[20, 25] == pytest.approx(0.5 * 0.2, rel=1e-5)  # the light's way to the middle meets the lid


@pytest.mark.parametrize("softness", [0.0, 0.3])
def test_soft_shadow_has_a_rim(softness):
    light = Light(direction=(0, 0, -1), ambient=0.2, softness=softness, shadows=True)
    lid = Rectangle((-1, 0, 0.8), GREY, width=2.0)
    scene = Scene([Rectangle((0, 0, 1.0), GREY), lid], light)
    row = render_focal_stack(scene, CAMERA, SHAPE, lens_samples=64).all_in_focus[20, 25:]
    rim = (row > 0.11) & (row < 0.95 * row.max())
    assert (rim.sum() > 5) == (softness > 0)


def test_edges_mark_jumps_in_depth_only():
    slanted = Rectangle((0, 0, 1.5), GREY, right=(1, 0, 0.5))
    assert not render_focal_stack(Scene([slanted]), CAMERA, SHAPE, lens_samples=2).edges.any()
    bar = Rectangle((0, 0, 0.9), GREY, width=0.03)
    edges = render_focal_stack(Scene([slanted, bar]), CAMERA, SHAPE, lens_samples=2).edges
    np.testing.assert_array_equal(edges.sum(axis=1), np.full(40, 4))


def test_same_seed_same_stack():
    scene = Scene([Rectangle((0, 0, 1.0), Texture(bundled_image("brick"), 0.3))])
    first, second, other = (
        render_focal_stack(scene, CAMERA, SHAPE, lens_samples=8, seed=seed, threads=threads).radiance
        for seed, threads in ((3, None), (3, 1), (4, None))
    )
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


def test_progress_is_told_and_may_stop_the_rendering():
    told = []
    scene = Scene([WALL])
    render_focal_stack(scene, CAMERA, SHAPE, lens_samples=1, progress=lambda f, m: told.append((f, m)))
    fractions = [fraction for fraction, _ in told]
    assert fractions == sorted(fractions)
    assert fractions[-1] == pytest.approx(1)
    assert told[-1][1] == "Plane 2 of 2"

    def stop(fraction, message):
        raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        render_focal_stack(scene, CAMERA, SHAPE, progress=stop)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lens_samples": 0}, "lens_samples"),
        ({"supersampling": 1.5}, "supersampling"),
        ({"threads": 0}, "threads"),
        ({"shape": (0, 5)}, "shape"),
        ({"magnification": [1.0]}, "magnification"),
        ({"optics": UncalibratedFocus(planes=2, blur_per_plane=1.0)}, "ThinLens or a Microscope"),
        ({"scene": Scene([Sphere((0, 0, 1), 0.01, GREY)])}, "background"),
    ],
)
def test_bad_arguments_are_named(change, message):
    arguments = {"scene": Scene([WALL]), "optics": CAMERA, "shape": SHAPE, **change}
    with pytest.raises(InputError, match=message):
        render_focal_stack(**arguments)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Scene([]), "at least one surface"),
        (lambda: Rectangle((0, 0, 1), GREY, right=(0, 0, 0)), "right"),
        (lambda: Rectangle((0, 0, 1), GREY, right=(0, 1, 0)), "down"),
        (lambda: Rectangle((0, 0, 1), GREY, width=0), "width"),
        (lambda: Rectangle((0, 0, 1), GREY, is_round=True), "finite"),
        (lambda: Sphere((0, 0, 1), -1, GREY), "radius"),
        (lambda: Cylinder((0, 0, 1), (0, 0, 1), 1, GREY), "different"),
        (lambda: HeightField((0, 0, 0), [[0, np.nan], [0, 0]], 1, GREY), "heights"),
        (lambda: HeightField((0, 0, 0), np.zeros((3, 3)), 1, GREY, up=(1, 0, 0)), "up"),
        (lambda: Light(ambient=2), "ambient"),
        (lambda: Light(softness=-1), "softness"),
        (lambda: Texture(np.zeros((2, 2, 4)), 1), "RGB"),
        (lambda: Texture([[-1.0]], 1), "negative"),
        (lambda: Texture(uniform(1), 0), "width"),
        (lambda: Texture(uniform(1), 1, wrap="clamp"), "wrap"),
        (lambda: Texture(uniform(1), 1, alpha=np.ones((2, 2))), "alpha"),
        (lambda: bundled_image("lena"), "bundled"),
    ],
)
def test_bad_scenes_are_named(make, message):
    with pytest.raises(InputError, match=message):
        make()
