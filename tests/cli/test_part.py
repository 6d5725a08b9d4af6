"""``solve`` on a region, and again on the part that a recorded run was of."""

import json

import numpy as np
import pytest

from napari_defocus import SolverSettings, load_optics, read_focal_stack, solve
from napari_defocus.cli.main import main

QUICK = ("--epochs", "1", "--no-estimate-blur", "--depth-range", "1", "6", "--quiet")


@pytest.fixture
def solve_region(folder, camera, output):
    """Solve four ends of a region; other arguments follow."""

    def run(*arguments):
        command = ["solve", folder, "--optics", camera, "-o", output, "--region", *arguments]
        assert main([*map(str, command), *QUICK]) == 0
        return np.load(output / "depth.npy")

    return run


def test_a_region_is_solved_with_what_lies_around_it(solve_region, folder, camera):
    images = np.asarray(read_focal_stack(folder).images)
    settings = SolverSettings(epochs=1, estimate_blur=False, depth_range=(1, 6))
    around = solve(images[:, :, 3:], load_optics(camera), settings)  # 16 px, as far as there are any
    np.testing.assert_array_equal(solve_region(5, 30, 19, 44), around.depth[5:30, 16:41])


def test_a_recorded_region_is_solved_again_unless_all_is_wanted(
    solve_region, folder, output, tmp_path, capsys
):
    region = solve_region(5, 30, 19, 44)
    assert json.loads((output / "parameters.json").read_text())["region"] == [[5, 30], [19, 44]]
    command = ["solve", str(folder), "--parameters", str(output), "-o", str(tmp_path / "again")]
    assert main(command) == 0
    assert "Solving a region (rows 5 to 29, columns 19 to 43), as that run did" in capsys.readouterr().out
    np.testing.assert_array_equal(np.load(tmp_path / "again" / "depth.npy"), region)
    assert main([*command, "--whole", "--quiet", "--overwrite"]) == 0
    assert np.load(tmp_path / "again" / "depth.npy").shape == (40, 48)
    assert "region" not in json.loads((tmp_path / "again" / "parameters.json").read_text())


@pytest.mark.parametrize("ends", [(0, 41, 0, 48), (-1, 20, 0, 48), (20, 20, 0, 48), (0, 40, 30, 20)])
def test_a_region_that_is_not_on_the_images_is_refused(ends, refused, folder, output):
    said = refused("solve", folder, "-o", output, "--region", *ends)
    assert "40 x 48 px" in said
    assert "--region" in said
    assert not output.exists()


def test_blocks_are_of_the_whole_image(refused, folder, output):
    assert "--block" in refused("solve", folder, "-o", output, "--region", 0, 20, 0, 20, "--block", 256)
