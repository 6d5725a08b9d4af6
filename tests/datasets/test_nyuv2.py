"""NYUv2: from the downloaded files to the folders of images, and from these to a scene."""

import sys

import numpy as np
import pytest
import tifffile
from official_files import slope, texture, write_labeled, write_nyuv2
from PIL import Image
from skimage.transform import resize

from benchmarks.published_model import gather
from napari_defocus.datasets import load_nyuv2, prepare_nyuv2, scene_keys
from napari_defocus.errors import InputError

TRAIN, TEST = [3, 4, 1], [2, 5]  # from 1, and not in order


@pytest.fixture
def labeled(tmp_path):
    return write_labeled(tmp_path, train=TRAIN, test=TEST)


def test_images_and_depths_get_to_their_split_the_right_way_round(labeled, tmp_path):
    assert prepare_nyuv2(tmp_path) == 5
    for split, indices in (("train", TRAIN), ("test", TEST)):
        for kind, suffix in (("rgb", "png"), ("depth", "tiff")):
            names = {path.name for path in (tmp_path / f"NYUv2/{split}_{kind}").iterdir()}
            assert names == {f"{index - 1:04d}.{suffix}" for index in indices}
        for index in indices:
            pixels = np.asarray(Image.open(tmp_path / f"NYUv2/{split}_rgb/{index - 1:04d}.png"))
            np.testing.assert_array_equal(pixels, labeled.images[index - 1])
            tenths = tifffile.imread(tmp_path / f"NYUv2/{split}_depth/{index - 1:04d}.tiff")
            np.testing.assert_array_equal(tenths, np.rint(labeled.depths[index - 1].astype(float) * 1e4))


def test_depth_is_clipped_and_more_than_six_metres_fit(tmp_path):
    import h5py

    write_labeled(tmp_path, train=[1], test=[2])
    with h5py.File(tmp_path / "NYUv2/nyu_depth_v2_labeled.mat", "r+") as file:
        file["depths"][1, :3, 0] = [0.0, 9.99, 12.0]  # x = 0, 1, 2 in row 0
    prepare_nyuv2(tmp_path)
    assert tifffile.imread(tmp_path / "NYUv2/test_depth/0001.tiff")[0, :3].tolist() == [1000, 99900, 100000]


def test_an_interrupted_call_is_gone_on_with(labeled, tmp_path):
    def interrupt(share, message):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_nyuv2(tmp_path, interrupt)
    there = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.png")}
    assert len(there) == 3
    next(iter(sorted(tmp_path.rglob("*.tiff")))).unlink()  # as if it had ended between the two files
    assert prepare_nyuv2(tmp_path) == 3
    assert len(list(tmp_path.rglob("*.png"))) == len(list(tmp_path.rglob("*.tiff"))) == 5
    assert sum(path.stat().st_mtime_ns == time for path, time in there.items()) == 2
    assert not list(tmp_path.rglob("*partial*"))
    assert prepare_nyuv2(tmp_path) == 0


def test_a_file_that_cannot_be_written_whole_is_not_there(labeled, tmp_path, monkeypatch):
    def broken(path, *args, **kwargs):
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tifffile, "imwrite", broken)
    with pytest.raises(InputError, match="No space left"):
        prepare_nyuv2(tmp_path)
    assert not [path for path in tmp_path.rglob("*") if "tiff" in path.name]


def test_missing_downloads_are_named_with_where_to_get_and_put_them(tmp_path):
    with pytest.raises(InputError) as said:
        prepare_nyuv2(tmp_path)
    for words in ("nyu_depth_v2_labeled.mat", "splits.mat", "NYU Depth Dataset V2", str(tmp_path / "NYUv2")):
        assert words in str(said.value)


@pytest.mark.parametrize("name", ["nyu_depth_v2_labeled.mat", "splits.mat"])
def test_a_download_that_was_cut_off(labeled, tmp_path, name):
    path = tmp_path / "NYUv2" / name
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(InputError, match=rf"{name}.*download"):
        prepare_nyuv2(tmp_path)


def test_arrays_of_another_layout(labeled, tmp_path):
    import h5py

    with h5py.File(tmp_path / "NYUv2/nyu_depth_v2_labeled.mat", "r+") as file:
        turned = np.swapaxes(file["depths"][:], 1, 2)
        del file["depths"]
        file["depths"] = turned
    with pytest.raises(InputError, match="expected"):
        prepare_nyuv2(tmp_path)


def test_splits_beyond_the_images(labeled, tmp_path):
    from scipy.io import savemat

    savemat(tmp_path / "NYUv2/splits.mat", {"trainNdxs": [[1], [2]], "testNdxs": [[6]]})
    with pytest.raises(InputError, match=r"image 6 but .* has 5"):
        prepare_nyuv2(tmp_path)


def test_without_h5py(labeled, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(InputError, match=r"napari-defocus\[datasets\]"):
        prepare_nyuv2(tmp_path)


def test_a_prepared_image_becomes_a_scene(labeled, tmp_path):
    prepare_nyuv2(tmp_path)
    assert scene_keys("nyuv2", tmp_path, "test") == [("test", "0001"), ("test", "0004")]
    scene = load_nyuv2(tmp_path, "test", 4)
    assert scene.name == "test_0004"
    expected = resize(labeled.depths[4], (24, 32), order=1, anti_aliasing=True)
    np.testing.assert_allclose(scene.truth, expected, atol=1e-4)
    assert scene.stack.shape == (5, 24, 32, 3)
    np.testing.assert_allclose(scene.stack, gather(scene.all_in_focus, scene.truth), atol=3e-6)
    assert scene.all_in_focus.max() <= 1
    assert scene.optics.focus_distances == (1, 1.5, 2.5, 4, 6)


def test_missing_images_and_other_splits(tmp_path):
    with pytest.raises(InputError, match="prepare nyuv2"):
        scene_keys("nyuv2", tmp_path, "test")
    write_nyuv2(tmp_path, ["0007"])
    with pytest.raises(InputError, match=r"0008.png; download"):
        load_nyuv2(tmp_path, "test", "8")
    with pytest.raises(InputError, match=r"in the split test, not in train"):
        load_nyuv2(tmp_path, "train", "7")
    with pytest.raises(InputError, match="validation"):
        load_nyuv2(tmp_path, "validation", "7")


def test_what_is_downloaded_already_has_to_be_prepared_only(labeled, tmp_path):
    for call in (lambda: scene_keys("nyuv2", tmp_path, "test"), lambda: load_nyuv2(tmp_path, "test", "1")):
        with pytest.raises(InputError, match="prepare nyuv2 --data-dir") as said:
            call()
        assert "project page" not in str(said.value)


def test_damaged_images(tmp_path):
    write_nyuv2(tmp_path, ["0001", "0002", "0003"])
    png = tmp_path / "NYUv2/test_rgb/0001.png"
    png.write_bytes(png.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"0001.png is damaged"):
        load_nyuv2(tmp_path, "test", "0001")
    (tmp_path / "NYUv2/test_depth/0002.tiff").write_bytes(b"no tiff")
    with pytest.raises(InputError, match=r"0002.tiff is damaged"):
        load_nyuv2(tmp_path, "test", "0002")
    tifffile.imwrite(tmp_path / "NYUv2/test_depth/0003.tiff", (slope(0)[:-2] * 1e4).astype(np.int32))
    with pytest.raises(InputError, match="differ in size"):
        load_nyuv2(tmp_path, "test", "0003")
    Image.fromarray(texture(0)[..., 0]).save(png)
    with pytest.raises(InputError, match="not an 8-bit RGB image"):
        load_nyuv2(tmp_path, "test", "0001")
