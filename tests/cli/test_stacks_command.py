"""``napari-defocus batch``: many stacks, killed in the middle, with damaged images, without optics."""

import csv
import json
import shutil
import subprocess
import sys

import numpy as np
import pytest

from napari_defocus.cli.main import main
from napari_defocus.io import load_parameters

QUICK = ("--epochs", "1", "--set", "initialization=focus", "--set", "occlusion=false", "--no-estimate-blur")


@pytest.fixture
def stacks(folder, camera, tmp_path):
    """Four stacks with optics, one of them damaged, and one without."""
    place = tmp_path / "stacks"
    for name in ("s1", "s2", "s3", "s4", "s5"):
        shutil.copytree(folder, place / name)
        if name != "s5":
            shutil.copy(camera, place / name / "optics.toml")
    image = place / "s3" / "plane2.png"
    image.write_bytes(image.read_bytes()[:200])
    return place


def rows_of(output, *, times=False):
    with (output / "batch_summary.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    return rows if times else [row | {"seconds": ""} for row in rows]


def command(stacks, output, *more):
    return ["batch", str(stacks), "-o", str(output), *QUICK, *more]


def test_all_stacks_and_what_became_of_them(stacks, output, capsys):
    assert main(command(stacks, output)) == 1
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].startswith("[1/5] s1: done (")
    assert "optics from optics.toml) - " in lines[0]
    assert lines[0].endswith("outliers")
    assert lines[2].startswith("[3/5] s3: failed - plane2.png is damaged")
    assert lines[4].startswith("[5/5] s5: needs optics - It brings no complete optics")
    assert f"batch_summary.csv are in {output}" in lines[5]
    assert "2 of 5 stacks have no result, the first (s3) since: plane2.png is damaged" in said.err
    rows = rows_of(output)
    assert [row["state"] for row in rows] == ["done", "done", "failed", "done", "needs optics"]
    assert np.load(output / "s4" / "depth.npy").shape == (40, 48)


def test_killed_it_goes_on_and_ends_with_the_table_of_an_undisturbed_run(stacks, output, tmp_path):
    undisturbed = tmp_path / "undisturbed"
    assert main(command(stacks, undisturbed, "--quiet")) == 1
    arguments = [sys.executable, "-m", "napari_defocus", *command(stacks, output)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        said = [process.stdout.readline() for _ in range(2)]
        process.kill()
    assert process.returncode == -9, said
    killed = rows_of(output, times=True)
    assert [row["state"] for row in killed][:2] == ["done", "done"]
    assert len(killed) == 5
    assert main(command(stacks, output, "--quiet")) == 1
    assert rows_of(output) == rows_of(undisturbed)
    assert rows_of(output, times=True)[:2] == killed[:2]
    assert {path.name for path in output.iterdir()} == {"batch_summary.csv", "s1", "s2", "s4"}


def test_optics_for_the_stacks_that_bring_none(stacks, output, camera, capsys):
    assert main(command(stacks / "s5", output, "--optics", str(camera))) == 0
    assert "optics from camera.toml" in capsys.readouterr().out
    assert rows_of(output)[0]["unit"] == "m"
    free = output.with_name("free")
    assert (
        main(["batch", str(stacks / "s5"), str(stacks / "s1"), "-o", str(free), *QUICK, "--uncalibrated"])
        == 0
    )
    assert [row["unit"] for row in rows_of(free)] == ["plane", "m"]


def test_results_of_other_settings_are_replaced_on_request_only(stacks, output, capsys):
    assert main(command(stacks / "s1", output, "--quiet")) == 0
    assert main(command(stacks / "s1", output, "--quiet", "--epochs", "2")) == 1
    assert "holds a result of other settings" in capsys.readouterr().err
    assert main(command(stacks / "s1", output, "--quiet", "--epochs", "2", "--overwrite")) == 0
    assert load_parameters(output / "s1")[1].epochs == 2


def test_settings_of_an_earlier_run_without_its_depth_range(stacks, folder, camera, output, tmp_path):
    earlier = tmp_path / "earlier"
    solve = ["solve", str(folder), "--optics", str(camera), "-o", str(earlier), "--quiet", *QUICK]
    assert main([*solve, "--depth-range", "0.5", "20", "--set", "cost_window=5"]) == 0
    arguments = ["batch", str(stacks / "s1"), "-o", str(output), "--parameters", str(earlier), "--quiet"]
    assert main(arguments) == 0
    settings = load_parameters(output / "s1")[1]
    assert settings.cost_window == 5
    assert settings.depth_range != (0.5, 20)


def test_planes_are_aligned_as_in_an_earlier_run_unless_told_otherwise(stacks, output, tmp_path):
    def motion(*options):
        command = ["batch", str(stacks / "s1"), "-o", str(output), "--quiet", "--overwrite", *QUICK, *options]
        assert main(command) == 0
        return json.loads((output / "s1" / "parameters.json").read_text()).get("alignment", {}).get("motion")

    assert motion() is None
    assert motion("--align", "breathing") == "breathing"
    earlier = output.rename(tmp_path / "earlier") / "s1"
    assert motion("--parameters", str(earlier)) == "breathing"
    assert motion("--parameters", str(earlier), "--align", "off") is None


def test_a_depth_range_needs_its_unit(stacks, output, refused):
    arguments = command(stacks / "s1", output, "--depth-range", "90", "900")
    assert "--range-unit" in refused(*arguments)
    assert main([*arguments, "--range-unit", "cm", "--quiet"]) == 0
    assert load_parameters(output / "s1")[1].depth_range == pytest.approx((0.9, 9.0))


def test_ctrl_c_says_how_to_go_on(stacks, output, monkeypatch, capsys):
    from napari_defocus import solver

    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(solver, "alternating_minimization", interrupted)
    assert main(command(stacks, output)) == 130
    assert f"the same command with -o {output} goes on" in capsys.readouterr().err
    assert [row["state"] for row in rows_of(output)] == ["cancelled", *["waiting"] * 4]


def test_a_folder_without_stacks(tmp_path, output, refused):
    assert "holds no focal stack" in refused("batch", tmp_path, "-o", output)
