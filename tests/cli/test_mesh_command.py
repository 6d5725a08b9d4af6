import numpy as np
import pytest
import trimesh

from napari_defocus.cli.main import main


@pytest.fixture
def result(folder, camera, output, capsys):
    command = ["solve", folder, "--optics", camera, "--epochs", 1, "-o", output, "--quiet"]
    assert main([str(word) for word in command]) == 0
    return output


@pytest.mark.parametrize("suffix", ["ply", "obj", "stl"])
def test_a_result_becomes_a_mesh_in_its_unit(suffix, result, tmp_path, capsys):
    path = tmp_path / f"scene.{suffix}"
    assert main(["mesh", str(result), "-o", str(path)]) == 0
    depth = np.load(result / "depth.npy").astype(float)
    sensor = np.mean([0.05 * z / (z - 0.05) for z in (1, 1.5, 2.5, 4, 6)])
    seen = trimesh.load(path, process=False, force="mesh")
    y, x = np.mgrid[:40, :48]
    extents = [
        np.ptp((x - 23.5) * depth * 60e-6 / sensor),
        np.ptp((y - 19.5) * depth * 60e-6 / sensor),
        np.ptp(depth),
    ]
    np.testing.assert_allclose(seen.extents, extents, rtol=1e-5)
    said = capsys.readouterr().out
    assert "1920 vertices, 3666 triangles" in said
    assert f"{extents[2]:.4g} m." in said
    assert str(path) in said


def test_unit_stride_and_confidence(result, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    options = ["--unit", "mm", "--stride", "4", "--least-confidence", "0.01", "--largest-jump", "100"]
    assert main(["mesh", str(result), *options]) == 0
    seen = trimesh.load(tmp_path / "results.ply", process=False)
    assert 1000 < seen.bounds[0][2] < seen.bounds[1][2] < 8000
    assert len(seen.vertices) <= 11 * 13


def test_the_optics_of_another_result_are_taken(result, tmp_path, capsys):
    path = tmp_path / "alone.npy"
    path.write_bytes((result / "depth.npy").read_bytes())
    assert main(["mesh", str(path), "-o", str(tmp_path / "a.stl")]) == 0
    assert "x and y in px" in capsys.readouterr().out
    parameters = str(result / "parameters.json")
    assert main(["mesh", str(path), "-o", str(tmp_path / "b.stl"), "--optics", parameters]) == 0
    assert " m." in capsys.readouterr().out


def test_bad_input(result, tmp_path, refused):
    assert "names no mesh format" in refused("mesh", result, "-o", tmp_path / "mesh.txt")
    (tmp_path / "a.ply").write_bytes(b"mine")
    assert "there already" in refused("mesh", result, "-o", tmp_path / "a.ply")
    (result / "confidence.tif").unlink()
    said = refused("mesh", result, "-o", tmp_path / "b.ply", "--least-confidence", "0.5")
    assert "confidence.tif cannot be read" in said
    assert not (tmp_path / "b.ply").exists()
