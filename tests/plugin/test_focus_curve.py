import dask.array as da
import numpy as np
import pytest
from numpy.testing import assert_allclose
from qtpy.QtCore import Qt
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus import focus_curve, focus_measure
from napari_defocus.plugin.focus_widget import FocusWidget
from napari_defocus.plugin.legend import name_text


class Event:
    """What napari hands to the callbacks of the mouse."""

    def __init__(self, position, kind="mouse_press", modifiers=()):
        self.position, self.type, self.modifiers = position, kind, modifiers


@pytest.fixture
def widget(viewer, qtbot):
    widget = FocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def run(qtbot, widget):
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)


def click(viewer, position, moved=False):
    """Press, maybe move, release, as napari's canvas does."""
    event = Event(position)
    generator = viewer.mouse_drag_callbacks[-1](viewer, event)
    next(generator)
    if moved:
        event.type = "mouse_move"
        next(generator)
    event.type = "mouse_release"
    with pytest.raises(StopIteration):
        next(generator)


def points(widget):
    return [series for series in widget.curve.chart.series if series.kind == "points"]


def wait_for_curve(qtbot, widget):
    qtbot.waitUntil(lambda: bool(widget.curve.text.text()) and widget.curve._worker is None, timeout=60_000)


def test_click_shows_the_curve_of_the_pixel(widget, viewer, qtbot):
    stack = add_stack(viewer)
    widget.measure.value = "tenengrad"
    widget.window_side.value = 5
    widget.step.value = 2
    run(qtbot, widget)
    click(viewer, (0, 7.2, 12.9))
    wait_for_curve(qtbot, widget)
    wanted = focus_curve(
        stack.data, 7, 13, LENS.focus_distances, unit="m", measure="tenengrad", window=5, step=2
    )
    (shown,) = points(widget)
    assert_allclose(shown.x, LENS.focus_distances)
    assert_allclose(shown.y, wanted.values, rtol=1e-5)
    depth = viewer.layers["stone focus depth (m) [1]"].data[7, 13]
    assert f"Row 7, column 13: {depth:.4g} m in the map" in widget.curve.text.text()
    assert f"Fitted peak at {wanted.peak:.4g} m" in widget.curve.text.text()
    assert "Only the three points at the peak" in widget.curve.text.text()
    (line,) = [series for series in widget.curve.chart.series if series.kind == "line"]
    assert line.x[0] == pytest.approx(wanted.peak)
    assert not widget.curve.grab().toImage().isNull()


def test_position_is_that_in_the_scaled_layer(widget, viewer, qtbot):
    add_stack(viewer, optics=SCOPE, scale=(2, 0.325, 0.325), units=("um",) * 3)
    run(qtbot, widget)
    click(viewer, (4.0, 10 * 0.325, 3 * 0.325))
    wait_for_curve(qtbot, widget)
    assert "Row 10, column 3" in widget.curve.text.text()


def test_plane_axis_of_the_run_is_remembered(widget, viewer, qtbot):
    data = np.moveaxis(make_stack(), 0, 2)
    add_stack(viewer, data, None)
    widget.picker.axis.value = 2
    run(qtbot, widget)
    widget.picker.axis.value = 0
    click(viewer, (8, 12, 0))
    wait_for_curve(qtbot, widget)
    pixel = tuple(int(word.strip(",:")) for word in widget.curve.text.text().split()[1:4:2])
    (shown,) = points(widget)
    assert_allclose(shown.y, focus_curve(np.moveaxis(data, 2, 0), *pixel).values, rtol=1e-5)


def test_hover_with_shift_only(widget, viewer, qtbot):
    add_stack(viewer)
    run(qtbot, widget)
    move = viewer.mouse_move_callbacks[-1]
    move(viewer, Event((0, 5, 6)))
    assert widget.curve._worker is None
    for x in range(6, 12):  # faster than they can be computed
        move(viewer, Event((0, 5, x), modifiers=("Shift",)))
    wait_for_curve(qtbot, widget)
    qtbot.waitUntil(lambda: "column 11" in widget.curve.text.text(), timeout=60_000)


