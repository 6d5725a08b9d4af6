"""Region and preview of layers with several stacks, with channels, or with their axes in another order."""

from itertools import product

import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from tiny_stacks import add_stack, make_stack

from napari_defocus.io.stack_part import RIM
from napari_defocus.plugin.defocus_widget import DefocusWidget

RUN_MS = 120_000
SIDE = 130  # joined in pairs


@pytest.fixture
def widget(viewer, qtbot, patient_solver):
    patient_solver.release.set()
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def press(qtbot, widget, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)


def made(viewer, kind):
    return next(layer for layer in viewer.layers if f" {kind}" in layer.name and "[1]" in layer.name)


def times():
    stack = make_stack(side=SIDE)
    return np.stack([stack, stack[:, ::-1], stack[:, :, ::-1]])


def lies_on(part, stack, axes, first, factor):
    """Whether the pixels of a part lie where those of the stack are, along some of its axes."""
    spatial = part.metadata["napari_defocus"]["spatial_axes"]
    for pixel in product((0, 5), (0, 7)):
        ours, theirs = np.zeros(part.ndim), np.zeros(stack.ndim)
        ours[list(spatial)] = pixel
        theirs[list(axes)] = factor * (np.array(pixel) + 0.5) - 0.5 + first
        place, there = part.data_to_world(ours), stack.data_to_world(theirs)
        offset = stack.ndim - part.ndim
        np.testing.assert_allclose([place[axis - offset] for axis in axes], [there[axis] for axis in axes])


def test_preview_is_of_the_time_point_that_is_shown(viewer, widget, qtbot, patient_solver):
    stack = add_stack(
        viewer, times(), axis_labels=("t", "z", "y", "x"), scale=(9, 2, 0.5, 0.5), translate=(5, 1, 2, 3)
    )
    viewer.dims.set_current_step(0, 2)
    press(qtbot, widget, widget.preview_button)
    images, optics, _ = patient_solver.seen
    whole = times()[2].reshape(4, 65, 2, 65, 2).mean((2, 4))
    np.testing.assert_allclose(np.asarray(images), whole, atol=0.5)
    assert optics.pixel_pitch == pytest.approx(100e-6)
    depth = made(viewer, "depth")
    assert depth.name.startswith("preview stone depth")
    assert depth.data.shape == (1, 1, 65, 65)
    assert depth.data_to_world((0, 0, 0, 0))[0] == 5 + 2 * 9
    lies_on(depth, stack, (2, 3), 0, 2)
    assert "only t 2, the one shown" in widget.panel.status.text()


def test_region_is_of_the_time_point_that_is_shown(viewer, widget, qtbot, patient_solver):
    stack = add_stack(viewer, times(), axis_labels=("t", "z", "y", "x"), scale=(9, 2, 0.5, 0.5))
    viewer.dims.set_current_step(0, 1)
    widget.region_form.draw_button.click()
    shapes = viewer.layers["stone region"]
    assert shapes.ndim == 2
    shapes.add_rectangles(np.array([[10, 20], [39, 59]]))
    press(qtbot, widget, widget.panel.run_button)
    np.testing.assert_array_equal(patient_solver.seen[0], times()[1][:, : 40 + RIM, 20 - RIM : 60 + RIM])
    depth = made(viewer, "depth")
    assert depth.data.shape == (1, 1, 30, 40)
    lies_on(depth, stack, (2, 3), (10, 20), 1)
    assert "only t 1, the one shown" in widget.panel.status.text()


@pytest.mark.parametrize("preview", [False, True])
def test_part_with_channels(viewer, qtbot, preview):
    """By the real solver, which applies the depth to the other channel."""
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    data = np.stack([times()[0], times()[1] // 2])
    add_stack(viewer, data, axis_labels=("c", "z", "y", "x"))
    widget.picker.axes.focus.value = 1
    widget.settings_form.editors["epochs"].value = "1"
    rows, columns = (65, 65) if preview else (30, 40)
    if not preview:
        box = np.array([[10, 20], [39, 59]])
        widget.region_form.layer.value = viewer.add_layer(Shapes([box], shape_type="rectangle"))
    press(qtbot, widget, widget.preview_button if preview else widget.panel.run_button)
    for kind in ("depth", "all-in-focus channel 1", "all-in-focus channel 0"):
        assert made(viewer, kind).data.shape[-2:] == (rows, columns)
    part = data[0] if preview else data[0][:, 10:40, 20:60]
    image = made(viewer, "all-in-focus channel 0").data
    assert image.mean() == pytest.approx(part.mean() / 255, rel=0.05)
    if not preview:  # in its place, not shifted by the rim
        seen = part.mean(axis=0)
        assert np.corrcoef(image.ravel(), seen.ravel())[0, 1] > 0.7
    assert "shown" not in widget.panel.status.text()  # there is only one


@pytest.mark.parametrize("axis", [1, 2])
@pytest.mark.parametrize("preview", [False, True])
def test_part_of_a_stack_whose_planes_are_not_first(viewer, widget, qtbot, patient_solver, axis, preview):
    data = make_stack(side=SIDE)
    stack = add_stack(viewer, np.moveaxis(data, 0, axis), scale=(2, 3, 4), translate=(5, 6, 7))
    assert widget.picker.axis.value == axis
    axes = [other for other in range(3) if other != axis]
    if preview:
        press(qtbot, widget, widget.preview_button)
        np.testing.assert_allclose(
            np.asarray(patient_solver.seen[0]), data.reshape(4, 65, 2, 65, 2).mean((2, 4)), atol=0.5
        )
        lies_on(made(viewer, "depth"), stack, axes, 0, 2)
        return
    widget.region_form.draw_button.click()
    shapes = viewer.layers["stone region"]
    corners = np.zeros((4, 3))
    corners[:, axes] = [[10, 20], [10, 59], [39, 59], [39, 20]]
    shapes.add(corners, shape_type="polygon")
    press(qtbot, widget, widget.panel.run_button)
    np.testing.assert_array_equal(patient_solver.seen[0], data[:, : 40 + RIM, 20 - RIM : 60 + RIM])
    lies_on(made(viewer, "depth"), stack, axes, (10, 20), 1)


def test_run_on_the_whole_series_says_nothing_of_one(viewer, widget, qtbot):
    add_stack(viewer, times()[:, :, :24, :24], axis_labels=("t", "z", "y", "x"))
    press(qtbot, widget, widget.panel.run_button)
    assert "3 of 3 stacks" in widget.panel.status.text()
