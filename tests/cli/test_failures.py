"""Interruption and failure in the middle of a run leave nothing behind."""

import os

import pytest

from napari_defocus import solver
from napari_defocus.cli.main import main
from napari_defocus.errors import SolverError


@pytest.fixture
def solve_failing(folder, camera, output, monkeypatch, capsys):
    """Solve with a solver that raises after its first step; return exit code and stderr."""

    def solve(error, *args):
        run = solver.alternating_minimization

        def failing(*run_args, **run_kwargs):
            yield next(iter(run(*run_args, **run_kwargs)))
            raise error

        monkeypatch.setattr(solver, "alternating_minimization", failing)
        command = ["solve", str(folder), "--optics", str(camera), "-o", str(output)]
        code = main([*command, "--set", "initialization=focus", *args])
        assert sorted(os.listdir(folder.parent)) == ["camera.toml", "scene"]
        return code, capsys.readouterr().err

    return solve


def test_interrupting_exits_with_130(solve_failing):
    assert solve_failing(KeyboardInterrupt()) == (
        130,
        "napari-defocus: Interrupted; no result was written.\n",
    )


def test_a_solver_error_exits_with_1_and_its_sentence(solve_failing):
    assert solve_failing(SolverError("The costs overflow.")) == (1, "napari-defocus: The costs overflow.\n")


def test_an_unexpected_error_exits_with_1_in_one_line(solve_failing):
    code, said = solve_failing(RuntimeError("kernel\nfailed"))
    assert code == 1
    assert said.count("\n") == 1
    assert "RuntimeError: kernel failed" in said
    assert "--verbose" in said


def test_verbose_shows_where_an_unexpected_error_came_from(solve_failing):
    code, said = solve_failing(RuntimeError("kernel failed"), "--verbose")
    assert code == 1
    assert "Traceback" in said


def test_an_output_that_is_a_link_is_followed(folder, output, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    output.symlink_to(disk, target_is_directory=True)
    assert main(["focus", str(folder), "-o", str(output)]) == 0
    assert output.is_symlink()
    assert (disk / "depth.npy").is_file()
