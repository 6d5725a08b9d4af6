"""Make3D: JPEG with EXIF and the laser's depth in a MATLAB file."""

import numpy as np
import pytest
from official_files import F_NUMBER, FOCAL_LENGTH, texture, write_make3d
from skimage.transform import resize

from benchmarks.published_model import gather
from napari_defocus.datasets import load_make3d, scene_keys
from napari_defocus.errors import InputError

NAME = "math7-p-282t0"


def test_a_scene(tmp_path):
    depth = write_make3d(tmp_path, NAME)
    scene = load_make3d(tmp_path, "test", NAME)
    assert scene.name == f"test_{NAME}"
    assert scene.stack.shape == (7, 460, 345, 3)
    lens = scene.optics
    assert lens.focal_length == pytest.approx(7.1e-3)
    assert lens.aperture_diameter == pytest.approx(7.1e-3 / 4)
    assert lens.pixel_pitch == pytest.approx(7.11e-3 / 460 * 0.01)
    assert lens.focus_distances == (1, 2, 4, 8, 16, 32, 64)
    expected = resize(depth, (460, 345), order=1, anti_aliasing=True)
    np.testing.assert_allclose(scene.truth, np.clip(expected, 0.01, 80), rtol=1e-5)
    sharp = resize(texture(5, 284, 213) / 255, (460, 345), order=1, anti_aliasing=True)
    assert np.abs(scene.all_in_focus - sharp).mean() < 0.01  # JPEG
    rows = slice(100, 140)
    inside = (slice(None), slice(10, -10))
    plain = gather(scene.all_in_focus[rows], scene.truth[rows], lens, 15)
    np.testing.assert_allclose(scene.stack[:, rows][inside], plain[inside], atol=1e-4)
    assert scene.truth_limit == 70


def test_the_name_of_the_file_is_taken_too_and_splits_are_apart(tmp_path):
    write_make3d(tmp_path, NAME, "train")
    write_make3d(tmp_path, "op1-p-015t000", "train")
    assert load_make3d(tmp_path, "train", f"img-{NAME}.jpg").name == f"train_{NAME}"
    assert scene_keys("make3d", tmp_path, "train") == [("train", NAME), ("train", "op1-p-015t000")]
    with pytest.raises(InputError, match="Test134Img"):
        scene_keys("make3d", tmp_path, "test")


def test_an_image_on_its_side_is_turned_as_its_exif_says(tmp_path):
    upright = texture(5, 284, 213)
    write_make3d(tmp_path, "upright")
    # Orientation 6: to be turned clockwise by 90 degrees, so what is stored is turned the other way.
    write_make3d(tmp_path, "side", pixels=np.ascontiguousarray(np.rot90(upright)), orientation=6)
    write_make3d(tmp_path, "wrong", pixels=upright, orientation=6)
    expected = load_make3d(tmp_path, "test", "upright").all_in_focus
    for name in ("side", "wrong"):
        found = load_make3d(tmp_path, "test", name).all_in_focus
        assert np.abs(found - expected).mean() < 0.01  # JPEG; of the image upside down it is above 0.1


@pytest.mark.parametrize("camera", [{FOCAL_LENGTH: 7.1}, {F_NUMBER: 4.0}])
def test_an_image_without_its_optics(tmp_path, camera):
    write_make3d(tmp_path, NAME, camera=camera)
    with pytest.raises(InputError, match="FocalLength and FNumber"):
        load_make3d(tmp_path, "test", NAME)


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(InputError) as said:
        load_make3d(tmp_path, "test", NAME)
    for words in ("Make3D Laser+Image data", "Test134Depth", str(tmp_path / "Make3D")):
        assert words in str(said.value)
    write_make3d(tmp_path, NAME)
    mat = tmp_path / f"Make3D/Test134Depth/depth_sph_corr-{NAME}.mat"
    whole = mat.read_bytes()
    mat.write_bytes(whole[:300])
    with pytest.raises(InputError, match=r"depth_sph_corr.*download it again"):
        load_make3d(tmp_path, "test", NAME)
    mat.write_bytes(whole)
    jpeg = tmp_path / f"Make3D/Test134Img/img-{NAME}.jpg"
    jpeg.write_bytes(jpeg.read_bytes()[:3000])
    with pytest.raises(InputError, match="damaged or cut off"):
        load_make3d(tmp_path, "test", NAME)


def test_a_grid_of_another_shape(tmp_path):
    from scipy.io import savemat

    write_make3d(tmp_path, NAME)
    mat = tmp_path / f"Make3D/Test134Depth/depth_sph_corr-{NAME}.mat"
    savemat(mat, {"Position3DGrid": np.ones((55, 305))})
    with pytest.raises(InputError, match=r"shape \(55, 305\)"):
        load_make3d(tmp_path, "test", NAME)
    savemat(mat, {"depthMap": np.ones((55, 305))})
    with pytest.raises(InputError, match="no array Position3DGrid"):
        load_make3d(tmp_path, "test", NAME)
