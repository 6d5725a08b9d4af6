"""Previews make room for the run on all pixels, but for what the user has made his own."""

import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from superqt.utils import WorkerBase
from tiny_stacks import add_stack, make_stack

from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.depth_layers import entry_of, sibling

RUN_MS = 120_000
KINDS = {"depth", "all-in-focus", "confidence", "outliers"}


@pytest.fixture
def widget(viewer, qtbot, patient_solver):
    patient_solver.release.set()
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer, make_stack(side=130))
    return widget


@pytest.fixture
def run(widget, qtbot):
    def press(button):
        qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
        qtbot.waitUntil(lambda: not WorkerBase._worker_set and not widget._turns._steps, timeout=RUN_MS)

    return press


def made_by(viewer, number):
    """Kinds of layers that a run has made, of those that are there."""
    names = [layer.name for layer in viewer.layers if layer.name.endswith(f"[{number}]")]
    return {kind for kind in KINDS for name in names if kind in name}


def box(viewer):
    corners = np.array([[0, 0], [0, 99.5], [99.5, 99.5], [99.5, 0]])
    return viewer.add_layer(Shapes([corners], shape_type="rectangle", name="box"))


def test_a_run_takes_the_place_of_its_previews(widget, viewer, run):
    mine = viewer.add_image(np.zeros((130, 130)), name="mine preview [1]")
    run(widget.preview_button)
    run(widget.preview_button)
    assert made_by(viewer, 2) == made_by(viewer, 3) == KINDS  # of other settings perhaps
    assert widget.previews.isHidden()
    run(widget.panel.run_button)
    assert made_by(viewer, 2) == made_by(viewer, 3) == set()
    assert made_by(viewer, 4) == KINDS
    assert mine in viewer.layers
    assert not widget.previews.isHidden()
    assert "preview" not in widget.panel.status.text()  # whose colours it has


def test_they_can_be_brought_back_and_then_stay(widget, viewer, run, qtbot):
    run(widget.preview_button)
    before = list(viewer.layers)
    run(widget.panel.run_button)
    result = list(viewer.layers)[1:]
    chosen = viewer.layers.selection.active
    qtbot.mouseClick(widget.previews, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(viewer.layers) == 9)
    assert widget.previews.isHidden()
    assert list(viewer.layers) == [*before, *result]
    assert viewer.layers.selection.active is chosen
    assert not any(layer.visible for layer in viewer.layers if "preview" in layer.name)
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == KINDS


@pytest.mark.parametrize("change", ["renamed", "painted", "deleted"])
def test_what_the_user_has_made_his_own_stays(widget, viewer, run, change):
    run(widget.preview_button)
    outliers = next(layer for layer in viewer.layers if "outliers" in layer.name)
    if change == "renamed":
        outliers.name = "bad [1]"
    elif change == "painted":
        outliers.fill((5, 5), 1 - outliers.data[5, 5])
    else:
        viewer.layers.remove(outliers)
    before = set(viewer.layers)
    run(widget.panel.run_button)
    assert before <= set(viewer.layers)
    assert widget.previews.isHidden()
    if change == "renamed":
        assert "preview" in widget.panel.status.text()  # it has the colours of that map


def test_the_run_on_a_region_leaves_the_preview_of_the_whole(widget, viewer, run):
    run(widget.preview_button)
    widget.region_form.layer.value = box(viewer)
    run(widget.preview_button)
    assert made_by(viewer, 2) == KINDS
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == KINDS
    assert made_by(viewer, 2) == set()
    assert made_by(viewer, 3) == KINDS


def test_a_cancelled_run_takes_no_place(widget, viewer, run, qtbot, patient_solver):
    run(widget.preview_button)
    patient_solver.release.clear()
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made_by(viewer, 2) >= {"depth", "all-in-focus"}, timeout=RUN_MS)
    widget.panel.cancel()
    patient_solver.release.set()
    run(widget.panel.cancel_button)
    assert made_by(viewer, 1) == made_by(viewer, 2) == KINDS


def test_a_number_that_another_run_has_taken_is_given_up(widget, viewer, run, qtbot):
    run(widget.preview_button)
    run(widget.panel.run_button)
    for layer in [layer for layer in viewer.layers if layer.name.endswith("[2]")]:
        viewer.layers.remove(layer)
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == KINDS  # of this run: the preview was put away
    qtbot.mouseClick(widget.previews, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: made_by(viewer, 1) == made_by(viewer, 2) == KINDS)
    runs = {layer.name[-3:]: entry_of(layer)["run"] for layer in viewer.layers if "[" in layer.name}
    assert runs == {"[1]": 1, "[2]": 2}
    (preview,) = (layer for layer in viewer.layers if "preview" in layer.name and "depth" in layer.name)
    assert "preview" in sibling(viewer, preview, "confidence").name


def test_previews_of_a_stack_that_is_gone_stay(widget, viewer, run):
    run(widget.preview_button)
    viewer.layers.remove(viewer.layers["stone"])
    add_stack(viewer, make_stack(side=130))
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == made_by(viewer, 2) == KINDS


def test_previews_of_another_time_point_stay(widget, viewer, run):
    viewer.layers.clear()
    add_stack(viewer, np.stack([make_stack(side=130)] * 2), axis_labels=("t", "z", "y", "x"))
    viewer.dims.set_current_step(0, 0)
    widget.region_form.layer.value = box(viewer)
    run(widget.preview_button)
    viewer.dims.set_current_step(0, 1)
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == made_by(viewer, 2) == KINDS
    viewer.dims.set_current_step(0, 0)
    run(widget.panel.run_button)
    assert made_by(viewer, 1) == set()


def test_the_stack_was_deleted_meanwhile(widget, viewer, run, qtbot):
    run(widget.preview_button)
    run(widget.panel.run_button)
    viewer.layers.remove(viewer.layers["stone"])
    widget.previews.click()
    qtbot.waitUntil(lambda: made_by(viewer, 1) == KINDS)
