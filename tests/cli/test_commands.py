"""The commands solve and focus, run in-process on a tiny stack."""

import json

import numpy as np
import tifffile

from napari_defocus.cli.main import main

QUICK = ("--epochs", "2", "--set", "initialization=focus")


def test_solve_writes_the_result_in_the_unit_of_the_optics(folder, camera, output, capsys):
    assert main(["solve", str(folder), "--optics", str(camera), "-o", str(output), *QUICK]) == 0
    said = capsys.readouterr()
    depth = np.load(output / "depth.npy")
    assert depth.shape == (40, 48)
    assert depth.dtype == np.float32
    np.testing.assert_array_equal(tifffile.imread(output / "depth.tif"), depth)
    assert np.median(depth[:, :20]) < np.median(depth[:, 28:])
    assert 1.0 < np.median(depth) < 6.0
    parameters = json.loads((output / "parameters.json").read_text())
    assert parameters["settings"]["epochs"] == 2
    for text in (str(output), "confidence", "Loss", " m "):
        assert text in said.out
    for name in ("depth.npy", "all_in_focus.png", "outliers.png", "losses.csv", "parameters.json"):
        assert (output / name).is_file()
        assert name in said.out


def test_estimate_of_the_blur_is_asked_for_and_its_outcome_said(folder, camera, output, capsys):
    args = ["solve", str(folder), "--optics", str(camera), "-o", str(output), *QUICK, "--estimate-blur"]
    assert main(args) == 0
    assert "does not determine the blur scale" in capsys.readouterr().out  # its 40 x 48 px are too few
    parameters = json.loads((output / "parameters.json").read_text())
    assert parameters["settings"]["estimate_blur"] is False  # the same again gives the same


def test_without_optics_depth_is_in_plane_steps_and_this_is_said(folder, output, capsys):
    assert main(["focus", str(folder), "-o", str(output)]) == 0
    said = capsys.readouterr().out
    assert "plane steps" in said
    assert "--optics" in said
    depth = np.load(output / "depth.npy")
    assert abs(np.median(depth[:, :20]) - 1) < 0.5
    assert abs(np.median(depth[:, 28:]) - 3) < 0.5


def test_optics_beside_the_images_are_found(folder, camera, output, capsys):
    camera.rename(folder / "optics.toml")
    assert main(["focus", str(folder), "-o", str(output)]) == 0
    assert "plane steps" not in capsys.readouterr().out
    assert abs(np.median(np.load(output / "depth.npy")[:, :20]) - 1.5) < 0.4


def test_the_default_output_is_named_by_stack_and_time(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["focus", str(folder), "--quiet"]) == 0
    (made,) = (tmp_path / "experiments" / "stacks").iterdir()
    assert made.name.startswith("scene_20")
    assert (made / "depth.tif").is_file()


def test_quiet_says_nothing(folder, output, capsys):
    assert main(["focus", str(folder), "-o", str(output), "--quiet"]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", "")


def test_verbose_prints_the_loss_of_each_step(folder, camera, output, capsys):
    args = ["solve", str(folder), "--optics", str(camera), "-o", str(output), *QUICK, "--verbose"]
    assert main(args) == 0
    said = capsys.readouterr().err
    for step in ("epoch 0, initialization", "epoch 1, depth", "epoch 2, aif"):
        assert step in said


def test_a_list_of_files_is_a_stack(folder, output):
    files = sorted(str(path) for path in folder.iterdir())
    assert main(["focus", *files[:4], "-o", str(output)]) == 0
    assert np.load(output / "depth.npy").max() <= 3


def test_the_images_of_a_run_are_recorded(folder, output, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    names = ["plane3.png", "plane0.png", "plane2.png"]
    assert main(["focus", *names, "-o", str(output), "--quiet"]) == 0
    parameters = json.loads((output / "parameters.json").read_text())
    assert parameters["names"] == names
    assert parameters["files"] == [str(folder / name) for name in names]
    monkeypatch.chdir(tmp_path)
    assert main(["focus", *parameters["files"], "-o", str(tmp_path / "again"), "--quiet"]) == 0
    depths = [np.load(folder / "depth.npy") for folder in (tmp_path / "again", output)]
    np.testing.assert_allclose(*depths, rtol=3e-6)


def test_a_folder_is_recorded_by_its_absolute_path(folder, output, monkeypatch):
    monkeypatch.chdir(folder)
    assert main(["focus", ".", "-o", str(output), "--quiet"]) == 0
    parameters = json.loads((output / "parameters.json").read_text())
    assert parameters["source"] == str(folder)
    assert parameters["names"] == [f"plane{k}.png" for k in range(5)]


def test_parameters_of_a_run_give_the_same_run_again(folder, camera, output, tmp_path):
    first = [
        "solve",
        str(folder),
        "--optics",
        str(camera),
        "-o",
        str(output),
        *QUICK,
        "--set",
        "cost_window=3",
    ]
    assert main(first) == 0
    again = tmp_path / "again"
    assert (
        main(["solve", str(folder), "--parameters", str(output / "parameters.json"), "-o", str(again)]) == 0
    )
    np.testing.assert_allclose(np.load(again / "depth.npy"), np.load(output / "depth.npy"), rtol=1e-5)
    settings = json.loads((again / "parameters.json").read_text())["settings"]
    assert settings["cost_window"] == 3


def test_a_preset_and_settings_over_it(folder, camera, output):
    args = [
        "solve",
        str(folder),
        "--optics",
        str(camera),
        "-o",
        str(output),
        "--preset",
        "simulation",
        "--epochs",
        "1",
    ]
    assert main([*args, "--set", "initialization=focus", "--set", "depth_range=[1.2, 4.5]"]) == 0
    settings = json.loads((output / "parameters.json").read_text())["settings"]
    assert settings["epochs"] == 1
    assert settings["outlier_method"] == "none"
    assert settings["depth_range"] == [1.2, 4.5]
    depth = np.load(output / "depth.npy")
    assert depth.min() >= np.float32(1.2)
    assert depth.max() <= np.float32(4.5)


def test_overwrite_replaces_earlier_results(folder, output):
    output.mkdir()
    (output / "depth.tif").write_text("old")
    assert main(["focus", str(folder), "-o", str(output), "--overwrite"]) == 0
    assert tifffile.imread(output / "depth.tif").shape == (40, 48)


def test_plots_are_saved_when_asked_for(folder, output):
    assert main(["focus", str(folder), "-o", str(output), "--save-plots"]) == 0
    pictures = {path.name for path in output.glob("*.png")}
    assert len(pictures) > 2
