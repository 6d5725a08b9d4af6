"""Input that cannot be used: one clear sentence, at opening where the headers tell, else when computed."""

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack


def refused(source, match, **options):
    with pytest.raises(InputError, match=match) as caught:
        read_focal_stack(source, **options)
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")


def test_missing_path(tmp_path):
    refused(tmp_path / "nowhere", r"no file or folder .*nowhere")
    refused([tmp_path / "a.png", tmp_path / "b.png"], r"no file .*a\.png")


def test_empty_folder(tmp_path):
    refused(tmp_path, "holds no images")
    (tmp_path / ".hidden.png").write_bytes(b"")
    (tmp_path / "optics.toml").write_text("")
    refused(tmp_path, "holds no images")


def test_empty_list():
    refused([], "list of files is empty")


def test_folder_in_a_list(tmp_path, make_stack, save_image):
    refused([save_image(tmp_path / "a.png", make_stack()[0]), tmp_path], "is a folder")


def test_one_plane(tmp_path, make_stack, save_image):
    path = save_image(tmp_path / "a.png", make_stack()[0])
    for source in (tmp_path, path, [path]):
        refused(source, "only 1 plane; a focal stack needs at least two images")


@pytest.mark.parametrize("name", ["notes.txt", "clip.mp4", "IMG_1.CR2", "stack.czi", "README"])
def test_file_that_is_no_image(write_folder, make_stack, name):
    folder = write_folder(make_stack())
    (folder / name).write_bytes(b"something")
    refused(folder, rf"{name} in the folder .* is not a PNG, JPEG, TIFF or BMP image")
    refused(folder / name, rf"{name} is not a PNG")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp"])
