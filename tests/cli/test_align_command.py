"""The command align and the option --align, on a stack whose planes were moved."""

import json

import numpy as np
import pytest
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_defocus.cli.main import main
from napari_defocus.io import read_focal_stack


@pytest.fixture(scope="module")
def moved():
    """Three planes of one texture; the last lies two pixels too far right. (3, 80, 96) uint16."""
    texture = gaussian_filter(np.random.default_rng(3).random((80, 98)), 1.0)
    texture = (texture - texture.min()) / np.ptp(texture)
    planes = [gaussian_filter(texture, sigma) for sigma in (0.5, 1.0, 1.5)]
    stack = np.stack([planes[0][:, 2:], planes[1][:, 2:], planes[2][:, :-2]])
    return np.rint(60_000 * stack).astype(np.uint16)


@pytest.fixture
def stack(moved, tmp_path):
    path = tmp_path / "moved"
    path.mkdir()
    for k, plane in enumerate(moved):
        Image.fromarray(plane).save(path / f"plane{k}.png")
    return path


def test_align_writes_the_planes_and_what_was_found(stack, moved, output, capsys):
    assert main(["align", str(stack), "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "1 of 3 planes moved" in said or "2 of 3 planes moved" in said
    assert "aligned.ome.tif" in said
    images = tifffile.imread(output / "aligned.ome.tif")
    assert (images.dtype, images.shape) == (np.uint16, moved.shape)
    np.testing.assert_array_equal(images[1], moved[1])
    report = json.loads((output / "alignment.json").read_text())
    assert report["planes"][2]["motion"]["shift_x"] == pytest.approx(2, abs=0.1)
    assert report["source"] == str(stack)
    assert report["metadata"]["names"] == ["plane0.png", "plane1.png", "plane2.png"]
    assert not (output / "aligned.optics.toml").exists()


def test_the_aligned_stack_brings_its_optics(stack, output, tmp_path):
    optics = tmp_path / "camera.toml"
    optics.write_text(
        'kind = "thin_lens"\nfocal_length_mm = 50\nf_number = 8\npixel_pitch_um = 60\n'
        "focus_distances_m = [1.0, 1.5, 2.5]\n"
    )
    assert main(["align", str(stack), "--optics", str(optics), "-o", str(output), "--quiet"]) == 0
    read = read_focal_stack(output / "aligned.ome.tif")
    assert read.optics == read_focal_stack(stack, optics=optics).optics


def test_reference_and_crop(stack, moved, output):
    arguments = ["--reference", "2", "--crop", "--motion", "translation"]
    assert main(["align", str(stack), "-o", str(output), *arguments, "--quiet"]) == 0
    images = tifffile.imread(output / "aligned.ome.tif")
    report = json.loads((output / "alignment.json").read_text())
    (top, bottom), (left, right) = report["valid_rows"], report["valid_columns"]
    assert right - left in (93, 94)
    np.testing.assert_array_equal(images[2], moved[2, top:bottom, left:right])


def test_an_older_alignment_is_replaced_only_when_asked(stack, output, refused):
    assert main(["align", str(stack), "-o", str(output), "--quiet"]) == 0
    assert "overwrite" in refused("align", stack, "-o", output)
    assert main(["align", str(stack), "-o", str(output), "--overwrite", "--quiet"]) == 0
    assert "aligned.ome.tif" in refused("focus", stack, "-o", output, "--overwrite")


def test_a_reference_that_is_none(stack, output, refused):
    assert "from 0 to 2" in refused("align", stack, "--reference", "7", "-o", output)
    assert not output.exists()


@pytest.mark.parametrize("command", ["focus", "solve"])
def test_solving_with_alignment_records_it(stack, output, capsys, command):
    quick = ["--epochs", "1", "--set", "initialization=focus"] if command == "solve" else []
    assert main([command, str(stack), "--align", "-o", str(output), *quick]) == 0
    assert "planes moved" in capsys.readouterr().out
    alignment = json.loads((output / "parameters.json").read_text())["alignment"]
    assert alignment["motion"] == "similarity"
    assert alignment["planes"][2]["accepted"]


def test_without_the_option_nothing_is_aligned(stack, output):
    assert main(["focus", str(stack), "-o", str(output), "--quiet"]) == 0
    assert "alignment" not in json.loads((output / "parameters.json").read_text())


def test_a_run_with_alignment_is_done_again_with_it(stack, output, tmp_path):
    quick = ["--epochs", "1", "--set", "initialization=focus", "--quiet"]
    assert main(["solve", str(stack), "--align", "translation", "-o", str(output), *quick]) == 0
    for option, aligned in (([], True), (["--align", "off"], False)):
        again = tmp_path / f"again {aligned}"
        assert (
            main(["solve", str(stack), "--parameters", str(output), "-o", str(again), *option, "--quiet"])
            == 0
        )
        assert ("alignment" in json.loads((again / "parameters.json").read_text())) == aligned
