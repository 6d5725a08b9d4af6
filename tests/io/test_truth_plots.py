import sys
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from napari_defocus.errors import InputError
from napari_defocus.io import save_result
from napari_defocus.io.half_steps import HalfStepPlots, plot_half_step
from napari_defocus.io.truth_plots import plot_comparison, plot_worst_pixels, worst_pixels
from napari_defocus.solver.result import DefocusResult

SHAPE = (40, 64)


@pytest.fixture
def truth(rng):
    return rng.uniform(1, 2, SHAPE).astype(np.float32)


@pytest.fixture
def result(truth, rng):
    """Exact but for three pixels, two of them near each other."""
    depth = truth.copy()
    depth[5, 6] += 0.5
    depth[6, 7] += 0.4
    depth[30, 50] -= 0.25
    flat = np.zeros(SHAPE, np.float32)
    image = rng.random((*SHAPE, 3), dtype=np.float32)
    return DefocusResult(depth, image, flat > 0, flat, (0.5, 0.2), "m", "defocus")


def state(epoch, step):
    rng = np.random.default_rng(epoch)
    return SimpleNamespace(
        epoch=epoch,
        step=step,
        loss=0.25,
        depth=rng.uniform(1, 2, SHAPE),
        all_in_focus=rng.random(SHAPE),
        optics=SimpleNamespace(depth_unit="um"),
    )


def test_comparison_shows_truth_result_and_error(result, truth):
    figure = plot_comparison(result, truth)
    assert isinstance(figure, Figure)
    shown = {axes.get_title(): axes.images[0].get_array() for axes in figure.axes if axes.images}
    np.testing.assert_array_equal(shown["truth"], truth)
    np.testing.assert_array_equal(shown["found"], result.depth)
    np.testing.assert_allclose(shown["found less truth"][5, 6], 0.5, atol=1e-6)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert labels.count("depth (m)") == 2
    assert "error (m)" in labels
    histogram = next(axes for axes in figure.axes if axes.patches)
    assert sum(bar.get_height() for bar in histogram.patches) == truth.size
    assert histogram.get_title().startswith("rmse 0.01")


def test_comparison_without_error_or_where_truth_has_holes(result, truth, tmp_path):
    truth[10:20] = np.nan
    plot_comparison(result, truth).savefig(tmp_path / "holes.png")
    plot_comparison(result, result.depth).savefig(tmp_path / "exact.png")


def test_worst_pixels_are_apart_and_in_order(result, truth):
    np.testing.assert_array_equal(worst_pixels(result.depth, truth), [(5, 6), (30, 50)])
    np.testing.assert_array_equal(worst_pixels(result.depth, truth, 1), [(5, 6)])
    truth[5, 6] = np.nan
    np.testing.assert_array_equal(worst_pixels(result.depth, truth), [(6, 7), (30, 50)])
    assert worst_pixels(truth, truth).shape == (0, 2)


def test_worst_pixels_are_named_with_what_was_found(result, truth, tmp_path):
    figure = plot_worst_pixels(result, truth)
    depths = figure.axes[1]
    assert [label.get_text() for label in depths.get_yticklabels()] == ["1: y 5, x 6", "2: y 30, x 50"]
    true, found = (line.get_xdata() for line in depths.lines)
    np.testing.assert_allclose(np.subtract(found, true), [0.5, -0.25], atol=1e-6)
    plot_worst_pixels(result, result.depth).savefig(tmp_path / "none.png")


def test_a_half_step():
    figure = plot_half_step(state(3, "aif"))
    assert "epoch 3, aif" in figure.get_suptitle()
    assert [len(axes.images) for axes in figure.axes[:2]] == [1, 1]


def test_everything_is_saved_and_an_older_result_replaced(result, truth, tmp_path):
    directory = tmp_path / "out"
    for epochs in (2, 1):
        with HalfStepPlots() as plots:
            plots.add(state(0, "initialization"))
            for epoch in range(1, epochs + 1):
                plots.add(state(epoch, "depth"))
            save_result(
                result, directory, overwrite=True, save_plots=True, truth=truth, write_more=plots.move_to
            )
        names = sorted(path.name for path in (directory / "half_steps").iterdir())
        assert (
            names
            == ["000_epoch_00_initialization.png", "001_epoch_01_depth.png", "002_epoch_02_depth.png"][
                : epochs + 1
            ]
        )
    for name in ("plot_comparison", "plot_worst_pixels", "half_steps/001_epoch_01_depth"):
        assert np.asarray(Image.open(directory / f"{name}.png")).std() > 1
    save_result(result, directory, overwrite=True)
    assert not list(directory.glob("plot_*"))
    assert not (directory / "half_steps").exists()


def test_what_fails_to_be_written_leaves_no_result(result, tmp_path):
    def fail(directory):
        raise RuntimeError("no ink")

    with pytest.raises(RuntimeError, match="no ink"):
        save_result(result, tmp_path / "out", write_more=fail)
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match="pip install"):
        HalfStepPlots()
