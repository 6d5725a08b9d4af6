"""Motions measured against the sharp image of a stack."""

import numpy as np
import pytest
from moved_stacks import SHAPE, breathing, miss, relative, scene
from scipy.ndimage import affine_transform, gaussian_filter

from napari_defocus import align_focal_stack
from napari_defocus.alignment import Motion
from napari_defocus.alignment.matching import comparable
from napari_defocus.alignment.measuring import _votes
from napari_defocus.alignment.refining import refine
from napari_defocus.alignment.sharp_image import SharpImage, agreements, correlation

PLANES = 7


def slanted_stack(motions):
    """Planes of a scene that each is sharp in another column, as of a slanted board, moved by `motions`."""
    image = scene()
    across = np.linspace(0, len(motions) - 1, SHAPE[1])
    nearest = np.pad(across, 32, mode="edge")[None]
    planes = []
    for k, motion in enumerate(motions):
        levels = np.arange(0, 6.6, 0.5)
        blurred = [gaussian_filter(image, level) for level in levels]
        place = np.clip(np.broadcast_to(0.9 * np.abs(nearest - k) / 0.5, image.shape), 0, len(levels) - 1.001)
        low = place.astype(int)
        stack = np.stack(blurred)
        lower, upper = (np.take_along_axis(stack, (low + step)[None], 0)[0] for step in (0, 1))
        plane = lower + (place - low) * (upper - lower)
        matrix, offset = motion.inverse().affine(image.shape)
        planes.append(affine_transform(plane, matrix, offset, order=5, mode="reflect")[32:-32, 32:-32])
    return [plane.astype(np.float32) for plane in planes]


MOTIONS = breathing(PLANES, 0.012)
TRUE = relative(MOTIONS, PLANES // 2)


@pytest.fixture(scope="module")
def planes():
    return slanted_stack(MOTIONS)


@pytest.mark.parametrize("start", [[Motion()] * PLANES, TRUE], ids=["from nothing", "from the truth"])
def test_motions_are_found_against_the_sharp_image(planes, start):
    shares = []
    found, errors = refine(planes, start, PLANES // 2, "similarity", shares.append)
    assert max(miss(one, true) for one, true in zip(found, TRUE, strict=True)) < 0.06
    assert found[PLANES // 2] == Motion()
    assert errors[PLANES // 2] == 0
    assert 0 < max(errors) < 0.2
    assert shares == sorted(shares)
    assert shares[-1] <= 1


def test_only_what_is_free_is_found(planes):
    found, _ = refine(planes, [Motion()] * PLANES, PLANES // 2, "translation", lambda _: None)
    assert all(one.scale == pytest.approx(1) for one in found)
    assert all(one.rotation == pytest.approx(0) for one in found)


def test_planes_that_stand_still_stay(planes):
    still = slanted_stack([Motion()] * PLANES)
    found, _ = refine(still, [Motion()] * PLANES, PLANES // 2, "similarity", lambda _: None)
    assert max(one.largest(SHAPE) for one in found) < 0.05


def test_the_sharp_image_is_put_together_of_the_sharpest_planes(planes):
    sharp = SharpImage.of(planes, TRUE)
    middle = sharp.index[20:-20]
    assert np.abs(middle - np.linspace(0, PLANES - 1, SHAPE[1])).mean() < 0.5
    for plane in sharp.planes:
        assert correlation(comparable(sharp.like(plane)[0]), comparable(plane)) > 0.97


def test_windows_tell_the_true_motion_from_none_and_from_twice_of_it(planes):
    twice = [motion.after(motion) for motion in TRUE]
    still, moved, beyond = (
        agreements(planes, motions, [*TRUE, *twice]) for motions in ([Motion()] * PLANES, TRUE, twice)
    )
    votes = np.sum(_votes(TRUE, SHAPE, still, moved, beyond), axis=0)
    assert votes[2] > 20
    assert (votes[:2] > 0.8 * votes[2]).all()
    against = np.sum(_votes(TRUE, SHAPE, moved, still, beyond), axis=0)
    assert against[0] < 0.2 * against[2]
    assert np.mean([one.correlation for one in moved]) > np.mean([one.correlation for one in still])


def test_only_windows_that_move_against_their_source_are_asked(planes):
    """Of a stack of which one plane alone was moved, the others say nothing."""
    motions = [Motion(shift_x=3.0 if k == 2 else 0.0) for k in range(PLANES)]
    seen = agreements(planes, motions, motions)
    for k, (_, _, asked) in enumerate(_votes(motions, SHAPE, seen, seen, seen)):
        assert asked == pytest.approx(seen[k].weights[(seen[k].source == 2) != (k == 2)].sum())


@pytest.mark.parametrize("reference", [0, 2, 4])
def test_a_single_plane_that_was_pushed_is_found(reference):
    pushed = [Motion(shift_x=2.0 if k == 2 else 0.0) for k in range(5)]
    result = align_focal_stack(slanted_stack(pushed), reference=reference, motion="translation")
    assert result.changed
    for found, true in zip(result.planes, relative(pushed, reference), strict=True):
        assert miss(found.applied, true) < 0.1
