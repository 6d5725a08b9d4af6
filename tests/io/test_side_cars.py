import zipfile

import numpy as np
import pytest
import tifffile

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack
from napari_defocus.optics import Microscope, ThinLens, UncalibratedFocus, save_optics

LENS = ThinLens.from_camera(50, 8, 12, [1, 1.5, 2.5, 4])
SCOPE = Microscope(numerical_aperture=0.4, pixel_size=0.3, focus_positions=[0, 2, 4, 6])
FREE = UncalibratedFocus(planes=4, blur_per_plane=1.5)


@pytest.mark.parametrize("optics", [LENS, SCOPE, FREE], ids=lambda optics: optics.kind)
@pytest.mark.parametrize("name", ["optics.toml", "optics.json"])
def test_folder(write_folder, make_stack, optics, name):
    folder = write_folder(make_stack())
    save_optics(optics, folder / name)
    stack = read_focal_stack(folder)
    assert stack.optics == optics
    assert stack.unit == optics.depth_unit
    assert stack.focus == (None if optics is FREE else tuple(optics.focus_positions_array))


def test_folder_side_car_wins_over_metadata_and_argument_over_both(tmp_path, make_stack):
    path = tmp_path / "s.ome.tif"
    tifffile.imwrite(
        path, make_stack(), photometric="minisblack", metadata={"axes": "ZYX", "PhysicalSizeZ": 3.0}
    )
    assert read_focal_stack(path).focus == (0, 3, 6, 9)
    assert read_focal_stack(path).optics_from is None
    save_optics(SCOPE, tmp_path / "optics.toml")
    assert read_focal_stack(path).optics == SCOPE
    assert read_focal_stack(path).optics_from == "optics.toml"
    assert read_focal_stack(path, optics=LENS).optics == LENS
    assert read_focal_stack(path, optics=LENS).optics_from == "given"
    save_optics(LENS, tmp_path / "s.optics.toml")
    assert read_focal_stack(path).optics == LENS
    assert read_focal_stack(path).optics_from == "s.optics.toml"


def test_beside_an_archive(write_folder, make_stack, tmp_path):
    folder = write_folder(make_stack())
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for file in folder.iterdir():
            archive.write(file, file.name)
    save_optics(LENS, tmp_path / "a.optics.json")
    assert read_focal_stack(tmp_path / "a.zip").optics == LENS


def test_positions_go_with_their_files(write_folder, make_stack):
    """A side-car counts the folder's images in natural order, whichever of them are read, in any order."""
    expected = make_stack()
    folder = write_folder(expected)
    save_optics(LENS, folder / "optics.toml")
    stack = read_focal_stack([folder / "img4.png", folder / "img1.png", folder / "img3.png"])
    assert stack.focus == (4, 1, 2.5)
    np.testing.assert_array_equal(stack.images, expected[[3, 0, 2]])


def test_positions_go_with_their_files_in_alphabetical_order(write_folder, make_stack):
    folder = write_folder(make_stack(planes=11))
    save_optics(LENS.replace(focus_distances=range(1, 12)), folder / "optics.toml")
    stack = read_focal_stack(folder, sort="name")
    assert stack.focus == (1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9)


@pytest.mark.parametrize(("numbers", "blur"), [((2, 3, 4), 1.5), ((1, 3), None)])
def test_part_of_an_uncalibrated_stack(write_folder, make_stack, numbers, blur):
    folder = write_folder(make_stack())
    save_optics(FREE, folder / "optics.toml")
    stack = read_focal_stack([folder / f"img{k}.png" for k in numbers])
    assert stack.optics == UncalibratedFocus(planes=len(numbers), blur_per_plane=blur)


def test_files_from_several_folders_have_no_side_car(write_folder, make_stack):
    one, two = write_folder(make_stack(), name="one"), write_folder(make_stack(), name="two")
    save_optics(LENS, one / "optics.toml")
    assert read_focal_stack([one / "img1.png", two / "img1.png"]).optics is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("kind = ", "is not valid TOML"),
        ("", "Optics need a kind"),
        ('kind = "telescope"', "telescope"),
        ('kind = "thin_lens"\nfocal_length = 0.05', "not complete"),
        ('kind = "uncalibrated"\nplanes = 4\ncolour = 1', "colour"),
        ('kind = "uncalibrated"\nplanes = 5', "4 planes but the optics list 5"),
        (
            'kind = "microscope"\nnumerical_aperture = nan\npixel_size = 1\nfocus_positions = [1,2,3,4]',
            "finite",
        ),
    ],
)
@pytest.mark.parametrize("where", ["folder", "archive"])
def test_malformed_side_car_is_named(write_folder, make_stack, tmp_path, text, message, where):
    folder = write_folder(make_stack())
    (folder / "optics.toml").write_text(text)
    source = folder
    if where == "archive":
        source = tmp_path / "a.zip"
        with zipfile.ZipFile(source, "w") as archive:
            for file in folder.iterdir():
                archive.write(file, file.name)
    with pytest.raises(InputError, match=message) as caught:
        read_focal_stack(source)
    assert "optics.toml" in str(caught.value)


def test_two_side_cars(write_folder, make_stack):
    folder = write_folder(make_stack())
    save_optics(LENS, folder / "optics.toml")
    save_optics(LENS, folder / "optics.json")
    with pytest.raises(InputError, match=r"optics\.toml and optics\.json .* keep one"):
        read_focal_stack(folder)


@pytest.mark.parametrize("name", ["optics.toml", "optics.json"])
def test_side_car_stands_for_its_folder(write_folder, make_stack, name, monkeypatch):
    expected = make_stack()
    folder = write_folder(expected)
    save_optics(LENS, folder / name)
    monkeypatch.chdir(folder)
    for path in (folder / name, str(folder / name), name):
        stack = read_focal_stack(path)
        assert (stack.name, stack.source, stack.optics) == ("stack", str(folder), LENS)
        np.testing.assert_array_equal(stack.images, expected)


@pytest.mark.parametrize("name", ["Scan.tif", "Scan.ome.tif"])
def test_side_car_stands_for_its_file(make_stack, tmp_path, name):
    expected = make_stack()
    tifffile.imwrite(tmp_path / name, expected, photometric="minisblack")
    tifffile.imwrite(tmp_path / "other.tif", expected + 1, photometric="minisblack")
    save_optics(LENS, tmp_path / "Scan.optics.toml")
    stack = read_focal_stack(tmp_path / "Scan.optics.toml")
    assert (stack.source, stack.optics) == (str(tmp_path / name), LENS)
    np.testing.assert_array_equal(stack.images, expected)


@pytest.mark.parametrize("files", [(), ("scan.tif", "scan.zip")])
def test_side_car_of_no_or_several_files(tmp_path, files):
    save_optics(LENS, tmp_path / "scan.optics.toml")
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(InputError, match=rf"scan\.optics\.toml .* there are {len(files)}"):
        read_focal_stack(tmp_path / "scan.optics.toml")


def test_side_car_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"There is no file or folder .*optics\.toml"):
        read_focal_stack(tmp_path / "optics.toml")
