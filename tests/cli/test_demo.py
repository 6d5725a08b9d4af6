"""The demo without a window; that with one is tested with the plugin."""

import json

import pytest

from napari_defocus.cli import demo
from napari_defocus.cli.main import main
from napari_defocus.io.samples import sample_names

SAMPLES = sample_names()


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    """Folder of a headless demo."""
    folder = tmp_path_factory.mktemp("demo") / "results"
    assert main(["demo", "--headless", "-o", str(folder), "--quiet"]) == 0
    return folder


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("method", ["focus", "defocus"])
def test_each_sample_is_solved_and_measured_by_each_method(solved, sample, method):
    folder = solved / sample / method
    metrics = json.loads((folder / "metrics.json").read_text())
    assert metrics["rmse"] > 0
    assert metrics["psnr"] > 20
    for name in ("depth.tif", "plot_depth.png", "parameters.json"):
        assert (folder / name).stat().st_size > 0


def test_results_are_not_overwritten_unasked(solved, capsys):
    before = (solved / SAMPLES[0] / "focus" / "depth.npy").stat().st_mtime_ns
    assert main(["demo", "--headless", "-o", str(solved)]) == 2
    assert "overwrite" in capsys.readouterr().err
    assert (solved / SAMPLES[0] / "focus" / "depth.npy").stat().st_mtime_ns == before


def test_the_table_names_every_sample(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(demo, "METHODS", {"focus": demo.METHODS["focus"]})
    assert main(["demo", "--headless", "-o", str(tmp_path / "quick")]) == 0
    said = capsys.readouterr().out
    assert str(tmp_path / "quick") in said
    for word in (*SAMPLES, "RMSE", "dB"):
        assert word in said


def test_without_a_display_there_is_no_window(monkeypatch):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert not demo.window_is_possible()


def test_a_display_that_does_not_answer_counts_as_none(monkeypatch):
    monkeypatch.setenv("DISPLAY", ":987")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    assert not demo.window_is_possible()


def test_with_a_window_napari_is_started_apart(monkeypatch):
    started = []
    monkeypatch.setattr(demo, "window_is_possible", lambda: True)
    monkeypatch.setattr("subprocess.call", lambda command: started.append(command) or 0)
    assert main(["demo"]) == 0
    assert started[0][1:] == ["-m", "napari_defocus.plugin.demo"]
