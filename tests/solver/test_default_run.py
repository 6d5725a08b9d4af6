"""What the default settings promise of whole runs: sharpening, no harm to sharp stacks, depth edges."""

import numpy as np
import pytest
from scipy import ndimage
from stacks import PAPER, model_stack, ramp, texture

from napari_defocus import SolverSettings, ThinLens, alternating_minimization, solve
from napari_defocus.simulation import Rectangle, Scene, Sensor, View, render_focal_stack
from napari_defocus.simulation.textures import Texture
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.observations import load_stack

SHAPE = (96, 120)
RANGE = (0.9, 6.0)
LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.25, 1.67, 2.5, 5.0])
INNER = (slice(8, -8), slice(8, -8))


def coarse_texture():
    """Texture of which a blur of 2 px leaves something to bring back, (Y, X)."""
    rng = np.random.default_rng(7)
    image = sum(
        layer / layer.std()
        for layer in (ndimage.gaussian_filter(rng.standard_normal(SHAPE), s) for s in (3, 6))
    )
    return ((image - image.min()) / np.ptp(image)).astype(np.float32)


def first_and_last(image, optics, noise, kernel):
    """Accuracy of the image, dB, and mean error of the depth, 1 / m, at the start and the end of a run."""
    depth = ramp((1.0, 5.0), SHAPE)
    stack = model_stack(optics, depth, image[None], RANGE, kernel=kernel)
    stack = stack + noise * np.random.default_rng(0).standard_normal(stack.shape)
    settings = SolverSettings(depth_range=RANGE, white=1.0, blur_kernel=kernel)
    first, *_, last = alternating_minimization(stack, optics, settings)

    def figures(state):
        square = ((state.all_in_focus - image)[INNER] ** 2).mean()
        return -10 * np.log10(square), np.abs(1 / state.depth - 1 / depth)[INNER].mean()

    return figures(first), figures(last), last.losses


@pytest.mark.parametrize("noise", [0.0005, 0.002])
def test_a_stack_that_is_never_sharp_is_sharpened_where_noise_is_low(noise):
    optics = LENS.replace(min_blur=2.0)
    first, last, losses = first_and_last(coarse_texture(), optics, noise, "gaussian")
    assert last[0] > first[0] + 2.5
    assert last[1] < 0.3 * first[1]
    assert (np.diff(losses) <= 0).all()


@pytest.mark.parametrize("noise", [0.02, 0.05])
def test_a_noisy_sharp_stack_is_not_made_worse(noise):
    optics = LENS.replace(blur_scale=0.5)
    first, last, losses = first_and_last(texture(SHAPE, seed=7)[0], optics, noise, "disc")
    assert last[0] > first[0] - 0.2
    assert last[1] < 1.3 * first[1]
    assert (np.diff(losses) <= 0).all()


CAMERA = ThinLens.from_camera(50, 4, 30, [1.0, 1.2, 1.5, 2.0, 3.0], blur_scale=0.5)


@pytest.fixture(scope="module")
def card():
    """A card 1.2 m away before a wall at 3 m, with noise; pixels within 6 px of the card's rim."""
    shape = (90, 110)
    pixel = View.of(CAMERA, shape).scale

    def surface(depth, seed, **size):
        pattern = np.moveaxis(texture((400, 400), seed=seed), 0, -1)
        return Rectangle((0, 0, depth), Texture(pattern, 400 * pixel * depth), **size)

    size = {"width": 50 * pixel * 1.2, "height": 40 * pixel * 1.2}
    scene = Scene([surface(3.0, 1), surface(1.2, 2, **size)])
    sensor = Sensor(bits=8, read_noise=0.01)
    stack = render_focal_stack(scene, CAMERA, shape, lens_samples=32, sensor=sensor, seed=0)
    return stack, ndimage.distance_transform_edt(~stack.edges) <= 6


def test_labels_at_a_depth_edge_are_sharper_than_in_the_paper(card):
    stack, rim = card
    observations = load_stack(stack.images)
    planes = np.array(CAMERA.focus_distances)
    truth = np.abs(stack.depth[..., None] - planes).argmin(-1)
    found, published = (
        start_of(observations, CAMERA, settings).labels != truth for settings in (SolverSettings(), PAPER)
    )
    assert found[rim].mean() < 0.07
    assert found[rim].mean() < 0.9 * published[rim].mean()
    assert found[~rim].mean() < 0.001


@pytest.mark.parametrize(("occlusion", "most"), [(True, 1.0), (False, 0.8)])  # the search mends either start
def test_depth_at_an_edge_is_sharper_than_from_the_published_start(card, occlusion, most):
    """Share of pixels at the rim whose depth is that of the wrong side."""
    stack, rim = card
    half = 0.5 * (1 / 1.2 - 1 / 3.0)

    def wrong_at_rim(settings):
        depth = solve(stack.images, CAMERA, settings.replace(occlusion=occlusion)).depth
        return (np.abs(1 / depth - 1 / stack.depth) > half)[rim].mean()

    published = PAPER.replace(image_prior=1.0)
    assert wrong_at_rim(SolverSettings()) < most * wrong_at_rim(published)
