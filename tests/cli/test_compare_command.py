"""The command compare, and the measures of the command focus."""

import csv
import json

import numpy as np
import pytest
import tifffile
from numpy.testing import assert_allclose

from napari_defocus.cli import focus
from napari_defocus.cli.main import main
from napari_defocus.solver.focus_measure import FOCUS_MEASURES


def test_measures_of_the_command_are_those_of_the_solver():
    assert focus.MEASURES == FOCUS_MEASURES


@pytest.mark.parametrize("measure", FOCUS_MEASURES)
def test_measure_is_chosen(folder, output, measure):
    args = ["focus", str(folder), "-o", str(output), "--quiet", "--measure", measure, "--window", "5"]
    assert main([*args, "--step", "2"]) == 0
    depth = np.load(output / "depth.npy")
    assert abs(np.median(depth[:, :20]) - 1) < 0.5
    parameters = json.loads((output / "parameters.json").read_text())
    assert (parameters["measure"], parameters["window"], parameters["step"]) == (measure, 5, 2)


@pytest.fixture
def results(folder, tmp_path):
    """Two results of the scene."""
    paths = [tmp_path / "first", tmp_path / "second"]
    for path, window in zip(paths, ("3", "7"), strict=True):
        assert main(["focus", str(folder), "-o", str(path), "--quiet", "--window", window]) == 0
    return paths


def test_two_results(results, output, capsys):
    assert main(["compare", *map(str, results), "-o", str(output), "--save-plots"]) == 0
    said = capsys.readouterr().out
    first, second = (np.load(path / "depth.npy").astype(float) for path in results)
    rmse = np.sqrt(np.mean((first - second) ** 2))
    assert f" rmse {rmse:.4g} plane " in " ".join(said.split())
    assert "against result" in said
    assert "PSNR" in said
    written = {path.name for path in output.iterdir()}
    assert written == {
        "error.tif",
        "histogram.csv",
        "metrics.json",
        "plot_error.png",
        "plot_error_histogram.png",
    }
    assert_allclose(tifffile.imread(output / "error.tif"), first - second, atol=1e-6)
    metrics = json.loads((output / "metrics.json").read_text())
    assert metrics["rmse"] == pytest.approx(rmse)
    assert metrics["unit"] == "plane"
    assert metrics["truth"] is False
    assert metrics["first"] == str(results[0])
    rows = list(csv.DictReader((output / "histogram.csv").read_text().splitlines()))
    assert sum(int(row["pixels"]) for row in rows) == first.size == metrics["pixels"]


def test_against_a_truth_without_unit(results, tmp_path, capsys):
    truth = tmp_path / "truth.npy"
    np.save(truth, np.load(results[0] / "depth.npy") + 0.5)
    assert main(["compare", str(results[0]), str(truth), "--truth"]) == 0
    said = capsys.readouterr().out
    assert "against the truth" in said
    assert f"No unit is told by {truth}; it is taken for plane." in said
    assert " bias -0.5 plane " in " ".join(said.split())
    assert "PSNR" not in said
    assert set(tmp_path.iterdir()) == {*results, truth, tmp_path / "scene"}


def test_quiet_writes_and_says_nothing(results, output, capsys):
    assert main(["compare", *map(str, results), "-o", str(output), "--quiet"]) == 0
    assert capsys.readouterr().out == ""
    assert (output / "metrics.json").is_file()


def test_a_comparison_is_replaced_when_asked(results, output, refused):
    args = ["compare", *map(str, results), "-o", str(output), "--quiet"]
    assert main(args) == 0
    assert "is there already" in refused(*args)
    assert main([*args, "--overwrite"]) == 0
    assert "no part of a result" in refused("compare", *results, "-o", results[0], "--overwrite")


def test_refused(results, folder, camera, tmp_path, refused):
    metric = tmp_path / "metric"
    assert main(["focus", str(folder), "--optics", str(camera), "-o", str(metric), "--quiet"]) == 0
    assert "differ in unit, plane and m" in refused("compare", results[0], metric)
    np.save(tmp_path / "small.npy", np.ones((4, 5)))
    assert "differ in shape, 48 x 40 and 5 x 4 px" in refused("compare", results[0], tmp_path / "small.npy")
    assert "There is no file or folder" in refused("compare", results[0], tmp_path / "nowhere")
    assert "name one with -o" in refused("compare", *results, "--save-plots")
    assert "invalid choice" in refused("focus", folder, "--measure", "guess")
    assert "at least 3 px for local_variance" in refused(
        "focus", folder, "--measure", "local_variance", "--window", "1", "-o", tmp_path / "x"
    )
