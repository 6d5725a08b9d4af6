"""Measuring the depths of a series: the map that the viewer shows."""

import numpy as np
import pytest
from napari.layers import Image, Labels
from numpy.testing import assert_allclose
from qtpy.QtCore import Qt

from napari_defocus.plugin.layer_result import result_of
from napari_defocus.plugin.measure_widget import MeasureWidget

TIMES, SHAPE = 3, (30, 40)
PLACE = {
    "scale": (2.0, 5.0, 0.5, 0.5),  # a step in time; all planes as one slab
    "translate": (100, 6, 10, 20),
    "units": ("s", "um", "um", "um"),
    "axis_labels": ("t", "z", "y", "x"),
}
CONFIDENCE = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))


@pytest.fixture
def layers(viewer):
    """Depth 10 t with a step of 3 at column 30, of which the last time point is not done."""
    depth = np.full((TIMES, 1, *SHAPE), np.nan, np.float32)
    for time in range(TIMES - 1):
        depth[time] = 10 * time
        depth[time, :, :, 30:] += 3
    confidence = np.stack([CONFIDENCE, CONFIDENCE[:, ::-1], np.zeros(SHAPE, np.float32)])[:, None]
    kinds = {
        "all-in-focus": np.stack([np.full((1, *SHAPE), time, np.float32) for time in range(TIMES)]),
        "confidence": confidence,
        "outliers": np.zeros(depth.shape, np.uint8),
        "depth": depth,
    }
    told = {"parameters": {}, "losses": [1.0], "notes": [], "done": True}
    stacks = {f"t {time}": {**told, "slot": [time, 0, None, None]} for time in range(TIMES - 1)}
    found = {}
    for kind, data in kinds.items():
        entry = {"kind": kind, "run": 1, "source": "stone", "unit": "um" if kind == "depth" else ""}
        entry |= {"method": "focus", "parameters": {}, "stacks": stacks, "spatial_axes": (2, 3)}
        options = {"name": f"stone {kind} [1]", "metadata": {"napari_defocus": entry}, **PLACE}
        layer = Labels(data, **options) if kind == "outliers" else Image(data, rgb=False, **options)
        found[kind] = viewer.add_layer(layer)
    return found


@pytest.fixture
def widget(viewer, layers, qtbot):
    show(viewer, 1)
    widget = MeasureWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def show(viewer, time):
    viewer.dims.set_point(0, 100 + 2.0 * time)


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_it_is_told_which_map_is_measured(widget, viewer, layers):
    assert widget.choice.value is layers["depth"]
    assert widget.tabs.isEnabled()
    assert widget.status.text().startswith("Measured: t 1, the one shown")
    show(viewer, 0)
    assert widget.status.text().startswith("Measured: t 0")
    show(viewer, 2)
    assert widget.status.text().startswith("The stack that is shown has no result")


def test_profile_of_the_map_that_is_shown(widget, viewer, qtbot):
    press(qtbot, widget.profile.draw_button)
    lines = widget.profile.lines.layer
    # column 10 to 39 of row 15, drawn in px of the map
    lines.add(np.array([[15, 10], [15, 39]]), shape_type="line")
    qtbot.waitUntil(lambda: bool(widget.profile.profiles))
    profile = widget.profile.profiles[1]
    assert_allclose(profile.distance[-1], 29 * 0.5)
    assert_allclose(profile.depth[[0, -1]], [10, 13])
    show(viewer, 0)
    assert_allclose(widget.profile.profiles[1].depth[[0, -1]], [0, 3])
    show(viewer, 2)
    assert "no depth on it" in widget.profile.status.text()


def test_regions_of_the_map_that_is_shown(widget, viewer, qtbot):
    press(qtbot, widget.regions.draw_button)
    layer = widget.regions.regions.layer
    for left in (2, 32):
        corners = [[2, left], [2, left + 6], [20, left + 6], [20, left]]
        layer.add(np.array(corners), shape_type="rectangle")
    qtbot.waitUntil(lambda: len(widget.regions.figures) == 2 and not widget.regions.busy)
    assert [found.level.median for found in widget.regions.figures] == [10, 13]
    show(viewer, 0)
    qtbot.waitUntil(lambda: not widget.regions.busy and widget.regions.figures[0].level.median == 0)
    assert "3.000" in widget.regions.status.text() or " 3 " in widget.regions.status.text()


def test_outliers_of_the_map_that_is_shown(widget, viewer, layers, qtbot):
    widget.outliers.threshold.value = 0.25
    mask = viewer.layers["would be replaced"]
    assert mask.data[0, 39] == 1  # its confidence falls from left to right
    assert mask.data[0, 0] == 0
    show(viewer, 0)
    assert viewer.layers["would be replaced"].data[0, 0] == 1


def test_a_layer_made_of_one_map_lies_at_its_step_and_is_measured_and_saved(widget, viewer, layers, qtbot):
    widget.outliers.threshold.value = 0.25
    press(qtbot, widget.outliers.button)
    name = "stone depth [1] outliers replaced, t 1"
    qtbot.waitUntil(lambda: name in viewer.layers, timeout=60_000)
    made = viewer.layers[name]
    assert made.data.shape == (1, 1, *SHAPE)
    # where the pixel of the same row and column of that time point lies
    assert_allclose(made.data_to_world((0, 0, 3, 4)), layers["depth"].data_to_world((1, 0, 3, 4)))
    assert_allclose(made.data[0, 0], 10, atol=1e-4)  # from column 30 on not 13: confident on the left only
    assert layers["depth"].visible  # for its other time points
    assert widget.choice.value is made
    saved = result_of(viewer)
    assert saved.stack == "t 1"
    assert_allclose(saved.result.depth, made.data[0, 0])
    assert_allclose(saved.result.all_in_focus, 1)
    assert_allclose(saved.result.confidence, CONFIDENCE[:, ::-1])


def test_tilt_of_the_map_that_is_shown(widget, viewer, layers, qtbot):
    layers["depth"].data[1, 0] = np.linspace(0, 39, 40)
    layers["depth"].refresh()
    widget.tilt.level()
    name = "stone depth [1] levelled, t 1"
    qtbot.waitUntil(lambda: name in viewer.layers, timeout=60_000)
    assert_allclose(np.ptp(viewer.layers[name].data), 0, atol=1e-4)
    assert "up by 39 um from left to right" in widget.tilt.status.text()


def test_a_map_without_a_result_cannot_be_measured_and_says_so(widget, viewer, qtbot):
    show(viewer, 2)
    assert not widget.outliers.button.isEnabled()
    widget.tilt.level()
    qtbot.waitUntil(lambda: not widget.tilt._work.busy, timeout=60_000)
    assert widget.tilt.status.text()
    assert not [layer for layer in viewer.layers if "levelled" in layer.name]
