"""MobileDepth: aligned photographs, the calibration as text, and OpenCV's matrices."""

import numpy as np
import pytest
from official_files import HEIGHT, WIDTH, write_matrix, write_mobiledepth
from skimage.transform import resize

from napari_defocus.datasets import load_mobiledepth, scene_keys
from napari_defocus.datasets.mobiledepth import CALIBRATION_FOLDERS, read_calibration
from napari_defocus.datasets.opencv_matrix import read_matrix
from napari_defocus.errors import InputError


def test_a_scene_is_sorted_by_focus_halved_and_turned(tmp_path):
    images = write_mobiledepth(tmp_path, "keyboard")  # at 90, 20, 35 and 200
    scene = load_mobiledepth(tmp_path, "keyboard")
    assert scene.optics.focus_distances == (20, 35, 90, 200)
    assert scene.optics.focal_length == 8.25
    assert scene.optics.aperture_diameter == 3.5
    assert scene.optics.pixel_pitch == 1.5
    assert scene.optics.depth_unit == "dimensionless"
    assert scene.stack.shape == (4, WIDTH // 2, HEIGHT // 2, 3)
    for plane, index in zip(scene.stack, (1, 2, 0, 3), strict=True):
        half = resize(images[index] / 255, (HEIGHT // 2, WIDTH // 2), order=1, anti_aliasing=True)
        assert np.abs(plane - half[::-1].swapaxes(0, 1)).mean() < 0.01  # clockwise: the last row comes first
    assert scene.truth is None
    reference = scene.reference  # rises along rows and, faster, columns of the file
    assert reference.shape == scene.stack.shape[1:3]
    assert reference[0, 0] > reference[0, -1]
    assert reference[0, 0] < reference[-1, 0]


@pytest.mark.parametrize(("scene", "folder"), sorted(CALIBRATION_FOLDERS.items()))
def test_calibrations_under_other_names(tmp_path, scene, folder):
    write_mobiledepth(tmp_path, scene, folder, group="Figure6")
    assert load_mobiledepth(tmp_path, scene).optics.planes == 4
    assert scene_keys("mobiledepth", tmp_path) == [(scene,)]


def test_missing_and_unknown_scenes(tmp_path):
    with pytest.raises(InputError, match="Depth from Focus with Your Mobile Phone"):
        scene_keys("mobiledepth", tmp_path)
    with pytest.raises(InputError, match=r"keyboard.*download"):
        load_mobiledepth(tmp_path, "keyboard")
    with pytest.raises(InputError, match="kitchen"):  # it has no calibration
        load_mobiledepth(tmp_path, "kitchen")


def test_another_number_of_images_than_distances(tmp_path):
    write_mobiledepth(tmp_path, "keyboard")
    next(tmp_path.rglob("a02.jpg")).unlink()
    with pytest.raises(InputError, match=r"3 images .* 4 focus distances"):
        load_mobiledepth(tmp_path, "keyboard")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("20 3.5\n35 3.6\n8", "apertures from 3.5 to 3.6"),
        ("20 3.5\n35\n8", "calibrated.txt must hold"),
        ("20 3.5\n35 x\n8", "calibrated.txt must hold"),
        ("20 3.5\n35 3.5\n8 1", "calibrated.txt must hold"),
        ("8", "calibrated.txt must hold"),
        ("", "calibrated.txt must hold"),
    ],
)
def test_a_malformed_calibration(tmp_path, text, named):
    (tmp_path / "calibrated.txt").write_text(text)
    with pytest.raises(InputError, match=named):
        read_calibration(tmp_path)


def test_a_calibration_without_results(tmp_path):
    (tmp_path / "calibrated.txt").write_text("20 3.5 \n\n35 3.5\n 8.5\n\n")
    calibration = read_calibration(tmp_path)
    assert calibration.focus_distances.tolist() == [20, 35]
    assert (calibration.focal_length, calibration.depth, calibration.scale) == (8.5, None, None)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.int32, np.float32, np.float64])
@pytest.mark.parametrize("shape", [(2, 5), (4, 3, 2), (1, 1)])
def test_matrices(tmp_path, dtype, shape):
    values = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    write_matrix(tmp_path / "m.bin", values)
    read = read_matrix(tmp_path / "m.bin")
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, values)


def test_bytes_of_a_matrix_written_by_hand(tmp_path):
    content = bytes([5, 1, 0, 0, 0, 2, 0, 0, 0]) + bytes.fromhex("0000803f 000000c0")
    (tmp_path / "m.bin").write_bytes(content)
    assert read_matrix(tmp_path / "m.bin").tolist() == [[1.0, -2.0]]
    (tmp_path / "m.bin").write_bytes(content[:-1])
    with pytest.raises(InputError, match=r"16 bytes, but its header .* makes 17"):
        read_matrix(tmp_path / "m.bin")
    (tmp_path / "m.bin").write_bytes(content[:5])
    with pytest.raises(InputError, match="too short"):
        read_matrix(tmp_path / "m.bin")
    with pytest.raises(InputError, match="cannot be read"):
        read_matrix(tmp_path / "none.bin")
