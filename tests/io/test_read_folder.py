import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from napari_defocus.io import read_focal_stack
from napari_defocus.io.files import natural_key
from napari_defocus.io.planes import orient


@pytest.mark.parametrize(
    ("suffix", "dtype", "rgb"),
    [
        (".png", "uint8", False),
        (".png", "uint8", True),
        (".png", "uint16", False),
        (".png", "uint16", True),
        (".tif", "uint8", True),
        (".tif", "uint16", False),
        (".tif", "uint16", True),
        (".tif", "float32", False),
        (".tif", "float64", True),
        (".bmp", "uint8", False),
        (".bmp", "uint8", True),
    ],
)
def test_pixels_and_type_are_kept(write_folder, make_stack, suffix, dtype, rgb):
    expected = make_stack(dtype, rgb)
    stack = read_focal_stack(write_folder(expected, suffix))
    assert stack.images.dtype == expected.dtype
    assert stack.images.chunksize == (1, *expected.shape[1:])
    assert stack.rgb is rgb
    np.testing.assert_array_equal(stack.images.compute(), expected)


@pytest.mark.parametrize("rgb", [False, True])
def test_jpeg_gives_what_its_decoder_gives(write_folder, make_stack, rgb):
    folder = write_folder(make_stack("uint8", rgb), ".jpg")
    expected = np.stack([np.asarray(Image.open(folder / f"img{k}.jpg")) for k in (1, 2, 3, 4)])
    np.testing.assert_array_equal(read_focal_stack(folder).images, expected)


def test_name_source_and_unknown_focus(write_folder, make_stack):
    folder = write_folder(make_stack())
    stack = read_focal_stack(str(folder))
    assert (stack.name, stack.source, stack.planes) == ("stack", str(folder), 4)
    assert (stack.focus, stack.optics, stack.unit) == (None, None, "plane")
    assert stack.metadata["names"] == ["img1.png", "img2.png", "img3.png", "img4.png"]


def test_folder_is_in_natural_order(write_folder, make_stack):
    expected = make_stack(planes=12)
    folder = write_folder(expected)
    np.testing.assert_array_equal(read_focal_stack(folder).images, expected)
    by_name = read_focal_stack(folder, sort="name")
    assert by_name.metadata["names"][:4] == ["img1.png", "img10.png", "img11.png", "img12.png"]


def test_list_keeps_its_order_unless_asked(write_folder, make_stack):
    folder = write_folder(make_stack(planes=11))
    files = [folder / f"img{k}.png" for k in (10, 9, 1)]
    assert read_focal_stack(files).metadata["names"] == ["img10.png", "img9.png", "img1.png"]
    assert read_focal_stack(map(str, files), sort="natural").metadata["names"] == [
        "img1.png",
        "img9.png",
        "img10.png",
    ]


def test_clutter_side_cars_and_subfolders_are_no_planes(write_folder, make_stack, save_image):
    expected = make_stack()
    folder = write_folder(expected)
    for name in (".DS_Store", "Thumbs.db", "desktop.ini", "._img1.png", "img1.xmp"):
        (folder / name).write_bytes(b"\0\1")
    (folder / "truth").mkdir()
    save_image(folder / "truth" / "depth.tif", expected[0])
    (folder / "optics.toml").write_text('kind = "uncalibrated"\nplanes = 4\n')
    stack = read_focal_stack(folder)
    np.testing.assert_array_equal(stack.images, expected)
    assert stack.optics.kind == "uncalibrated"


@pytest.mark.parametrize("prefix", ["", "my scene/"])
def test_archive_gives_the_same_as_its_folder(write_folder, make_stack, tmp_path, prefix):
    expected = make_stack(planes=11)
    folder = write_folder(expected)
    path = tmp_path / "scene.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in folder.iterdir():
            archive.write(file, prefix + file.name)
        archive.writestr("__MACOSX/" + prefix + "._img1.png", b"clutter")
        archive.writestr(prefix + ".DS_Store", b"clutter")
        archive.writestr(prefix + "truth/aif.png", (folder / "img1.png").read_bytes())
        archive.writestr(prefix + "optics.json", '{"kind": "uncalibrated", "planes": 11}')
    stack = read_focal_stack(path)
    np.testing.assert_array_equal(stack.images, expected)
    assert stack.name == "scene"
    assert stack.optics.planes == 11


