import numpy as np
import pytest
from numpy.testing import assert_allclose

from napari_defocus.plugin.chart import Chart, Series, tick_count, ticks, values


@pytest.mark.parametrize(
    ("low", "high", "wanted"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0.9, 6.1, [2, 4, 6]),
        (-3, 3, [-2, 0, 2]),
        (1000, 1004, [1000, 1001, 1002, 1003, 1004]),
        (5, 5, [5]),
        (2.1e-4, 2.95e-4, [2.2e-4, 2.4e-4, 2.6e-4, 2.8e-4]),  # not 2.5e-4 alone
    ],
)
def test_ticks_are_round(low, high, wanted):
    assert_allclose(ticks(low, high, 5 if high > 1e-3 else 4), wanted, atol=1e-12)


@pytest.mark.parametrize("scale", [1e-7, 1e-2, 3.0, 1e5])
def test_ticks_are_few_and_inside(scale):
    found = ticks(-scale, scale)
    assert 3 <= len(found) <= 6
    assert np.abs(found).max() <= scale * (1 + 1e-6)


def test_a_high_chart_has_several_ticks_whatever_its_values():
    for top in np.linspace(0.6, 6.1, 40):
        assert len(ticks(0.569, 0.569 + top, tick_count(40))) >= 3
        assert len(ticks(0.569, 0.569 + top, 4)) >= 2
    assert tick_count(7) == 4  # and a flat one no more than it has room for


def test_limits_hold_everything_finite(qapp):
    chart = Chart()
    chart.show_series(
        [
            Series("points", values([1, 2, np.nan]), values([3, np.inf, 4])),
            Series("line", values(7), values([])),
        ]
    )
    assert chart.limits() == (1, 7, 0, 4)


@pytest.mark.parametrize(
    "series",
    [
        [],
        [Series("points", values([1, 1]), values([0, 0]))],
        [Series("bars", values([0, 1, 2]), values([3, 1])), Series("line", values(0.5), values([]))],
        [Series("curve", values([0, 1, 2]), values([3, np.nan, 1]))],
    ],
)
def test_every_series_is_painted(qtbot, series):
    chart = Chart("nothing yet")
    qtbot.addWidget(chart)
    chart.resize(300, 200)
    empty = Chart()
    qtbot.addWidget(empty)
    empty.resize(300, 200)
    chart.show_series(series, "depth (m)")
    assert chart.grab().toImage() != empty.grab().toImage()
