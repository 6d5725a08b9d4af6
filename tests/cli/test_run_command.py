"""The commands prepare and run on one scene, from the official files to the metrics."""

import csv
import json
import math

import numpy as np
import pytest
import tifffile
from official_files import HEIGHT, WIDTH, write_labeled, write_make3d, write_mobiledepth, write_nyuv2
from PIL import Image

from napari_defocus.cli.main import main

QUICK = [
    part
    for setting in ("epochs=1", "fista_iterations=3", "candidates=20", "initialization=focus")
    for part in ("--set", setting)
]
FILES = {"depth.npy", "depth.tif", "outliers.png", "confidence.tif", "losses.csv", "parameters.json"}
PLOTS = {f"plot_{name}.png" for name in ("depth", "all_in_focus", "losses", "surface")}


def run(data_dir, output, *args):
    return main(["run", *args, "--data-dir", str(data_dir), "-o", str(output), *QUICK])


def read_json(path):
    return json.loads(path.read_text())


def test_nyuv2_from_the_download_to_the_metrics(tmp_path, output, refused, capsys):
    missing = refused("run", "nyuv2", "test", "0001", "--data-dir", tmp_path)
    assert "NYU Depth Dataset V2" in missing
    assert f"napari-defocus prepare nyuv2 --data-dir {tmp_path}" in missing
    write_labeled(tmp_path, train=[1], test=[2])
    assert main(["prepare", "nyuv2", "--data-dir", str(tmp_path)]) == 0
    assert "2 images" in capsys.readouterr().out
    assert run(tmp_path, output, "nyuv2", "test", "1", "--save-plots", "--verbose") == 0
    names = {path.name for path in output.iterdir()}
    assert names == {
        *FILES,
        *PLOTS,
        "all_in_focus.tif",
        "metrics.json",
        "plot_comparison.png",
        "plot_worst_pixels.png",
        "half_steps",
    }
    assert sorted(path.stem for path in (output / "half_steps").iterdir()) == [
        "000_epoch_00_initialization",
        "001_epoch_01_depth",
        "002_epoch_01_aif",
    ]
    metrics = read_json(output / "metrics.json")
    depth = np.load(output / "depth.npy")
    tenths = tifffile.imread(tmp_path / "NYUv2/test_depth/0001.tiff")
    assert depth.shape == (HEIGHT // 2, WIDTH // 2)
    error = depth - tenths.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)) / 1e4
    assert metrics["rmse"] == pytest.approx(np.sqrt(np.mean(error**2)), rel=0.05)
    assert set(metrics) == {
        "rmse",
        "abs_rel",
        "log10",
        "delta1",
        "delta2",
        "delta3",
        "pixels",
        "psnr",
        "ssim",
    }
    said = capsys.readouterr()
    assert f"rmse {metrics['rmse']:.5g}" in said.out
    assert "epoch 1, aif" in said.err


def test_the_published_settings_are_the_default_and_recorded(tmp_path, output):
    write_nyuv2(tmp_path, ["0001"])
    assert run(tmp_path, output, "nyuv2", "test", "0001", "--quiet") == 0
    parameters = read_json(output / "parameters.json")
    settings = parameters["settings"]
    assert (settings["aif_solver"], settings["warm_start"], settings["fista_growth"]) == (
        "fista",
        False,
        1.05,
    )
    assert (settings["boundary"], settings["kernel_size"], settings["white"]) == ("zero", 11, 1.0)
    assert parameters["experiment"]["preset"] == "published"
    assert parameters["files"][0].endswith("NYUv2/test_rgb/0001.png")
    assert parameters["optics"]["focus_distances"] == [1, 1.5, 2.5, 4, 6]


@pytest.mark.parametrize(("preset", "step"), [("simulation", 1.0), ("default", 0.25)])
def test_other_presets_know_how_the_stack_was_made(tmp_path, output, preset, step):
    write_nyuv2(tmp_path, ["0001"])
    assert run(tmp_path, output, "nyuv2", "test", "0001", "--quiet", "--preset", preset) == 0
    settings = read_json(output / "parameters.json")["settings"]
    assert settings["candidate_step"] == step
    assert (settings["blur_kernel"], settings["boundary"], settings["kernel_size"]) == (
        "gaussian",
        "zero",
        11,
    )
    assert settings["depth_range"] == [0.1, 10]


def test_simulation_finds_the_depth_that_the_stack_was_made_from(tmp_path, output):
    write_nyuv2(tmp_path, ["0001"])
    args = ["run", "nyuv2", "test", "0001", "--data-dir", str(tmp_path), "-o", str(output), "--quiet"]
    assert main([*args, "--preset", "simulation"]) == 0
    metrics = read_json(output / "metrics.json")
    assert metrics["delta1"] > 0.97  # of 768 pixels; on a whole image it is above 0.999