def test_archive_of_tiffs(write_folder, make_stack, tmp_path):
    expected = make_stack("uint16")
    folder = write_folder(expected, ".tif", compression="zlib")
    with zipfile.ZipFile(tmp_path / "s.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    np.testing.assert_array_equal(read_focal_stack(tmp_path / "s.zip").images, expected)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif"])
def test_exif_orientation_is_applied(tmp_path, make_stack, orientation, suffix):
    exif = Image.Exif()
    exif[274] = orientation
    for k, plane in enumerate(make_stack("uint8", True)):
        image = Image.fromarray(plane)
        if suffix == ".tif":
            image.save(tmp_path / f"{k}.tif", tiffinfo={274: orientation})
        else:
            image.save(tmp_path / f"{k}{suffix}", exif=exif)
    with Image.open(tmp_path / f"1{suffix}") as image:
        expected = np.asarray(ImageOps.exif_transpose(image))
    images = read_focal_stack(tmp_path).images
    np.testing.assert_array_equal(images[1], expected)


def test_unknown_orientation_changes_nothing(make_stack):
    plane = make_stack()[0]
    np.testing.assert_array_equal(orient(plane, 0), plane)
    np.testing.assert_array_equal(orient(plane, 99), plane)


def test_palette_and_one_bit_are_converted(tmp_path, make_stack):
    for name, mode in (("palette", "P"), ("bits", "1")):
        for suffix in (".png", ".bmp", ".tif"):
            folder = tmp_path / f"{name}{suffix}"
            folder.mkdir()
            expected = []
            for k, plane in enumerate(make_stack("uint8", mode == "P")):
                image = Image.fromarray(plane).convert(mode)
                image.save(folder / f"{k}{suffix}")
                expected.append(np.asarray(image.convert("RGB" if mode == "P" else "L")))
            images = read_focal_stack(folder).images
            assert images.dtype == np.uint8
            np.testing.assert_array_equal(images, np.stack(expected), err_msg=f"{name} {suffix}")


def test_content_counts_where_a_png_is_named_jpg(tmp_path, make_stack):
    expected = make_stack()
    for k, plane in enumerate(expected):
        Image.fromarray(plane).save(tmp_path / f"{k}.jpg", format="PNG")
    np.testing.assert_array_equal(read_focal_stack(tmp_path).images, expected)


def test_several_suffixes_and_cases_mix(tmp_path, make_stack, save_image):
    expected = make_stack()
    names = ("1.png", "2.PNG", "3.tif", "4.bmp")
    for name, plane in zip(names, expected, strict=True):
        save_image(tmp_path / name, plane)
    np.testing.assert_array_equal(read_focal_stack(tmp_path).images, expected)


def test_threads_decode_what_one_thread_does(write_folder, make_stack):
    expected = make_stack(planes=40)
    images = read_focal_stack(write_folder(expected)).images
    np.testing.assert_array_equal(images.compute(scheduler="threads", num_workers=8), expected)


@given(st.lists(st.integers(0, 10**6), min_size=2, unique=True), st.text("abz_-.", max_size=4))
def test_natural_order_is_that_of_the_numbers(numbers, stem):
    names = [f"{stem}{number}.png" for number in numbers]
    assert sorted(names, key=natural_key) == [f"{stem}{number}.png" for number in sorted(numbers)]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_any_names_can_be_ordered(names):
    ordered = sorted(names, key=natural_key)
    assert sorted(ordered) == sorted(names)
    names.reverse()
    assert sorted(names, key=natural_key) == ordered
