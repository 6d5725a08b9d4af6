import numpy as np
import pytest
from matplotlib.figure import Figure

from napari_defocus import compare_depths
from napari_defocus.io.comparison_plots import plot_error, plot_error_histogram


@pytest.fixture
def comparison(rng):
    errors = rng.normal(0.1, 1, (30, 40))
    errors[0, 0] = np.nan
    return compare_depths(errors, np.zeros((30, 40)), unit="um")


def test_error_map_is_centred_at_zero(comparison):
    figure = plot_error(comparison)
    assert isinstance(figure, Figure)
    axes, bar = figure.axes
    low, high = axes.images[0].get_clim()
    assert low == -high == -comparison.limit
    assert bar.get_ylabel() == "difference of depth (µm)"


def test_histogram_tells_the_mean(comparison):
    (axes,) = plot_error_histogram(comparison).axes
    assert axes.get_xlabel().startswith("difference of depth (µm)")
    bias = comparison.metrics["bias"]
    assert axes.get_legend().get_texts()[0].get_text() == f"mean {bias:.3g}"
    counts, _, _ = axes.patches[0].get_data()
    assert counts.sum() == 1199


def test_truth_makes_it_an_error():
    comparison = compare_depths(np.ones((9, 9)), np.full((9, 9), 1.5), truth=True)
    assert plot_error(comparison).axes[1].get_ylabel() == "error of depth"
