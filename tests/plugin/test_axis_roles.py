import numpy as np
import pytest

from napari_defocus.plugin.axis_roles import guess_channel_axis, guess_plane_axis, roles_of

NONE3, NONE4 = ("-3", "-2", "-1"), ("-4", "-3", "-2", "-1")


@pytest.mark.parametrize(
    ("shape", "labels", "planes", "axis"),
    [
        ((30, 512, 512), NONE3, None, 0),
        ((100, 64, 64), NONE3, None, 0),  # more planes than rows
        ((512, 480, 30), NONE3, None, 2),  # planes last
        ((512, 30, 480), NONE3, None, 1),
        ((1, 480, 512), NONE3, None, 0),
        ((480, 512, 1), NONE3, None, 2),
        ((3, 1, 48, 48), NONE4, None, 0),
        ((90, 80, 64), NONE3, None, None),  # nothing tells
        ((5, 7, 64, 64), NONE4, None, None),  # time or planes?
        ((5, 7, 64, 64), NONE4, 7, 1),  # the optics tell
        ((5, 5, 64, 64), NONE4, 5, None),
        ((480, 512, 30), ("y", "x", "z"), None, 2),
        ((480, 512, 30), ("Y", "X", "Q"), None, 2),
        ((5, 7, 64, 64), ("t", "z", "y", "x"), None, 1),
        ((7, 5, 64, 64), ("plane", "time", "y", "x"), None, 0),
        ((5, 7, 64, 64), ("t", "-3", "y", "x"), None, 1),
        ((5, 7, 64, 64), ("t", "-3", "-2", "-1"), None, 1),
        ((64, 64, 3), ("z", "y", "x"), None, 0),
        ((3, 2, 5, 64, 64), ("t", "c", "z", "y", "x"), None, 2),
        ((64, 64, 6), ("slice", "slice", "x"), None, None),
    ],
)
def test_plane_axis(shape, labels, planes, axis):
    assert guess_plane_axis(shape, labels, planes)[0] == axis


@pytest.mark.parametrize(
    ("shape", "labels", "axis"),
    [
        ((5, 7, 64, 64), NONE4, None),
        ((5, 64, 64, 3), NONE4, 3),  # colours that napari did not see as such
        ((5, 20, 20, 4), NONE4, 3),
        ((5, 64, 64, 3), ("t", "z", "y", "x"), None),  # narrow images
        ((2, 5, 64, 64), ("c", "z", "y", "x"), 0),
        ((1, 5, 64, 64), ("c", "z", "y", "x"), None),
        ((64, 64, 3), NONE3, None),  # three planes, last
    ],
)
def test_channel_axis(shape, labels, axis):
    assert guess_channel_axis(shape, labels, None) == axis


@pytest.mark.parametrize(
    ("labels", "plane", "channel", "spatial", "others"),
    [
        (("t", "z", "y", "x"), 1, None, (2, 3), (0,)),
        (("-4", "-3", "-2", "-1"), 3, None, (1, 2), (0,)),
        (("x", "y", "z", "t"), 2, None, (0, 1), (3,)),
        (("-4", "-3", "-2", "-1"), 0, 3, (1, 2), ()),
    ],
)
def test_roles(labels, plane, channel, spatial, others):
    roles = roles_of((5, 6, 7, 8), labels, plane, channel)
    assert (roles.rows, roles.columns) == spatial
    assert roles.others == others
    everything = [roles.plane, roles.rows, roles.columns, *roles.others, *roles.single]
    everything += [] if channel is None else [channel]
    np.testing.assert_array_equal(sorted(everything), range(4))
