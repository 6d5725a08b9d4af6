import numpy as np
import pytest
from qtpy.QtCore import Qt
from tiny_stacks import LENS, add_stack, make_stack

from napari_defocus.plugin.focus_widget import FocusWidget


@pytest.fixture
def widget(viewer, qtbot):
    widget = FocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def run(qtbot, widget):
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)


def test_positions_and_unit_come_from_the_optics(widget, viewer, qtbot):
    add_stack(viewer)
    assert widget.unit.value == "m"
    assert widget.positions.positions(4) == list(LENS.focus_distances)
    run(qtbot, widget)
    depth = viewer.layers["stone focus depth (m) [1]"]
    assert depth.data.min() >= 1
    assert depth.data.max() <= 4
    assert depth.metadata["napari_defocus"]["method"] == "focus"
    assert {"stone all-in-focus [1]", "stone confidence [1]", "stone outliers [1]"} <= {
        layer.name for layer in viewer.layers
    }


def test_without_optics_depth_counts_planes(widget, viewer, qtbot):
    add_stack(viewer, make_stack(), None)
    assert widget.unit.value == "plane"
    assert not widget.positions.native.isEnabled()
    run(qtbot, widget)
    depth = viewer.layers["stone focus depth (plane) [1]"].data
    assert depth[:, :6].mean() < 1 < 2 < depth[:, -6:].mean()


def test_the_list_of_positions_is_told(widget, viewer):
    add_stack(viewer)
    assert widget.note.text() == "4 focus positions, 1 to 4 m."
    assert "Here: 1, " in widget.positions.native.toolTip()
    widget.unit.value = "plane"
    assert widget.note.text() == ""
    widget.unit.value = "mm"
    assert widget.note.text() == "4 focus positions, 1 to 4 mm."


def test_unit_without_positions(widget, viewer, qtbot, notifications):
    add_stack(viewer, make_stack(), None)
    widget.unit.value = "mm"
    run(qtbot, widget)
    assert any("Focus positions are empty" in message for message in notifications)
    assert len(viewer.layers) == 1


def test_positions_of_another_number(widget, viewer, qtbot, notifications):
    add_stack(viewer)
    widget.positions.value = "1, 2"
    run(qtbot, widget)
    assert any("4 planes but 2 focus positions" in message for message in notifications)
    assert len(viewer.layers) == 1


def test_bad_stack_is_told(widget, viewer, qtbot, notifications):
    data = make_stack(dtype="float32")
    data[0, 0, 0] = np.nan
    add_stack(viewer, data, None)
    run(qtbot, widget)
    assert len(notifications) == 1
    assert len(viewer.layers) == 1
    assert widget.panel.run_button.isEnabled()


def test_positions_of_the_previous_stack_are_not_left(widget, viewer):
    add_stack(viewer)
    widget.picker.layer.value = add_stack(viewer, make_stack(), None)
    assert widget.positions.value == ""


@pytest.mark.parametrize(
    ("figures", "unit"),
    [
        ({"subject_distances": [1.0, 2.0, 4.0, 8.0]}, "m"),
        ({"focus_positions": [1.0, 2.0, 4.0, 8.0], "unit": "um"}, "um"),
    ],
)
def test_positions_come_from_metadata_without_optics(widget, viewer, figures, unit):
    add_stack(viewer, optics=None, figures=figures)
    assert widget.unit.value == unit
    assert widget.positions.positions(4) == [1, 2, 4, 8]


def test_white_of_the_metadata(widget, viewer, qtbot):
    data = (make_stack(dtype="float64") * 4095).astype(np.uint16)
    add_stack(viewer, data, figures={"white": 4095.0}, contrast_limits=(0, 4095))
    run(qtbot, widget)
    assert viewer.layers["stone all-in-focus [1]"].data.max() > 0.5
