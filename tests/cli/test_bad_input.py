"""Bad input is refused with exit code 2 and one sentence that names it; nothing is computed or written."""

import logging

import numpy as np
import pytest
import tifffile
from PIL import Image

from napari_defocus.errors import InputError
from napari_defocus.io import read_focal_stack


@pytest.fixture
def solve_refused(refused, folder, output):
    """Solve the folder (or another stack) with more arguments; return the sentence it is refused with."""

    def solve(*args, stack=folder):
        said = refused("solve", stack, "-o", output, *args)
        assert not output.exists()
        return said

    return solve


def test_a_stack_that_is_not_there(solve_refused, tmp_path):
    assert "nowhere" in solve_refused(stack=tmp_path / "nowhere")


def test_an_empty_folder(solve_refused, tmp_path):
    (tmp_path / "empty").mkdir()
    assert "empty" in solve_refused(stack=tmp_path / "empty")


def test_one_plane(solve_refused, planes, tmp_path):
    path = tmp_path / "one.tif"
    tifffile.imwrite(path, planes[0], photometric="rgb")
    assert "one" in solve_refused(stack=path)


def test_a_file_that_is_no_image(solve_refused, folder):
    (folder / "notes.txt").write_text("focus by eye")
    assert "notes.txt" in solve_refused()


def test_images_of_different_sizes(solve_refused, folder, planes):
    Image.fromarray(planes[2][:, :-3]).save(folder / "plane2.png")
    assert "plane2.png" in solve_refused()


def test_images_with_transparency(solve_refused, folder, planes):
    for k, image in enumerate(planes):
        Image.fromarray(image).convert("RGBA").save(folder / f"plane{k}.png")
    assert "transparency" in solve_refused()


def test_a_file_cut_off_in_the_middle(solve_refused, folder):
    path = folder / "plane3.png"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    assert "plane3.png" in solve_refused()


def test_a_stack_with_four_dimensions(solve_refused, tmp_path):
    path = tmp_path / "deep.tif"
    tifffile.imwrite(path, np.zeros((3, 4, 20, 22), np.uint16), metadata={"axes": "TZYX"}, imagej=True)
    assert "deep" in solve_refused(stack=path)


def test_a_stack_with_nan(solve_refused, planes, tmp_path):
    path = tmp_path / "holes.tif"
    grey = planes.mean(axis=-1).astype(np.float32) / 255
    grey[2, 10, 10] = np.nan
    tifffile.imwrite(path, grey, photometric="minisblack")
    assert "nan" in solve_refused(stack=path).lower()


def test_a_focus_list_of_another_length(solve_refused, camera):
    camera.write_text(camera.read_text().replace(", 6.0", ""))
    said = solve_refused("--optics", camera)
    assert "5" in said
    assert "4" in said


def test_a_focal_length_beyond_a_focus_distance(solve_refused, camera):
    camera.write_text(camera.read_text().replace("= 50", "= 1200"))
    assert "focal_length" in solve_refused("--optics", camera)


@pytest.mark.parametrize("value", ["-0.1", "nan"])
def test_a_negative_or_nan_parameter_of_the_optics(solve_refused, camera, value):
    camera.write_text(camera.read_text() + f"min_blur = {value}\n")
    assert "min_blur" in solve_refused("--optics", camera)


def test_an_optics_file_that_is_not_there(solve_refused, tmp_path):
    assert "nothing.toml" in solve_refused("--optics", tmp_path / "nothing.toml")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("--epochs", "0"), "epochs"),
        (("--epochs", "many"), "--epochs"),
        (("--depth-range", "3", "2"), "depth_range"),
        (("--depth-range", "nan", "2"), "depth_range"),
        (("--depth-range", "-1", "2"), "depth_range"),
        (("--set", "mrf_smoothness=-1"), "mrf_smoothness"),
        (("--set", "golden_tolerance=nan"), "golden_tolerance"),
        (("--set", "kernel_size=4"), "kernel_size"),
        (("--set", "boundary=mirror"), "boundary"),
        (("--set", "candydates=4"), "candydates"),
        (("--set", "epochs"), "name=value"),
        (("--preset", "perfect"), "perfect"),
        (("--parameters", "p.json", "--preset", "nyuv2"), "--preset"),
        (("--parameters", "p.json"), "p.json"),
        (("--verbose", "--quiet"), "--quiet"),
    ],
)
def test_a_wrong_argument(solve_refused, camera, change, named):
    assert named in solve_refused("--optics", camera, *change)


def test_a_wrong_window_of_the_focus_measure(refused, folder, output):
    assert "window" in refused("focus", folder, "-o", output, "--window", "0")
    assert not output.exists()


def test_the_parameters_of_a_run_of_the_focus_measure(refused, folder, output, tmp_path):
    from napari_defocus.cli.main import main

    assert main(["focus", str(folder), "-o", str(output), "--quiet"]) == 0
    said = refused("solve", folder, "--parameters", output, "-o", tmp_path / "again")
    assert "run of depth from focus, which has no optics and settings" in said
    assert not (tmp_path / "again").exists()


def test_a_broken_tiff_is_reported_by_us_alone(solve_refused, planes, tmp_path, caplog):
    path = tmp_path / "broken.tif"
    tifffile.imwrite(path, planes, photometric="rgb")
    path.write_bytes(path.read_bytes()[:200])
    level = logging.getLogger("tifffile").level
    with pytest.raises(InputError):
        read_focal_stack(path)
    assert caplog.records  # it does log, where nobody keeps it back
    caplog.clear()
    assert "broken.tif" in solve_refused(stack=path)
    assert [record for record in caplog.records if record.name == "tifffile"] == []
    assert logging.getLogger("tifffile").level == level


def test_no_command(refused):
    assert "COMMAND" in refused()


def test_an_output_folder_with_something_in_it(refused, folder, output):
    output.mkdir()
    (output / "depth.tif").write_text("results of a night")
    assert "overwrite" in refused("solve", folder, "-o", output)
    assert [path.name for path in output.iterdir()] == ["depth.tif"]
    assert (output / "depth.tif").read_text() == "results of a night"


def test_a_folder_of_other_things_is_not_overwritten(refused, folder):
    assert "plane0.png" in refused("focus", folder, "-o", folder, "--overwrite")
    assert len(list(folder.iterdir())) == 5


def test_an_output_folder_that_cannot_be_written(refused, folder, output, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write everywhere
    assert "cannot be made" in refused("solve", folder, "-o", output)


def test_an_output_that_is_a_file(refused, folder, camera):
    before = camera.read_text()
    assert "camera.toml" in refused("solve", folder, "-o", camera, "--overwrite")
    assert "camera.toml" in refused("solve", folder, "-o", camera / "below")
    assert camera.read_text() == before
