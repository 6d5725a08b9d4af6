import pickle

import numpy as np
import pytest

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack
from napari_defocus.optics import ThinLens, UncalibratedFocus, save_optics

LENS = ThinLens.from_camera(50, 8, 12, [1, 1.5, 2.5, 4])


@pytest.mark.parametrize("dtype", ["uint8", ">u2", "float32"])
@pytest.mark.parametrize("rgb", [False, True])
def test_array_in_a_file(make_stack, tmp_path, dtype, rgb):
    expected = make_stack(dtype.replace(">", "="), rgb).astype(dtype)
    path = tmp_path / "scan.npy"
    np.save(path, expected)
    stack = read_focal_stack(str(path))
    assert (stack.name, stack.source, stack.rgb) == ("scan", str(path), rgb)
    assert stack.images.chunksize == (1, *expected.shape[1:])
    np.testing.assert_array_equal(stack.images, expected)


@pytest.mark.parametrize("name", ["optics.toml", "scan.optics.json"])
def test_side_car_beside_it(make_stack, tmp_path, name):
    np.save(tmp_path / "scan.npy", make_stack())
    save_optics(LENS, tmp_path / name)
    stack = read_focal_stack(tmp_path / "scan.npy")
    assert stack.optics == LENS
    assert stack.focus == (1, 1.5, 2.5, 4)
    other = UncalibratedFocus(planes=4)
    assert read_focal_stack(tmp_path / "scan.npy", optics=other).optics is other


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "cannot be read as a NumPy array"),
        (b"no array at all", "cannot be read as a NumPy array"),
        (pickle.dumps([1, 2]), "cannot be read as a NumPy array"),
        (np.array([1, "two"], object), "cannot be read as a NumPy array"),
        (np.zeros((8, 9)), "only 1 plane"),
        (np.zeros((4, 8, 9), complex), "complex"),
        (np.zeros((4, 8, 9, 4)), "4 channels"),
    ],
)
def test_files_that_are_no_focal_stack(tmp_path, content, message):
    path = tmp_path / "scan.npy"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(InputError, match=message) as caught:
        read_focal_stack(path)
    assert "scan.npy" in str(caught.value)


def test_file_cut_off(make_stack, tmp_path):
    path = tmp_path / "scan.npy"
    np.save(path, make_stack())
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(InputError, match=r"scan\.npy cannot be read"):
        read_focal_stack(path)


def test_folder_named_like_an_array(write_folder, make_stack):
    expected = make_stack()
    np.testing.assert_array_equal(read_focal_stack(write_folder(expected, name="a.npy")).images, expected)
