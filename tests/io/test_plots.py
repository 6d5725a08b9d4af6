import subprocess
import sys

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from napari_defocus.errors import InputError
from napari_defocus.io import plots, save_result
from napari_defocus.solver.result import DefocusResult


def make_result(rng, **changes):
    values = {
        "depth": rng.uniform(1, 4, (20, 300)).astype(np.float32),
        "all_in_focus": rng.random((20, 300, 3), dtype=np.float32),
        "outliers": np.zeros((20, 300), bool),
        "confidence": np.ones((20, 300), np.float32),
        "losses": (0.5, 0.25, 0.125),
        "unit": "um",
        "method": "defocus",
    }
    return DefocusResult(**(values | changes))


def test_depth_has_a_colour_bar_in_its_unit(rng):
    figure = plots.plot_depth(make_result(rng))
    assert isinstance(figure, Figure)
    image_axes, bar = figure.axes
    assert bar.get_ylabel() == "depth (µm)"
    assert image_axes.images[0].get_cmap().name == "viridis"
    low, high = image_axes.images[0].get_clim()
    assert 1 <= low < high <= 4


def test_depth_from_focus_is_grey(rng):
    figure = plots.plot_depth(make_result(rng, method="focus", unit="plane"))
    assert figure.axes[0].images[0].get_cmap().name == "gray"
    assert figure.axes[1].get_ylabel() == "depth (plane)"


def test_a_stray_pixel_does_not_set_the_range(rng):
    result = make_result(rng)
    result.depth[0, 0], result.depth[0, 1] = 1e6, np.nan
    assert plots.plot_depth(result).axes[0].images[0].get_clim()[1] < 5


@pytest.mark.parametrize("depth", [np.full((5, 6), 2, np.float32), np.full((5, 6), np.nan, np.float32)])
def test_depth_without_a_range(rng, depth, tmp_path):
    result = make_result(rng, depth=depth)
    low, high = plots.plot_depth(result).axes[0].images[0].get_clim()
    assert low < high
    plots.plot_surface(result).savefig(tmp_path / "surface.png")


def test_losses_are_linear_and_logarithmic(rng):
    linear, log = plots.plot_losses(make_result(rng)).axes
    assert (linear.get_yscale(), log.get_yscale()) == ("linear", "log")
    for axes in (linear, log):
        np.testing.assert_array_equal(axes.lines[0].get_ydata(), (0.5, 0.25, 0.125))


def test_losses_of_zero_can_be_drawn(rng, tmp_path):
    figure = plots.plot_losses(make_result(rng, losses=(0.5, 0.0)))
    figure.savefig(tmp_path / "losses.png")
    assert figure.axes[1].get_yscale() == "linear"


def test_no_losses(rng):
    with pytest.raises(InputError, match="no losses"):
        plots.plot_losses(make_result(rng, losses=(), method="focus"))


def test_surface_is_thinned(rng):
    axes = plots.plot_surface(make_result(rng)).axes[0]
    assert len(axes.collections) == 1
    assert 0 < len(axes.collections[0].get_facecolor()) < 20 * 300 / 4
    assert axes.get_zlabel() == "depth (µm)"


@pytest.mark.parametrize(
    ("method", "losses", "expected"),
    [
        ("defocus", (0.5, 0.2), {"plot_depth", "plot_all_in_focus", "plot_surface", "plot_losses"}),
        ("focus", (), {"plot_depth", "plot_all_in_focus", "plot_surface"}),
    ],
)
def test_plots_are_saved_with_the_result(rng, tmp_path, method, losses, expected):
    directory = save_result(make_result(rng, method=method, losses=losses), tmp_path / "out", save_plots=True)
    drawn = {path.stem: np.asarray(Image.open(path)) for path in directory.glob("plot_*.png")}
    assert set(drawn) == expected
    assert all(image.std() > 1 for image in drawn.values())


def test_without_matplotlib(rng, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match=r"pip install 'napari-defocus\[plots\]'"):
        save_result(make_result(rng), tmp_path / "out", save_plots=True)
    assert list(tmp_path.iterdir()) == []


def test_no_window_library_is_imported():
    code = (
        "import sys, numpy as np\n"
        "from napari_defocus.io import plots\n"
        "from napari_defocus.solver.result import DefocusResult\n"
        "z = np.zeros((5, 5), np.float32)\n"
        "plots.plot_depth(DefocusResult(z, z, z > 0, z, (), 'm', 'focus'))\n"
        "assert not {'matplotlib.pyplot', 'qtpy', 'napari'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
