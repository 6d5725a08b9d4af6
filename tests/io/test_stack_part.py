"""Parts of the images: rectangles with a rim, joined pixels, and what is recorded of them."""

import json

import numpy as np
import pytest

from napari_defocus import ThinLens
from napari_defocus.errors import InputError
from napari_defocus.io.parameters import load_run
from napari_defocus.io.stack_part import RIM, StackPart, cut, joined, with_rim

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 2.0, 3.0])


def recorded(folder, **values):
    run = {"optics": LENS.to_dict(), "settings": {}} | values
    (folder / "parameters.json").write_text(json.dumps(run))
    return load_run(folder)


def test_the_rim_ends_where_the_images_do():
    wider, inside = with_rim((slice(5, 30), slice(60, 95)), (200, 100))
    assert wider == (slice(0, 30 + RIM), slice(60 - RIM, 100))
    images = np.random.default_rng(0).random((2, 200, 100))
    np.testing.assert_array_equal(cut(cut(images, wider), inside), images[:, 5:30, 60:95])


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_joined_pixels_are_means(dtype):
    images = (100 * np.random.default_rng(0).random((2, 7, 8, 3))).astype(dtype)
    small = np.asarray(joined(images, 3))
    assert small.dtype == dtype
    mean = images[1, 3:6, :3, 2].mean(dtype=float)
    assert small.shape == (2, 2, 2, 3)
    assert small[1, 1, 0, 2] == pytest.approx(round(mean) if dtype == "uint8" else mean)


def test_what_is_recorded_of_a_part_is_read_back(tmp_path):
    for part in (
        StackPart(),
        StackPart((slice(2, 50), slice(3, 70))),
        StackPart((slice(2, 50), slice(3, 70)), 4),
        StackPart(None, 2),
    ):
        assert recorded(tmp_path, **part.to_dict()).part == part
        assert part.is_whole == (part == StackPart())


def test_a_part_in_words():
    assert StackPart().in_words == ""
    assert StackPart((slice(2, 50), slice(3, 70))).in_words == "a region (rows 2 to 49, columns 3 to 69)"
    assert StackPart((slice(2, 50), slice(3, 70)), 4).in_words.startswith(
        "a preview (4 x 4 px joined) of a region (rows"
    )


def test_optics_of_the_whole_have_the_stacks_own_pixels(tmp_path):
    assert recorded(tmp_path, binning=3).whole_optics.pixel_pitch == pytest.approx(LENS.pixel_pitch / 3)
    assert recorded(tmp_path).whole_optics == LENS


@pytest.mark.parametrize("values", [{"region": [1, 2]}, {"binning": "many"}])
def test_a_damaged_record_of_the_part_is_told(values, tmp_path):
    with pytest.raises(InputError, match="what part of the images"):
        recorded(tmp_path, **values)


def test_the_motion_of_an_alignment_is_read_back(tmp_path):
    assert recorded(tmp_path, alignment={"motion": "breathing"}).motion == "breathing"
    assert recorded(tmp_path, alignment=None).motion is None
