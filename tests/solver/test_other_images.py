import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from napari_defocus import SolverSettings, UncalibratedFocus, depth_from_focus, solve
from napari_defocus.errors import CancelledError, InputError
from napari_defocus.solver.other_images import image_at_depth

PLANES, SIDE = 6, 64
OPTICS = UncalibratedFocus(planes=PLANES, blur_per_plane=1.0)


def ramp_stack(seed, gain=1.0):
    """Sharp image and stack of a texture whose depth grows along the columns."""
    texture = gain * np.random.default_rng(seed).random((SIDE, SIDE)).astype(np.float32)
    depth = np.linspace(0.5, PLANES - 1.5, SIDE)
    levels = np.stack([gaussian_filter(texture, max(s, 0.01), mode="reflect") for s in np.arange(0, 6, 0.25)])
    stack = np.empty((PLANES, SIDE, SIDE), np.float32)
    for plane in range(PLANES):
        level = np.clip(np.abs(depth - plane) * 4, 0, len(levels) - 1.001)
        low = level.astype(int)
        share = (level - low)[None, :]
        columns = np.arange(SIDE)
        stack[plane] = (1 - share) * levels[low, :, columns].T + share * levels[low + 1, :, columns].T
    return texture, stack


@pytest.fixture(scope="module")
def results():
    _, stack = ramp_stack(0)
    settings = SolverSettings(epochs=2)
    return {"focus": depth_from_focus(stack, window=5), "defocus": solve(stack, OPTICS, settings)}


@pytest.mark.parametrize("method", ["focus", "defocus"])
def test_image_of_another_channel_is_sharper_than_any_plane(results, method):
    sharp, stack = ramp_stack(1, gain=0.2)
    image = image_at_depth(stack, results[method], white=1.0)
    inner = np.s_[8:-8, 8:-8]
    error = np.sqrt(((image - sharp)[inner] ** 2).mean())
    planes = [np.sqrt(((plane - sharp)[inner] ** 2).mean()) for plane in stack]
    assert image.shape == (SIDE, SIDE)
    assert error < 0.6 * min(planes)


def test_the_same_stack_gives_the_image_of_the_run(results):
    _, stack = ramp_stack(0)
    image = image_at_depth(stack, results["defocus"], white=float(stack.max()))
    differences = [
        np.sqrt(((other / stack.max() - results["defocus"].all_in_focus) ** 2).mean()) for other in stack
    ]
    assert np.sqrt(((image - results["defocus"].all_in_focus) ** 2).mean()) < 0.4 * min(differences)


def test_colour(results):
    _, stack = ramp_stack(1)
    colour = np.stack([stack, stack / 2, stack / 4], axis=-1)
    for result in results.values():
        image = image_at_depth(colour, result, white=1.0)
        assert image.shape == (SIDE, SIDE, 3)
        np.testing.assert_allclose(image[..., 1], image[..., 0] / 2, atol=0.02)


def test_planes_in_falling_order():
    _, stack = ramp_stack(0)
    result = depth_from_focus(stack[::-1], positions=list(range(PLANES))[::-1], window=5)
    rising = depth_from_focus(stack, window=5)
    np.testing.assert_allclose(
        image_at_depth(stack[::-1], result, white=1.0), image_at_depth(stack, rising, white=1.0), atol=1e-6
    )


@pytest.mark.parametrize(
    ("stack", "message"),
    [
        (np.zeros((PLANES, 32, 32), np.uint8), "give a stack of the same scene"),
        (np.zeros((PLANES - 1, SIDE, SIDE), np.uint8), "5 planes"),
    ],
)
def test_other_scenes_are_refused(results, stack, message):
    for result in results.values():
        with pytest.raises(InputError, match=message):
            image_at_depth(stack, result)


def test_progress_may_stop_it(results):
    def stop(share):
        assert 0 <= share <= 1
        raise CancelledError

    _, stack = ramp_stack(0)
    for result in results.values():
        with pytest.raises(CancelledError):
            image_at_depth(stack, result, progress=stop)