def test_make3d(tmp_path, output, refused):
    said = refused("run", "make3d", "test", "math7-p-282t0", "--data-dir", tmp_path)
    assert "Make3D Laser+Image data" in said
    write_make3d(tmp_path, "math7-p-282t0")
    assert run(tmp_path, output, "make3d", "test", "img-math7-p-282t0.jpg", "--set", "cost_window=1") == 0
    metrics = read_json(output / "metrics.json")
    truth = read_json(output / "parameters.json")["settings"]["depth_range"]
    assert truth == [0.01, 80]
    assert 0 < metrics["c1_pixels"] < metrics["pixels"] == 460 * 345
    assert metrics["c1_rmse"] < metrics["rmse"]


def test_mobiledepth_is_padded_while_it_is_solved_and_has_no_metrics(tmp_path, output, refused):
    said = refused("run", "mobiledepth", "keyboard", "--data-dir", tmp_path)
    assert "Depth from Focus with Your Mobile Phone" in said
    write_mobiledepth(tmp_path, "keyboard")
    assert run(tmp_path, output, "mobiledepth", "keyboard", "--save-plots", "--set", "cost_window=10") == 0
    names = {path.name for path in output.iterdir()}
    assert names == {*FILES, *PLOTS, "all_in_focus.png", "half_steps"}
    for name in ("depth.tif", "confidence.tif"):
        assert tifffile.imread(output / name).shape == (WIDTH // 2, HEIGHT // 2)
    image = np.asarray(Image.open(output / "all_in_focus.png"))
    assert image.shape == (WIDTH // 2, HEIGHT // 2, 3)
    with (output / "losses.csv").open() as stream:
        assert len(list(csv.DictReader(stream))) == 3
    parameters = read_json(output / "parameters.json")
    assert parameters["unit"] == "dimensionless"
    assert parameters["optics"]["focus_distances"] == [20, 35, 90, 200]


def test_the_default_folder_and_going_on(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_nyuv2(tmp_path / "data", ["0001"])
    args = ["run", "nyuv2", "test", "0001", *QUICK]
    assert main(args) == 0
    (made,) = (tmp_path / "experiments/nyuv2").iterdir()
    assert made.name.startswith("test_0001_20")
    before = (made / "depth.npy").stat().st_mtime_ns
    capsys.readouterr()
    assert main([*args, "--resume"]) == 0
    said = capsys.readouterr().out
    assert "is complete" in said
    assert "rmse" in said
    (made,) = (tmp_path / "experiments/nyuv2").iterdir()
    assert (made / "depth.npy").stat().st_mtime_ns == before
    assert main([*args, "--resume", "--set", "epochs=2"]) == 2
    assert "another scene, preset or settings" in capsys.readouterr().err


def test_going_on_does_not_take_a_result_of_other_settings(tmp_path, output, refused):
    write_nyuv2(tmp_path, ["0001"])
    assert run(tmp_path, output, "nyuv2", "test", "0001", "--quiet") == 0
    common = ["run", "nyuv2", "test", "0001", "--data-dir", tmp_path, "-o", output]
    assert "another scene, preset or settings" in refused(*common, "--resume")
    assert "there already" in refused(*common)


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (["nyuv2"], "SPLIT and NUMBER"),
        (["nyuv2", "test"], "SPLIT and NUMBER"),
        (["mobiledepth"], "SCENE"),
        (["nyuv2", "test", "0001", "--all"], "leave out 0001"),
        (["nyuv2", "--all", "--jobs", "0"], "--jobs"),
        (["nyuv2", "other", "0001"], "other"),
        (["nyuv2", "--all", "--split", "other"], "other"),
        (["mobiledepth", "kitchen"], "kitchen"),
        (["kitti", "test", "1"], "kitti"),
        (["nyuv2", "test", "0001", "--set", "speed=9"], "speed"),
        (["nyuv2", "test", "0001", "--set", "epochs=0"], "epochs"),
    ],
)
def test_wrong_arguments(tmp_path, refused, args, named):
    assert named in refused("run", *args, *(["--data-dir", tmp_path] if args[0] != "kitti" else []))
    assert list(tmp_path.iterdir()) == []


def test_a_metric_that_is_not_finite_is_read_back(tmp_path):
    from napari_defocus.cli.run import read_metrics

    (tmp_path / "metrics.json").write_text('{"rmse": null, "pixels": 3}')
    metrics = read_metrics(tmp_path)
    assert math.isnan(metrics["rmse"])
    assert metrics["pixels"] == 3