@pytest.mark.parametrize(
    "content", [b"", b"hello, this is text", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0"]
)
def test_image_suffix_without_an_image(write_folder, make_stack, suffix, content):
    folder = write_folder(make_stack())
    (folder / f"img9{suffix}").write_bytes(content)
    refused(folder, rf"img9\{suffix} (is damaged or|cannot be read|is cut off)")


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif"])
def test_different_sizes(write_folder, make_stack, save_image, suffix):
    folder = write_folder(make_stack(), suffix)
    save_image(folder / f"img3{suffix}", make_stack()[0][:, :-2])
    refused(folder, rf"img3\{suffix} is 15 x 12 but img1\{suffix} is 17 x 12 pixels")


def test_different_colour(write_folder, make_stack, save_image):
    folder = write_folder(make_stack())
    save_image(folder / "img2.png", make_stack(rgb=True)[0])
    refused(folder, r"img2\.png is in colour but img1\.png is grey")


def test_different_types(write_folder, make_stack, save_image):
    folder = write_folder(make_stack())
    save_image(folder / "img2.png", make_stack("uint16")[0])
    refused(folder, r"img2\.png is of type uint16 but img1\.png is of type uint8")


@pytest.mark.parametrize(
    ("mode", "suffix", "what"),
    [
        ("RGBA", ".png", "transparency"),
        ("LA", ".png", "transparency"),
        ("RGBA", ".tif", "transparency"),
        ("LA", ".tif", "transparency"),
        ("CMYK", ".jpg", "CMYK"),
        ("CMYK", ".tif", "CMYK"),
    ],
)
def test_colour_models(tmp_path, make_stack, mode, suffix, what):
    for k, plane in enumerate(make_stack(rgb=True)):
        Image.fromarray(plane).convert(mode).save(tmp_path / f"{k}{suffix}")
    refused(tmp_path, rf"0\{suffix} is an image with .*{what}.*; save it as grey or RGB")


def test_palette_with_a_transparent_colour(tmp_path, make_stack):
    for k, plane in enumerate(make_stack(rgb=True)):
        Image.fromarray(plane).quantize(8).save(tmp_path / f"{k}.png", transparency=0)
    refused(tmp_path, r"0\.png is an image with transparency")


def test_unknown_sort(write_folder, make_stack):
    refused(write_folder(make_stack()), "sort must be one of", sort="size")


class TestArchives:
    def test_not_an_archive(self, tmp_path):
        (tmp_path / "a.zip").write_bytes(b"PK, but no more")
        refused(tmp_path / "a.zip", r"archive .*a\.zip cannot be read")

    def test_without_images(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("readme.txt", "nothing")
        refused(tmp_path / "a.zip", "holds no images")

    def test_with_a_file_that_is_no_image(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("s/readme.txt", "nothing")
            archive.writestr("s/1.png", b"")
        refused(tmp_path / "a.zip", r"readme\.txt in the archive")

    def test_two_stacks(self, tmp_path):
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("one/1.png", b"")
            archive.writestr("two/1.png", b"")
        refused(tmp_path / "a.zip", "several folders .one and two.")

    def test_locked(self, tmp_path):
        path = tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("1.png", b"")
        content = bytearray(path.read_bytes())
        for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            content[content.index(signature) + flags] |= 1
        path.write_bytes(content)
        refused(path, "locked with a password")

    def test_damaged_member(self, write_folder, make_stack, tmp_path):
        folder, path = write_folder(make_stack()), tmp_path / "a.zip"
        with zipfile.ZipFile(path, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, file.name)
        content = bytearray(path.read_bytes())
        start = content.index((folder / "img2.png").read_bytes())
        content[start + 100] ^= 0xFF
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"img2\.png (is damaged|cannot be read)"):
            read_focal_stack(path).images.compute()


@pytest.mark.parametrize(
    ("suffix", "options"),
    [
        (".png", {}),
        (".jpg", {}),
        (".jpg", {"progressive": True}),
        (".bmp", {}),
        (".tif", {}),
        (".tif", {"compression": "zlib"}),
        (".tif", {"compression": "lzw"}),
        (".tif", {"compression": "jpeg"}),
    ],
    ids=str,
)
def test_file_cut_off_in_the_middle_opens_but_does_not_compute(tmp_path, rng, suffix, options, save_image):
    folder = tmp_path / "stack"
    folder.mkdir()
    for k in range(3):
        pixels = rng.integers(0, 256, (96, 128, 3), dtype=np.uint8)
        save_image(folder / f"img{k}{suffix}", pixels, **options)
    path = folder / f"img1{suffix}"
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 6 // 10])
    stack = read_focal_stack(folder)
    assert np.isfinite(stack.images[0].compute()).all()
    with pytest.raises(InputError, match=rf"img1\{suffix} is damaged or cut off"):
        stack.images.compute()


def _two_files(folder: Path, kind: str) -> tuple[Path, Path]:
    """Write a stack, and return the source and the file to cut."""
    rng = np.random.default_rng(3)
    stack = rng.integers(0, 256, (3, 20, 24), dtype=np.uint8)
    if kind.startswith("pages"):
        path = folder / "s.tif"
        options = {"pages": {}, "pages plain": {"metadata": None}, "pages ome": {"ome": True}}
        options |= {"pages imagej": {"imagej": True}, "pages lzw": {"compression": "lzw"}}
        tifffile.imwrite(path, stack, photometric="minisblack", **options[kind])
        return path, path
    for k, plane in enumerate(stack):
        Image.fromarray(plane).save(folder / f"{k}.{kind}")
    return folder, folder / f"1.{kind}"


KINDS = ["png", "jpg", "tif", "bmp"] + [f"pages{kind}" for kind in ("", " plain", " ome", " imagej", " lzw")]


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_anywhere_gives_the_true_pixels_or_an_error(tmp_path, kind, share):
    folder = tmp_path / "cut"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    source, path = _two_files(folder, kind)
    whole = read_focal_stack(source).images.compute()
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * share)])
    try:
        images = read_focal_stack(source).images.compute()
    except InputError as error:
        message = str(error)
    else:
        np.testing.assert_array_equal(images, whole)
        return
    assert path.name in message


def test_pages_written_by_libtiff_and_cut(tmp_path, make_stack):
    """It writes each page's directory behind its pixels, so whole pages are lost without a sign."""
    images = [Image.fromarray(plane) for plane in make_stack(planes=6)]
    path = tmp_path / "s.tif"
    images[0].save(path, save_all=True, append_images=images[1:], compression="tiff_lzw")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 7 // 10])
    refused(path, r"s\.tif is cut off")


def test_file_that_vanishes_or_changes_after_opening(write_folder, make_stack, save_image):
    folder = write_folder(make_stack())
    stack = read_focal_stack(folder)
    (folder / "img2.png").unlink()
    with pytest.raises(InputError, match=r"img2\.png is no longer there"):
        stack.images.compute()
    save_image(folder / "img2.png", make_stack("uint16")[0])
    with pytest.raises(InputError, match=r"img2\.png has changed since"):
        stack.images.compute()
