import numpy as np
import pytest
import tifffile

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack


@pytest.mark.parametrize("options", [{}, {"metadata": None}, {"imagej": True}, {"ome": True}])
@pytest.mark.parametrize(("dtype", "rgb"), [("uint8", False), ("uint16", True), ("float32", False)])
def test_pages_are_planes(tmp_path, make_stack, options, dtype, rgb):
    if options.get("imagej") and rgb and dtype != "uint8":
        dtype = "uint8"  # ImageJ's RGB is 8-bit
    expected = make_stack(dtype, rgb)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, expected, photometric="rgb" if rgb else "minisblack", **options)
    stack = read_focal_stack(path)
    assert (stack.name, stack.rgb, stack.planes) == ("stack", rgb, len(expected))
    assert stack.images.chunksize[0] == 1
    np.testing.assert_array_equal(stack.images, expected)


@pytest.mark.parametrize(
    "options",
    [
        {"compression": "zlib", "predictor": True},
        {"compression": "lzw"},
        {"tile": (16, 16)},
        {"bigtiff": True},
        {"byteorder": ">"},
        {"rowsperstrip": 5},
    ],
    ids=str,
)
def test_storage_does_not_matter(tmp_path, make_stack, options):
    expected = make_stack("uint16")
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, expected, photometric="minisblack", **options)
    images = read_focal_stack(path).images
    assert images.dtype.isnative
    np.testing.assert_array_equal(images, expected)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("rgb", [False, True])
def test_one_page_entry_for_the_whole_stack(tmp_path, make_stack, byteorder, rgb):
    expected = make_stack("uint16", rgb)
    path = tmp_path / "stack.tif"
    photometric = "rgb" if rgb else "minisblack"
    tifffile.imwrite(path, expected, photometric=photometric, truncate=True, byteorder=byteorder)
    with tifffile.TiffFile(path) as tif:
        assert len(tif.pages) == 1
    np.testing.assert_array_equal(read_focal_stack(path).images, expected)


def test_separate_colour_planes(tmp_path, make_stack):
    expected = make_stack("uint8", True)
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.moveaxis(expected, -1, 1), photometric="rgb", planarconfig="separate")
    np.testing.assert_array_equal(read_focal_stack(path).images, expected)


def test_white_is_zero_is_turned_over(tmp_path, make_stack):
    stored = make_stack("uint8")
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, stored, photometric="miniswhite")
    np.testing.assert_array_equal(read_focal_stack(path).images, 255 - stored)


def test_twelve_bits_tell_their_white(tmp_path, rng):
    expected = rng.integers(0, 4096, (3, 10, 16), dtype=np.uint16)
    path = tmp_path / "stack.tif"
    with tifffile.TiffWriter(path) as writer:
        for plane in expected:
            try:
                writer.write(plane, photometric="minisblack", metadata=None, bitspersample=12)
            except NotImplementedError:  # tifffile before 2026
                pytest.skip("this tifffile writes no 12 bits")
    stack = read_focal_stack(path)
    assert stack.metadata["white"] == 4095
    np.testing.assert_array_equal(stack.images, expected)


def test_axes_of_length_one_do_not_count(tmp_path, make_stack):
    expected = make_stack("uint16")
    path = tmp_path / "stack.ome.tif"
    tifffile.imwrite(path, expected[None, :, None], metadata={"axes": "TZCYX"}, photometric="minisblack")
    stack = read_focal_stack(path)
    assert stack.name == "stack"
    np.testing.assert_array_equal(stack.images, expected)


def test_thumbnail_is_no_plane(tmp_path, make_stack):
    expected = make_stack("uint8", True)
    for k, plane in enumerate(expected):
        with tifffile.TiffWriter(tmp_path / f"{k}.tif") as writer:
            writer.write(plane, photometric="rgb", metadata=None)
            writer.write(plane[::4, ::4], photometric="rgb", metadata=None, subfiletype=1)
    np.testing.assert_array_equal(read_focal_stack(tmp_path).images, expected)


def test_folder_with_one_tiff_of_several_pages(tmp_path, make_stack):
    expected = make_stack("uint16")
    tifffile.imwrite(tmp_path / "stack.tif", expected, photometric="minisblack")
    np.testing.assert_array_equal(read_focal_stack(tmp_path).images, expected)


