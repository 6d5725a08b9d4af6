"""A whole split: killed in the middle, with damaged images, with processes that die."""

import csv
import math
import multiprocessing
import subprocess
import sys

import pytest
from official_files import write_mobiledepth, write_nyuv2

from napari_defocus.cli.experiment import Experiment
from napari_defocus.cli.main import main
from napari_defocus.cli.summary import Row, write_summary
from napari_defocus.cli.workers import Task, solve_tasks

OVERRIDES = {"epochs": 1, "fista_iterations": 3, "candidates": 20, "initialization": "focus"}
SETTINGS = [part for name, value in OVERRIDES.items() for part in ("--set", f"{name}={value}")]


def arguments(data_dir, output, *more):
    return ["run", "nyuv2", "--all", "--data-dir", str(data_dir), "-o", str(output), *SETTINGS, *more]


def read_summary(output):
    with (output / "summary.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def killed_after(results, command):
    """Start the command as a process and kill it once so many more results are said; return what it said.

    Reading to the end waits for the workers too, which hold the pipe: they must end by themselves.
    """
    said = []
    with subprocess.Popen(
        [sys.executable, "-m", "napari_defocus", *command], stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout:
            said.append(line)
            if sum(line.startswith("[") for line in said) == results:
                process.kill()
                break
        rest = process.stdout.read()
    assert process.returncode == -9, said
    assert "summary.csv" not in rest
    return said


def test_killed_twice_it_ends_with_the_table_of_an_undisturbed_run(tmp_path):
    names = [f"{k:04d}" for k in range(1, 21)]
    write_nyuv2(tmp_path, names)
    undisturbed, disturbed = tmp_path / "undisturbed", tmp_path / "disturbed"
    assert main(arguments(tmp_path, undisturbed, "--quiet")) == 0
    command = arguments(tmp_path, disturbed, "--jobs", "2")
    killed_after(3, command)
    assert not (disturbed / "summary.csv").exists()
    said = killed_after(5, command)
    assert 3 <= int(said[0].split()[0]) < 20  # "... of 20 scenes are there already"
    assert main(command) == 0
    assert (disturbed / "summary.csv").read_bytes() == (undisturbed / "summary.csv").read_bytes()
    assert {path.name for path in disturbed.iterdir()} == {"summary.csv", *(f"test_{name}" for name in names)}
    rows = read_summary(disturbed)
    assert [row["name"] for row in rows] == [*(f"test_{name}" for name in names), "mean"]
    assert rows[-1]["status"] == "20 of 20"
    for column in ("rmse", "abs_rel", "delta1", "delta2", "delta3"):
        values = [float(row[column]) for row in rows]
        assert values[-1] == pytest.approx(sum(values[:-1]) / 20)
        assert len(set(values[:-1])) > 1 or column.startswith("delta")


def test_a_damaged_image_costs_its_own_row_until_it_is_mended(tmp_path, output, capsys):
    write_nyuv2(tmp_path, ["0001", "0002", "0003"])
    image = tmp_path / "NYUv2/test_rgb/0002.png"
    whole = image.read_bytes()
    image.write_bytes(whole[:2000])
    assert main(arguments(tmp_path, output)) == 1
    said = capsys.readouterr()
    assert "1 of 3 scenes failed" in said.err
    assert "0002.png is damaged" in said.err
    rows = read_summary(output)
    assert [row["status"].split(":")[0] for row in rows] == ["done", "failed", "done", "2 of 3"]
    assert rows[1]["rmse"] == ""
    assert "0002.png is damaged" in rows[1]["status"]
    assert float(rows[3]["rmse"]) == pytest.approx((float(rows[0]["rmse"]) + float(rows[2]["rmse"])) / 2)
    image.write_bytes(whole)
    assert main(arguments(tmp_path, output)) == 0
    said = capsys.readouterr().out
    assert "2 of 3 scenes are in" in said
    assert said.count("[") == 1
    assert read_summary(output)[3]["status"] == "3 of 3"


def test_a_process_that_dies_costs_its_scene_alone(tmp_path, output):
    write_nyuv2(tmp_path, ["0001", "0002", "0003"])
    experiment = Experiment("nyuv2", str(tmp_path), "published", OVERRIDES, False)
    tasks = [Task(experiment, ("test", name), output / name) for name in ("0001", "0002", "0003")]
    outcomes = {}
    for task, failure in solve_tasks(tasks, 1):
        outcomes[task.directory.name] = failure
        if len(outcomes) == 1:  # the second has just been begun
            for process in multiprocessing.active_children():
                process.kill()
    assert outcomes == {"0001": None, "0002": "Its process ended with code -9.", "0003": None}
    assert (output / "0003" / "metrics.json").is_file()
    assert multiprocessing.active_children() == []


def test_an_interrupted_batch_says_how_to_go_on(tmp_path, output, monkeypatch, capsys):
    from napari_defocus.cli import batch

    write_nyuv2(tmp_path, ["0001", "0002"])
    solve = batch.solve_tasks

    def interrupted(tasks, jobs, **options):
        yield next(solve(tasks[:1], jobs, **options))
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "solve_tasks", interrupted)
    assert main(arguments(tmp_path, output)) == 130
    assert f"1 of 2 scenes are in {output}, and the same command with -o" in capsys.readouterr().err
    assert not (output / "summary.csv").exists()


def test_results_of_other_settings_are_not_mixed_in(tmp_path, output, refused):
    write_nyuv2(tmp_path, ["0001"])
    assert main(arguments(tmp_path, output, "--quiet")) == 0
    assert "another scene, preset or settings" in refused(*arguments(tmp_path, output), "--set", "epochs=2")
    assert main(arguments(tmp_path, output, "--quiet", "--set", "epochs=2", "--overwrite")) == 0


def test_going_on_with_the_last_batch_by_default(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_nyuv2(tmp_path / "data", ["0001"])
    command = ["run", "nyuv2", "test", "--all", *SETTINGS]
    assert main(command) == 0
    (made,) = (tmp_path / "experiments/nyuv2").iterdir()
    assert made.name.startswith("test_20")
    capsys.readouterr()
    assert main([*command, "--resume"]) == 0
    assert f"1 of 1 scenes are in experiments/nyuv2/{made.name} already" in capsys.readouterr().out


def test_scenes_without_a_truth(tmp_path, output):
    write_mobiledepth(tmp_path, "keyboard")
    write_mobiledepth(tmp_path, "balls")
    command = ["run", "mobiledepth", "--all", "--data-dir", str(tmp_path), "-o", str(output), "--quiet"]
    assert main([*command, *SETTINGS, "--set", "cost_window=5"]) == 0
    rows = read_summary(output)
    assert [row["name"] for row in rows] == ["keyboard", "balls", "mean"]
    assert list(rows[0]) == ["name", "status", "loss"]


def test_averages_leave_out_what_is_not_known(tmp_path):
    rows = [
        Row("a", None, {"rmse": 1.0, "c1_rmse": math.nan, "pixels": 9}),
        Row("b", "no such file, or so."),
        Row("c", None, {"rmse": 2.0, "c1_rmse": 4.0}),
    ]
    write_summary(rows, tmp_path / "out" / "summary.csv")
    assert (tmp_path / "out" / "summary.csv").read_text() == (
        'name,status,rmse,c1_rmse\na,done,1.0,\nb,"failed: no such file, or so.",,\nc,done,2.0,4.0\n'
        "mean,2 of 3,1.5,4.0\n"
    )
