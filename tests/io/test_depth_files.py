import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image

from napari_defocus import save_result
from napari_defocus.errors import InputError
from napari_defocus.io.depth_files import read_all_in_focus, read_depth_map
from napari_defocus.solver.result import DefocusResult


@pytest.fixture
def result(rng):
    return DefocusResult(
        depth=rng.uniform(1, 4, (12, 17)).astype(np.float32),
        all_in_focus=rng.random((12, 17), dtype=np.float32),
        outliers=np.zeros((12, 17), bool),
        confidence=np.ones((12, 17), np.float32),
        losses=(),
        unit="um",
        method="focus",
    )


@pytest.mark.parametrize("left", ["depth.npy", "depth.tif"])
def test_a_saved_result(result, tmp_path, left):
    folder = save_result(result, tmp_path / "out", images_dtype=np.uint16)
    for name in {"depth.npy", "depth.tif"} - {left}:
        (folder / name).unlink()
    for path in (folder, folder / left):
        found = read_depth_map(path)
        assert_array_equal(found.depth, result.depth.astype(float))
        assert found.unit == "um"
        assert found.path == path
        assert_allclose(read_all_in_focus(found.all_in_focus), result.all_in_focus, atol=1 / 65535)


def test_the_truth_of_the_samples():
    from napari_defocus.io.samples import load_truth, sample_path

    folder = sample_path("microscope").parent / "truth"
    found = read_depth_map(folder)
    depth, image = load_truth("microscope")
    assert_array_equal(found.depth, depth)
    assert found.unit == "um"
    assert_allclose(read_all_in_focus(found.all_in_focus), image, atol=1e-6)


def test_unit_of_a_tiff_is_not_that_of_a_result_nearby(result, tmp_path):
    folder = save_result(result, tmp_path / "out")
    tifffile.imwrite(folder / "other.tif", result.depth)
    found = read_depth_map(folder / "other.tif")
    assert found.unit is None
    assert found.all_in_focus is None


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_all_in_focus_images(tmp_path, dtype):
    white = 1.0 if dtype == "float32" else np.iinfo(dtype).max
    pixels = np.linspace(0, white, 12).reshape(3, 4).astype(dtype)
    path = tmp_path / ("a.tif" if dtype == "float32" else "a.png")
    if dtype == "float32":
        tifffile.imwrite(path, pixels)
    else:
        Image.fromarray(pixels).save(path)
    found = read_all_in_focus(path)
    assert found.max() == 1
    assert_allclose(found, pixels / white, atol=1e-6)


def test_what_is_no_depth_map(tmp_path):
    np.save(tmp_path / "stack.npy", np.zeros((3, 4, 5)))
    np.save(tmp_path / "words.npy", np.array([["a"]]))
    (tmp_path / "broken.tif").write_bytes(b"II*\0")
    (tmp_path / "notes.txt").write_text("far")
    (tmp_path / "empty").mkdir()
    for name, says in (
        ("nowhere", "There is no file or folder"),
        ("empty", r"holds no depth.npy or depth.tif; give a result's folder"),
        ("notes.txt", "is no depth map; give"),
        ("broken.tif", "cannot be read"),
        ("stack.npy", r"array of shape \(3, 4, 5\)"),
        ("words.npy", r"a depth map is \(Y, X\) of real numbers"),
    ):
        with pytest.raises(InputError, match=says):
            read_depth_map(tmp_path / name)
