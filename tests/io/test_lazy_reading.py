"""Opening reads headers only; computing a plane decodes that plane only."""

import pickle
import zipfile

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import ImageFile

from napari_defocus.io import read_focal_stack


@pytest.fixture
def decodes(monkeypatch):
    """Count the calls of everything that decodes pixels."""
    calls = []

    def counted(owner, name):
        original = getattr(owner, name)

        def call(*args, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(owner, name, call)

    counted(ImageFile.ImageFile, "load")
    counted(imagecodecs, "png_decode")
    counted(tifffile.TiffPage, "asarray")
    counted(tifffile.TiffFrame, "asarray")
    counted(tifffile.FileHandle, "read_array")
    return calls


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif"])
@pytest.mark.parametrize("archived", [False, True])
def test_files(write_folder, make_stack, tmp_path, decodes, suffix, archived):
    source = write_folder(make_stack(planes=6), suffix)
    if archived:
        with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
            for file in source.iterdir():
                archive.write(file, file.name)
        source = tmp_path / "s.zip"
    stack = read_focal_stack(source)
    assert decodes == []
    stack.images[3].compute()
    once = len(decodes)
    assert once >= 1
    decodes.clear()
    stack.images.compute(scheduler="synchronous")
    assert len(decodes) == 6 * once


@pytest.mark.parametrize(
    "options",
    [{}, {"ome": True}, {"imagej": True}, {"truncate": True}, {"compression": "zlib"}],
    ids=str,
)
def test_pages(make_stack, tmp_path, decodes, options):
    path = tmp_path / "s.tif"
    tifffile.imwrite(path, make_stack("uint16", planes=6), photometric="minisblack", **options)
    stack = read_focal_stack(path)
    assert decodes == []
    stack.images[5, :3].compute()
    once = len(decodes)
    assert once >= 1
    decodes.clear()
    stack.images.compute(scheduler="synchronous")
    assert len(decodes) == 6 * once


def test_opening_reads_a_small_part_of_large_files(tmp_path, rng, monkeypatch):
    pixels = rng.integers(0, 256, (600, 800, 3), dtype=np.uint8)
    for k in range(3):
        (tmp_path / f"{k}.png").write_bytes(imagecodecs.png_encode(pixels))
    sizes = []
    read = zipfile.ZipExtFile.read
    monkeypatch.setattr(
        zipfile.ZipExtFile,
        "read",
        lambda self, n=-1: sizes.append(len(data := read(self, n))) or data,
    )
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for k in range(3):
            archive.write(tmp_path / f"{k}.png", f"{k}.png")
    read_focal_stack(tmp_path / "s.zip")
    assert 0 < sum(sizes) < 0.01 * 3 * pixels.nbytes


def test_stack_can_be_sent_to_another_process(write_folder, make_stack):
    expected = make_stack()
    stack = pickle.loads(pickle.dumps(read_focal_stack(write_folder(expected))))
    np.testing.assert_array_equal(stack.images, expected)
