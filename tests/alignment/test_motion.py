import numpy as np
import pytest
from moved_stacks import scene

from napari_defocus.alignment import Motion, warping
from napari_defocus.alignment.warping import common_frame, move

MOTION = Motion(scale=1.03, rotation=4.0, shift_y=-2.0, shift_x=5.0)
SHAPE = (40, 60)


def test_a_motion_and_its_inverse_are_none():
    back = MOTION.inverse().after(MOTION)
    assert (back.scale, back.rotation) == pytest.approx((1, 0))
    assert (back.shift_y, back.shift_x) == pytest.approx((0, 0))


def test_rotation_turns_right_to_down():
    matrix, offset = Motion(rotation=90.0).affine(SHAPE)
    right_of_the_centre = np.array([19.5, 29.5 + 10])
    np.testing.assert_allclose(matrix @ right_of_the_centre + offset, [29.5, 29.5])


def test_the_largest_way_is_that_of_a_corner():
    assert Motion(shift_x=3.0, shift_y=4.0).largest(SHAPE) == pytest.approx(5)
    assert Motion(scale=1.1).largest((41, 61)) == pytest.approx(0.1 * np.hypot(20, 30))


def test_planes_are_moved_back_by_the_motion():
    image = np.zeros(SHAPE)
    image[12, 33] = 1
    moved = move(image, Motion(shift_y=2.0, shift_x=3.0))
    assert np.unravel_index(moved.argmax(), SHAPE) == (10, 30)
    np.testing.assert_array_equal(move(image, Motion()), image)


def test_values_stay_within_those_of_the_plane():
    image = (scene(SHAPE)[32:-32, 32:-32] > 0.5).astype(np.uint8) * 255
    moved = move(image, Motion(shift_x=0.5))
    assert moved.dtype == np.uint8
    assert (moved.min(), moved.max()) == (0, 255)


@pytest.mark.parametrize("period", [2.5, 3.0, 8.0])
def test_detail_keeps_its_contrast_half_way_between_pixels(period):
    rows, columns = np.indices((64, 80))
    wave = np.cos(2 * np.pi * (columns * 0.8 + rows * 0.6) / period)
    moved = move(wave, Motion(shift_x=0.5, shift_y=0.5))[12:-12, 12:-12]
    assert moved.std() == pytest.approx(wave.std(), rel=0.02)


def test_noise_stays_as_it_is_half_way_between_pixels():
    """Splines of order 5 alone leave .85 of it; planes that stay where they are have all."""
    noise = np.random.default_rng(0).normal(size=(64, 80))
    moved = move(noise, Motion(shift_x=0.5, shift_y=0.5))[12:-12, 12:-12]
    assert 0.88 * noise.std() < moved.std() < noise.std()


def test_a_flat_plane_stays_flat():
    for value, kind in ((0.3, np.float64), (0.3, np.float32), (200, np.uint8), (60000, np.uint16)):
        moved = move(np.full(SHAPE, value, kind), MOTION)
        assert moved.dtype == kind
        np.testing.assert_allclose(moved, np.full(SHAPE, value, kind), rtol=1e-6)


def test_bands_leave_no_seam(monkeypatch):
    image = scene(SHAPE)
    whole = move(image, MOTION)
    monkeypatch.setattr(warping, "BAND", 7)
    np.testing.assert_allclose(move(image, MOTION), whole, atol=1e-9)


def test_beyond_the_border_is_the_mirror_image():
    image = np.random.default_rng(0).random(SHAPE)
    moved = move(image, Motion(shift_x=-4.0))
    np.testing.assert_allclose(moved[:, :4], image[:, 3::-1], atol=1e-6)


def test_the_common_frame_is_what_all_planes_show():
    assert common_frame([Motion()], SHAPE) == ((0, 40), (0, 60))
    frame = common_frame([Motion(shift_y=2.5), Motion(shift_x=-4.0)], SHAPE)
    assert frame == ((0, 37), (4, 60))
    (top, bottom), (left, right) = common_frame([MOTION, Motion(scale=0.95)], SHAPE)
    for motion in (MOTION, Motion(scale=0.95)):
        matrix, offset = motion.affine(SHAPE)
        for corner in ((top, left), (top, right - 1), (bottom - 1, left), (bottom - 1, right - 1)):
            row, column = matrix @ corner + offset
            assert -1e-6 <= row <= 39 + 1e-6
            assert -1e-6 <= column <= 59 + 1e-6
