import numpy as np
import pytest
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from napari_defocus.io import read_focal_stack

CAMERA = {37386: 50.0, 33437: 8.0, 41486: 10000 / 12.0, 41488: 3, 40962: 17, 40963: 12}
MAKE = {271: "Maker", 272: "Model X"}


def write(folder, stack, per_plane=(), suffix=".jpg", camera=CAMERA, make=MAKE):
    for k, plane in enumerate(stack):
        exif = Image.Exif()
        exif.update(make)
        exif.get_ifd(34665).update(camera | (per_plane[k] if per_plane else {}))
        if suffix == ".tif":
            exif[34665] = 0  # Pillow writes the camera's table to a TIFF only where its place is marked
        Image.fromarray(plane).save(folder / f"{k}{suffix}", exif=exif)
    return folder


def distances(*metres):
    return [{37382: metre} for metre in metres]


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_complete_exif_makes_a_lens(tmp_path, make_stack, suffix):
    stack = read_focal_stack(write(tmp_path, make_stack(rgb=True), distances(1, 1.5, 2.5, 4), suffix))
    assert stack.focus == pytest.approx((1, 1.5, 2.5, 4))
    assert stack.unit == "m"
    lens = stack.optics
    assert stack.optics_from == "EXIF"
    assert lens.focal_length == pytest.approx(0.05)
    assert lens.aperture_diameter == pytest.approx(0.05 / 8)
    assert lens.pixel_pitch == pytest.approx(12e-6, rel=1e-4)
    camera = stack.metadata["camera"]
    assert camera == {"make": "Maker", "model": "Model X", "focal_length_mm": 50.0, "f_number": 8.0}
    assert stack.metadata["subject_distances"] == pytest.approx([1, 1.5, 2.5, 4])


def test_without_distances_the_parts_are_in_the_metadata(tmp_path, make_stack):
    stack = read_focal_stack(write(tmp_path, make_stack()))
    assert stack.optics is None
    assert stack.focus is None
    assert stack.metadata["pixel_pitch_um"] == pytest.approx(12, rel=1e-4)
    assert "subject_distances" not in stack.metadata


@pytest.mark.parametrize(("unit", "per_unit"), [(2, 25400), (3, 10000), (4, 1000), (5, 1), (None, 25400)])
def test_units_of_the_sensor_resolution(tmp_path, make_stack, unit, per_unit):
    camera = CAMERA | {41486: IFDRational(per_unit * 1000, 4000)}  # 4 um
    camera = {key: value for key, value in camera.items() if key != 41488}
    if unit is not None:
        camera[41488] = unit
    stack = read_focal_stack(write(tmp_path, make_stack(), camera=camera))
    assert stack.metadata["pixel_pitch_um"] == pytest.approx(4, rel=1e-6)


@pytest.mark.parametrize(
    ("size", "pitch"),
    [
        ((34, 24), 24),  # twice the pixels on the sensor: each of ours is two wide
        ((24, 34), 24),  # the same, and turned
        ((51, 36), 36),
        ((17, 40), None),  # cropped: unknown
    ],
)
def test_resizing_is_taken_into_account(tmp_path, make_stack, size, pitch):
    camera = CAMERA | {40962: size[0], 40963: size[1]}
    metadata = read_focal_stack(write(tmp_path, make_stack(), camera=camera)).metadata
    if pitch is None:
        assert "pixel_pitch_um" not in metadata
    else:
        assert metadata["pixel_pitch_um"] == pytest.approx(pitch, rel=1e-4)


def test_unknown_size_on_the_sensor_keeps_the_pitch(tmp_path, make_stack):
    camera = {key: value for key, value in CAMERA.items() if key not in (40962, 40963)}
    metadata = read_focal_stack(write(tmp_path, make_stack(), camera=camera)).metadata
    assert metadata["pixel_pitch_um"] == pytest.approx(12, rel=1e-4)


@pytest.mark.parametrize(
    "change",
    [
        {41486: IFDRational(0, 1)},
        {41486: IFDRational(1, 0)},
        {41486: 72.0, 41488: 2},  # a print's resolution: pixels of 353 um
        {41488: 9},
    ],
)
def test_nonsense_counts_as_unknown(tmp_path, make_stack, change):
    stack = read_focal_stack(write(tmp_path, make_stack(), distances(1, 2, 3, 4), camera=CAMERA | change))
    assert "pixel_pitch_um" not in stack.metadata
    assert stack.optics is None
    assert stack.focus == (1, 2, 3, 4)


def test_infinite_or_missing_distance_leaves_the_focus_unknown(tmp_path, make_stack):
    per_plane = distances(1, 2, 3, IFDRational(0xFFFFFFFF, 1))
    stack = read_focal_stack(write(tmp_path, make_stack(), per_plane))
    assert stack.focus is None
    assert stack.optics is None


@pytest.mark.parametrize("metres", [(2, 2, 2, 2), (1, 2, 2, 3)])
def test_repeated_distances_leave_the_focus_unknown(tmp_path, make_stack, metres):
    stack = read_focal_stack(write(tmp_path, make_stack(), distances(*metres)))
    assert stack.focus is None
    assert stack.optics is None
    assert "subject_distances" not in stack.metadata


def test_what_differs_between_planes_is_left_out(tmp_path, make_stack):
    per_plane = [{37386: focal} for focal in (50.0, 50.0, 50.0, 55.0)]
    camera = read_focal_stack(write(tmp_path, make_stack(), per_plane)).metadata["camera"]
    assert "focal_length_mm" not in camera
    assert camera["f_number"] == 8


def test_lens_that_cannot_be_is_no_optics(tmp_path, make_stack):
    stack = read_focal_stack(write(tmp_path, make_stack(), distances(0.01, 0.02, 0.03, 0.04)))
    assert stack.optics is None
    assert stack.metadata["camera"]["focal_length_mm"] == 50


@pytest.mark.parametrize("block", [b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense" * 10])
def test_broken_exif_does_not_keep_the_pixels_back(tmp_path, make_stack, block):
    expected = make_stack(rgb=True)
    for k, plane in enumerate(expected):
        Image.fromarray(plane).save(tmp_path / f"{k}.png", exif=block)
    stack = read_focal_stack(tmp_path)
    np.testing.assert_array_equal(stack.images, expected)
    assert "camera" not in stack.metadata


def test_tiff_of_a_scanner_has_no_camera(tmp_path, make_stack):
    for k, plane in enumerate(make_stack()):
        tifffile.imwrite(tmp_path / f"{k}.tif", plane, resolution=(300, 300), resolutionunit=2)
    assert set(read_focal_stack(tmp_path).metadata) == {"names"}
