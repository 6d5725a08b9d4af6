import csv

import numpy as np
import pytest

from napari_defocus import InputError
from napari_defocus.io import depth_profile, save_profile

RAMP = np.add.outer(np.zeros(20), 0.25 * np.arange(30))


def test_a_ramp_is_read_along_its_slope():
    profile = depth_profile(RAMP, [(5, 2), (5, 22)], "um", pixel_size=0.65)
    np.testing.assert_allclose(profile.distance, 0.65 * np.arange(21))
    np.testing.assert_allclose(profile.depth, 0.25 * np.arange(2, 23))
    assert (profile.distance_unit, profile.unit) == ("um", "um")


def test_a_slanted_line_over_oblong_pixels():
    profile = depth_profile(RAMP, [(3, 0), (6, 4)], "m", pixel_size=(2.0, 1.0), distance_unit="mm")
    assert profile.distance[-1] == pytest.approx(np.hypot(6, 4))
    np.testing.assert_allclose(profile.depth, 0.25 * profile.columns)
    assert profile.distance_unit == "mm"


def test_corners_of_a_path_are_among_the_points():
    profile = depth_profile(RAMP, [(0, 0), (0, 2.5), (7, 2.5)], "plane")
    assert profile.distance[-1] == pytest.approx(9.5)
    assert profile.distance_unit == "px"
    corner = np.flatnonzero(np.isclose(profile.distance, 2.5))
    assert len(corner) == 1
    assert profile.depth[corner[0]] == pytest.approx(0.625)
    assert (np.diff(profile.distance) > 0).all()


def test_csv_names_its_units_and_leaves_gaps_empty(tmp_path):
    depth = RAMP.copy()
    depth[5, 10] = np.nan
    path = save_profile(
        depth_profile(depth, [(5, 8), (5, 12)], "um", pixel_size=2), tmp_path / "new/line.csv"
    )
    with path.open(newline="") as stream:
        header, *rows = csv.reader(stream)
    assert header == ["distance (um)", "depth (um)", "row (px)", "column (px)"]
    assert [row[0] for row in rows] == ["0", "2", "4", "6", "8"]
    assert [row[1] for row in rows] == ["2", "2.25", "", "2.75", "3"]
    assert rows[-1][2:] == ["5", "12"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([(1, 1)], "two or more points"),
        ([(1, 1), (1, np.nan)], "two or more points"),
        ([(1, 1), (1, 1)], "no length"),
        ([(1, 1), (1, 30)], "leaves the depth map of 30 x 20"),
    ],
)
def test_bad_lines_are_named(line, message):
    with pytest.raises(InputError, match=message):
        depth_profile(RAMP, line, "um")