def test_what_is_no_click_on_a_pixel(widget, viewer, qtbot):
    stack = add_stack(viewer)
    run(qtbot, widget)
    click(viewer, (0, 5, 6), moved=True)
    click(viewer, (0, -3, 6))
    click(viewer, (0, 5, 24))
    viewer.layers.selection.active = stack
    click(viewer, (0, 5, 6))
    assert widget.curve._worker is None
    assert widget.curve.chart.series == []


def test_stack_that_was_closed(widget, viewer, qtbot):
    stack = add_stack(viewer)
    run(qtbot, widget)
    depth = viewer.layers["stone focus depth (m) [1]"]
    viewer.layers.remove(stack)
    viewer.layers.selection.active = depth
    click(viewer, (5, 6))
    assert "The stack 'stone' is not open any more." in widget.curve.text.text()


def test_pixel_without_texture(widget, viewer, qtbot):
    data = make_stack()
    data[:, 8:20, 8:20] = 100
    add_stack(viewer, data, None)
    run(qtbot, widget)
    click(viewer, (0, 14, 14))
    wait_for_curve(qtbot, widget)
    assert "no texture" in widget.curve.text.text()
    assert {series.kind for series in widget.curve.chart.series} == {"points"}


def test_closed_widget_leaves_no_callback(widget, viewer):
    before = len(viewer.mouse_drag_callbacks), len(viewer.mouse_move_callbacks)
    widget.abandon()
    assert (len(viewer.mouse_drag_callbacks), len(viewer.mouse_move_callbacks)) == (
        before[0] - 1,
        before[1] - 1,
    )


def test_focus_measure_as_a_lazy_layer(widget, viewer, qtbot):
    stack = add_stack(viewer, scale=(2, 0.5, 0.5), units=("um",) * 3)
    widget.measure.value = "local_variance"
    widget.window_side.value = 5
    assert not widget.step.enabled
    qtbot.mouseClick(widget.measure_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(widget.measure_button.isEnabled, timeout=60_000)
    layer = viewer.layers["stone local variance"]
    assert isinstance(layer.data, da.Array)
    assert layer.data.chunks[0] == (1,) * 4
    assert_allclose(layer.scale, stack.scale)
    assert layer.units == stack.units
    assert stack.axis_labels == ("-3", "-2", "-1")  # the user's stays as it is, the sliders get names
    assert layer.axis_labels == viewer.dims.axis_labels == ("plane", "y", "x")
    wanted = focus_measure(stack.data[2] / np.float32(255), "local_variance", 5)
    assert_allclose(layer.data[2].compute(), wanted, rtol=1e-3, atol=1e-7)
    assert 0 < layer.contrast_limits[1] <= wanted.max()


def test_the_legend_is_that_of_the_focus_measure_while_it_is_seen(widget, viewer, qtbot):
    add_stack(viewer)
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    qtbot.mouseClick(widget.measure_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(widget.measure_button.isEnabled, timeout=60_000)
    depth, measure = viewer.layers["stone focus depth (m) [1]"], viewer.layers["stone sum modified laplacian"]
    for seen in (True, False):
        measure.visible = seen
        assert (measure.colorbar.visible and seen, depth.colorbar.visible) == (seen, not seen)
        assert name_text(viewer).text == (measure if seen else depth).name


def test_focus_measure_of_wrong_input(widget, viewer, qtbot, notifications):
    qtbot.mouseClick(widget.measure_button, Qt.MouseButton.LeftButton)
    add_stack(viewer)
    widget.measure.value = "variance_of_laplacian"
    widget.window_side.value = 1
    qtbot.mouseClick(widget.measure_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(widget.measure_button.isEnabled, timeout=60_000)
    assert any("at least 3 px" in message for message in notifications)
    assert len(viewer.layers) == 1
