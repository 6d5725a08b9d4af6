"""Axes are called in the form what they are called on the viewer's sliders."""

import numpy as np
import pytest
from qtpy.QtWidgets import QWidget

from napari_defocus.plugin.axes_form import UNSEEN, AxesForm
from napari_defocus.plugin.focus_widget import FocusWidget


def stack(viewer, labels=None, shape=(4, 24, 24)):
    return viewer.add_image(np.zeros(shape, np.uint8), axis_labels=labels, name="mine")


@pytest.fixture
def form(viewer, qtbot):
    form = AxesForm(viewer, many=True)
    qtbot.addWidget(form)
    return form


def test_a_layer_without_labels_has_those_of_the_sliders(viewer, form):
    stack(viewer, ("plane", "y", "x"))
    form.show_layer(stack(viewer))
    assert viewer.dims.axis_labels == ("plane", "y", "x")
    assert form.plane.current_choice == "plane: 4 planes"


def test_a_name_typed_beside_a_slider_is_taken_in(viewer, form):
    layer = stack(viewer, shape=(3, 4, 24, 24))
    form.show_layer(layer)
    assert form.plane.current_choice == "choose ..."
    form.plane.value = 1
    told = []
    form.changed.connect(lambda: told.append("changed"))
    viewer.dims.axis_labels = ("night", "focal", "-2", "-1")
    assert form.plane.current_choice == "focal: 4 planes"
    assert form.which.current_choice == "all stacks: 3 (night)"
    assert "stacks: 3 (night)" in form.note.text()
    assert not told  # it is the same axis as before


def test_a_layer_of_fewer_axes_lies_over_the_last_sliders(viewer, form):
    stack(viewer, ("t", "plane", "y", "x"), shape=(2, 4, 24, 24))
    form.show_layer(stack(viewer))
    assert form.plane.current_choice == "plane: 4 planes"


def test_in_3d_an_axis_is_not_called_after_another_layer(viewer, form):
    form.show_layer(stack(viewer, ("plane", "y", "x")))
    viewer.dims.axis_labels = ("height", "y", "x")
    assert form.plane.current_choice == "height: 4 planes"
    viewer.dims.ndisplay = 3
    assert form.plane.current_choice == "plane: 4 planes"


def test_where_nothing_has_a_name_the_number_on_the_slider_is_told(viewer, form):
    form.show_layer(stack(viewer))
    assert viewer.dims.axis_labels[0] == "-3"
    assert form.plane.current_choice == "axis 0 (-3): 4 planes"


def test_no_layer_is_no_matter(viewer, form):
    form.show_layer(None)
    viewer.dims.axis_labels = ("rows", "columns")
    assert not form.plane.choices


def test_stacks_are_called_what_the_form_calls_their_axes(viewer, form):
    form.show_layer(stack(viewer, shape=(3, 4, 24, 24)))
    form.plane.value = 1
    viewer.dims.axis_labels = ("night", "focal", "-2", "-1")
    viewer.dims.set_current_step(0, 0)
    series = form.stack().series
    assert [series.name(index) for index in series.indices] == ["night 0", "night 1", "night 2"]
    form.which.value = "shown"
    assert form.stack().series.name(()) == "night 0"


def test_names_reach_no_form_of_a_closed_dock(viewer, qtbot):
    widget = FocusWidget(viewer)
    qtbot.addWidget(widget)
    layer = stack(viewer, ("t", "plane", "y", "x"), shape=(3, 4, 24, 24))
    dock = QWidget()
    qtbot.addWidget(dock)
    widget.setParent(dock)
    viewer.dims.axis_labels = ("night", "focal", "y", "x")
    assert widget.picker.axes.plane.current_choice == "focal: 4 planes"
    widget.setParent(None)  # as napari does
    viewer.dims.axis_labels = ("day", "depth", "y", "x")
    assert widget.picker.axes.plane.current_choice == "focal: 4 planes"
    viewer.layers.remove(layer)
    assert widget.picker.layer.value is layer


@pytest.mark.parametrize(("labels", "turns"), [(("y", "x", "plane"), 1), (("y", "plane", "x"), 2)])
def test_planes_that_the_viewer_shows_as_rows_or_columns_are_told_of(viewer, form, labels, turns):
    shape = tuple(4 if label == "plane" else 24 for label in labels)
    form.show_layer(stack(viewer, labels, shape))
    for _ in range(turns):
        assert UNSEEN in form.note.text()
        viewer.dims.roll()
    assert UNSEEN not in form.note.text()
    viewer.dims.order = (0, 1, 2)
    assert UNSEEN in form.note.text()
    viewer.dims.ndisplay = 3
    assert UNSEEN not in form.note.text()


def test_planes_with_a_slider_are_not(viewer, form):
    form.show_layer(stack(viewer, ("plane", "y", "x")))
    assert UNSEEN not in form.note.text()
