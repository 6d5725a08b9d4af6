import numpy as np
import pytest
from moved_stacks import scene

from napari_defocus.alignment import Motion
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