def test_data_set_over_several_files(tmp_path, make_stack):
    expected = make_stack("uint16", planes=4)
    names = [tmp_path / f"part{k}.ome.tif" for k in (0, 1)]
    tifffile.imwrite(names[0], expected[:2], photometric="minisblack", metadata={"axes": "ZYX"})
    with tifffile.TiffFile(names[0]) as tif:
        xml = tif.ome_metadata
    uuids = [f"urn:uuid:0000000{k}-0000-0000-0000-000000000000" for k in (1, 2)]
    data = "".join(
        f'<TiffData FirstZ="{k}" IFD="{k % 2}" PlaneCount="1">'
        f'<UUID FileName="{names[k // 2].name}">{uuids[k // 2]}</UUID></TiffData>'
        for k in range(4)
    )
    start, end = xml.index("<TiffData"), xml.index("</Pixels>")
    xml = (xml[:start] + data + xml[end:]).replace('SizeZ="2"', 'SizeZ="4"')
    own = xml[xml.index('UUID="') + 6 : xml.index('"', xml.index('UUID="') + 6)]
    for k, name in enumerate(names):
        pages = expected[2 * k : 2 * k + 2]
        text = xml.replace(own, uuids[k])
        with tifffile.TiffWriter(name) as writer:
            for index, page in enumerate(pages):
                writer.write(
                    page,
                    photometric="minisblack",
                    metadata=None,
                    contiguous=False,
                    description=text.encode() if index == 0 else None,
                )
    np.testing.assert_array_equal(read_focal_stack(names[0]).images, expected)
    names[1].unlink()
    with pytest.raises(InputError, match=r"part0\.ome\.tif lacks plane 2"):
        read_focal_stack(names[0])


@pytest.mark.parametrize(
    ("shape", "options", "message"),
    [
        ((3, 2, 12, 17), {"imagej": True, "metadata": {"axes": "ZCYX"}}, r"2 axes .*\(Z 3 x C 2\)"),
        ((2, 3, 12, 17), {"ome": True, "metadata": {"axes": "TZYX"}}, r"2 axes .*\(T 2 x Z 3\)"),
        ((12, 17), {}, "only 1 plane"),
        ((12, 17, 3), {"photometric": "rgb"}, "only 1 plane"),
        ((4, 12, 17, 4), {"photometric": "rgb"}, "transparency"),
        ((4, 12, 17, 4), {"photometric": "separated"}, "CMYK"),
    ],
)
def test_layouts_that_make_no_focal_stack(tmp_path, shape, options, message):
    path = tmp_path / "stack.tif"
    tifffile.imwrite(path, np.zeros(shape, np.uint8), **({"photometric": "minisblack"} | options))
    with pytest.raises(InputError, match=message) as caught:
        read_focal_stack(path)
    assert "stack.tif" in str(caught.value)


def test_complex_pixels_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "c.tif", np.zeros((3, 8, 9), np.complex64), photometric="minisblack")
    with pytest.raises(InputError, match=r"c\.tif .* complex numbers"):
        read_focal_stack(tmp_path / "c.tif")


def test_pages_of_different_size(tmp_path):
    with tifffile.TiffWriter(tmp_path / "s.tif") as writer:
        for width in (17, 17, 20):
            writer.write(np.zeros((12, width), np.uint8), photometric="minisblack", metadata=None)
    with pytest.raises(InputError, match=r"s\.tif holds images of different sizes \(17 x 12 and 20 x 12"):
        read_focal_stack(tmp_path / "s.tif")


def test_several_series(tmp_path, make_stack):
    with tifffile.TiffWriter(tmp_path / "s.ome.tif") as writer:
        writer.write(make_stack(), photometric="minisblack")
        writer.write(make_stack(), photometric="minisblack")
    with pytest.raises(InputError, match=r"s\.ome\.tif holds 2 separate series"):
        read_focal_stack(tmp_path / "s.ome.tif")


def test_several_pages_among_single_images(tmp_path, make_stack, save_image):
    save_image(tmp_path / "a.tif", make_stack()[0])
    tifffile.imwrite(tmp_path / "b.tif", make_stack(), photometric="minisblack")
    with pytest.raises(InputError, match=r"b\.tif holds 4 images"):
        read_focal_stack(tmp_path)
