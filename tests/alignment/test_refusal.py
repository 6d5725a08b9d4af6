from dataclasses import replace

import numpy as np
import pytest
from moved_stacks import SHAPE, moved_stack

from napari_defocus import align_focal_stack
from napari_defocus.alignment import Motion, PlaneAlignment
from napari_defocus.alignment.judging import judge, objection, stays, summary

CENTRE = PlaneAlignment(Motion(), 0.0, 0.0, 0.0, 1.0, 1.0, False)


def plane(motion, *, error=0.02, strain=0.05, before=0.8, after=0.95, votes=(90, 90, 100)):
    return PlaneAlignment(motion, motion.largest(SHAPE), error, strain, before, after, False, votes=votes)


GOOD = plane(Motion(1.01, 0.0, 0.0, 1.0))


def judged(second):
    reason = objection(second, 1, SHAPE)
    second = replace(second, note=stays(2, reason) if reason else "")
    return judge([CENTRE, GOOD, second], 0)


def test_a_good_plane_is_moved():
    assert [found.accepted for found in judged(GOOD)] == [False, True, True]


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (plane(Motion(scale=1.06)), "scale of +6.0 %"),
        (plane(Motion(rotation=-7.0)), "-7.0 degrees"),
        (plane(Motion(shift_x=40.0)), "shift of 40 px"),
        (plane(Motion(shift_x=10.0), error=3.0), "better than 3.0 px"),
        (plane(Motion(shift_x=10.0), strain=4.0), "contradict each other by 4.0 px"),
        (plane(Motion(shift_x=10.0), after=0.7), "agree less with the others"),
        (plane(Motion(shift_x=10.0), before=0.0, after=0.1), "agrees too little with plane 1"),
    ],
)
def test_a_plane_that_is_better_left_alone_is_named(second, said):
    found = judged(second)
    assert [item.accepted for item in found] == [False, True, False]
    assert found[2].applied == Motion()
    assert found[2].note.startswith("Plane 2 stays as it is: ")
    assert said in found[2].note


def test_motion_below_its_error_is_none():
    found = judge([CENTRE, plane(Motion(shift_x=1.0), error=0.5)], 0)
    assert not any(item.accepted for item in found)
    assert "aligned already" in summary(found)


@pytest.mark.parametrize(
    "votes",
    [(52, 90, 100), (70, 46, 100), (0, 0, 0)],
    ids=["hardly better", "still better beyond", "not compared"],
)
def test_planes_that_do_not_agree_best_when_moved_stay(votes):
    found = judge([CENTRE, plane(Motion(shift_x=1.0), votes=votes)], 0)
    assert not any(item.accepted for item in found)
    assert "count as aligned" in summary(found)


@pytest.mark.parametrize("seed", [7, 8])
def test_a_plane_of_another_scene_stays_as_it_is(seed):
    images = moved_stack([Motion(shift_x=2.0 * k) for k in range(4)], blur=[1.0] * 4)
    images[3] = moved_stack([Motion()], blur=[1.0], seed=seed)[0]
    result = align_focal_stack(images, reference=0)
    np.testing.assert_array_equal(result.images[3], images[3])
    assert any(note.startswith("Plane 3 stays as it is") for note in result.notes)
    assert [found.accepted for found in result.planes] == [False, True, True, False]


def test_empty_planes_are_not_moved():
    images = np.zeros((3, *SHAPE), np.uint8)
    images[1] = 90
    assert align_focal_stack(images).images is images
