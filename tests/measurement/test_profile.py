import csv

import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus.errors import InputError
from napari_defocus.measurement import depth_profile, write_profile

RAMP = np.add.outer(10.0 * np.arange(6), np.arange(8.0))  # 10 a row, 1 a column


def test_along_a_row():
    profile = depth_profile(RAMP, [(2, 1), (2, 5)], pixel_size=(3.0, 0.5))
    assert_allclose(profile.distance, [0, 0.5, 1, 1.5, 2])
    assert_allclose(profile.depth, [21, 22, 23, 24, 25])
    assert_allclose(profile.points[-1], (2, 5))


def test_slanted_line_is_measured_in_the_unit_of_the_pixels():
    profile = depth_profile(RAMP, [(0, 0), (3, 4)], pixel_size=(2.0, 2.0))
    assert profile.distance[-1] == pytest.approx(10)  # 3, 4, 5
    assert_allclose(np.diff(profile.distance), 2.0)
    assert_allclose(profile.depth, np.linspace(0, 34, 6), atol=1e-9)


def test_pixels_that_are_not_square():
    profile = depth_profile(RAMP, [(0, 0), (3, 4)], pixel_size=(4.0, 4.0 / 3))
    assert profile.distance[-1] == pytest.approx(np.hypot(12, 16 / 3))


def test_corner_counts_once():
    profile = depth_profile(RAMP, [(0, 0), (0, 3), (0, 3), (2, 3)])
    assert_allclose(profile.distance, [0, 1, 2, 3, 4, 5])
    assert_allclose(profile.depth, [0, 1, 2, 3, 13, 23])


def test_no_depth_where_there_is_none():
    depth = RAMP.copy()
    depth[2, 3] = np.nan
    profile = depth_profile(depth, [(2, 1), (2, 9)])
    assert_allclose(np.isnan(profile.depth), [0, 0, 1, 0, 0, 0, 0, 1, 1])


def test_mean_over_the_width_leaves_out_holes():
    depth = RAMP.copy()
    depth[1, 3] = np.nan
    profile = depth_profile(depth, [(2, 1), (2, 5)], width=3)
    assert_allclose(profile.depth, [21, 22, (23 + 33) / 2, 24, 25])


@pytest.mark.parametrize(
    ("line", "width", "says"),
    [
        ([(1, 1)], 1, "two corners"),
        ([(1, 1), (1, 1)], 1, "no length"),
        ([(0, 0), (1, 1)], 0, "at least 1 px"),
    ],
)
def test_refused(line, width, says):
    with pytest.raises(InputError, match=says):
        depth_profile(RAMP, line, width=width)


def test_csv(tmp_path):
    depth = RAMP.copy()
    depth[2, 3] = np.nan
    profiles = {
        1: depth_profile(depth, [(2, 2), (2, 4)], pixel_size=(0.5, 0.5)),
        2: depth_profile(RAMP, [(0, 0), (1, 0)]),
    }
    path = tmp_path / "profile.csv"
    write_profile(path, profiles, unit="um", length_unit="µm")
    with path.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == ["line", "distance (µm)", "depth (um)", "row (px)", "column (px)"]
    assert [row["depth (um)"] for row in rows] == ["22", "", "24", "0", "10"]
    assert [float(row["distance (µm)"]) for row in rows] == [0, 0.5, 1, 0, 1]
    assert [row["line"] for row in rows] == ["1", "1", "1", "2", "2"]
