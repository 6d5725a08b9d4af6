import gc
import re
import threading
import weakref

import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QWidget
from superqt.utils import WorkerBase
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus import solver
from napari_defocus.plugin.align_widget import AlignWidget
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.depth_worker import STOPPED
from napari_defocus.plugin.focus_widget import FocusWidget
from napari_defocus.plugin.legend import name_text
from napari_defocus.plugin.run_panel import KEPT

RUN_MS = 120_000


@pytest.fixture
def widget(viewer, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def finish_run(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)


def wait_for_live_layer(qtbot, viewer):
    qtbot.waitUntil(lambda: any("depth" in layer.name for layer in viewer.layers), timeout=RUN_MS)


def names(viewer):
    return [layer.name for layer in viewer.layers]


def test_without_a_stack_the_widget_says_what_to_do(widget):
    assert not widget.panel.run_button.isEnabled()
    assert not widget.panel.cancel_button.isEnabled()
    assert not widget.surface_button.button.isEnabled()
    assert "Open a focal stack" in widget.panel.status.text()
    assert widget.picker.layer.native.placeholderText() == "none open"
    assert widget.picker.axis.native.isHidden()  # there is no axis to choose


def test_an_open_stack_is_chosen_and_its_optics_filled_in(widget, viewer):
    layer = add_stack(viewer)
    assert widget.picker.layer.value is layer
    assert widget.panel.run_button.isEnabled()
    assert widget.optics_form.optics(4).to_dict().keys() == LENS.to_dict().keys()
    near, far = LENS.default_depth_range()
    assert f"{near:.4g}" in widget.settings_form.near.native.placeholderText()
    assert f"{far:.4g}" in widget.settings_form.far.native.placeholderText()


def test_removing_the_stack_takes_it_off(widget, viewer):
    viewer.layers.remove(add_stack(viewer))
    assert widget.picker.layer.value is None
    assert not widget.panel.run_button.isEnabled()


@pytest.mark.parametrize("kind", [DefocusWidget, FocusWidget, AlignWidget])
def test_a_stack_that_is_open_before_the_widget_is_taken(viewer, qtbot, kind):
    layer = add_stack(viewer)
    widget = kind(viewer)
    qtbot.addWidget(widget)
    assert widget.picker.layer.value is layer
    assert widget.picker.stack().planes == 4
    assert widget.panel.run_button.isEnabled()


def test_a_deleted_stack_leaves_neither_optics_nor_progress(widget, viewer, qtbot, patient_solver):
    before = widget.optics_form.kind.value, widget.optics_form.note.text()
    patient_solver.release.set()
    add_stack(viewer)
    assert widget.optics_form.kind.value == LENS.kind
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert widget.panel.bar.value() == widget.panel.bar.maximum()
    viewer.layers.remove("stone")
    assert widget.panel.bar.value() == 0
    assert (widget.optics_form.kind.value, widget.optics_form.note.text()) == before
    assert not widget.optics_form.forms[LENS.kind].focal_length.value
    assert widget.loss_chart.isHidden()
    assert "Open a focal stack" in widget.panel.status.text()


@pytest.mark.parametrize("leave", ["delete", "choose another"])
def test_depth_range_and_white_are_each_stacks_own(widget, viewer, leave):
    add_stack(viewer)
    form = widget.settings_form
    form.near.value, form.far.value, form.editors["white"].value = "1", "2", "200"
    form.editors["epochs"].value = "3"
    other = add_stack(viewer, name="other")
    assert form.settings().depth_range == (1, 2)
    if leave == "delete":
        viewer.layers.clear()
    else:
        widget.picker.layer.value = other
    assert form.settings().depth_range is None
    assert form.settings().white is None
    assert form.settings().epochs == 3


def test_the_range_of_a_preset_stays_with_another_stack(widget, viewer):
    add_stack(viewer)
    widget.settings_form.preset.value = "NYUv2 (paper)"
    widget.picker.layer.value = add_stack(viewer, name="other")
    assert widget.settings_form.settings().depth_range == (0.1, 10)


def test_optics_typed_without_a_stack_stay(widget, viewer):
    widget.optics_form.kind.value = LENS.kind
    widget.optics_form.forms[LENS.kind].focal_length.value = "35"
    viewer.add_image(np.zeros((8, 8)))
    assert widget.optics_form.forms[LENS.kind].focal_length.value == "35"


@pytest.mark.parametrize(
    "happening",
    [
        lambda viewer: setattr(viewer.layers["chosen"], "name", "renamed"),
        lambda viewer: setattr(viewer.layers["stone"], "name", "another"),
        lambda viewer: viewer.add_image(np.zeros((8, 8))),
        lambda viewer: add_stack(viewer),
        lambda viewer: viewer.layers.remove("stone"),
        lambda viewer: viewer.layers.move(0, 2),
    ],
    ids=["renamed", "other renamed", "image added", "stack added", "other removed", "moved"],
)
def test_events_of_layers_keep_the_edited_fields(widget, viewer, happening):
    add_stack(viewer)
    layer = add_stack(viewer, name="chosen")
    widget.picker.layer.value = layer
    widget.settings_form.editors["epochs"].value = "3"
    widget.optics_form.blur.blur_scale.value = "0.7"
    happening(viewer)
    assert widget.picker.layer.value is layer
    assert widget.picker.layer.current_choice == layer.name
    assert widget.optics_form.blur.blur_scale.value == "0.7"
    assert widget.settings_form.editors["epochs"].value == "3"


def test_renamed_layer_has_its_new_name_in_the_list(widget, viewer):
    layer = add_stack(viewer)
    add_stack(viewer, name="other")
    layer.name = "pebble"
    box = widget.picker.layer.native
    assert {box.itemText(index) for index in range(box.count())} == {"pebble", "other"}


def test_deleted_stack_is_let_go_after_the_run(widget, viewer, qtbot, patient_solver):
    patient_solver.release.set()
    data = make_stack()
    alive = weakref.ref(data)
    add_stack(viewer, data)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)
    viewer.layers.remove("stone")
    patient_solver.seen = None
    del data
    qtbot.waitUntil(lambda: gc.collect() >= 0 and alive() is None, timeout=RUN_MS)


def test_the_worker_of_a_run_is_let_go_after_it(widget, viewer, qtbot, patient_solver):
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    worker = weakref.ref(widget.panel.worker)
    finish_run(qtbot, widget)
    qtbot.waitUntil(lambda: gc.collect() >= 0 and worker() is None, timeout=RUN_MS)


@pytest.mark.parametrize(("optics", "unit"), [(LENS, "m"), (SCOPE, "um"), (None, "plane")])
def test_run_makes_layers_with_units(widget, viewer, qtbot, optics, unit):
    stack = add_stack(
        viewer,
        make_stack(dtype="uint16"),
        optics,
        scale=(2, 0.5, 0.25),
        translate=(0, 10, 20),
        units=("um", "um", "um"),
        axis_labels=("z", "y", "x"),
        contrast_limits=(0, 65535),
    )
    widget.settings_form.editors["epochs"].value = "1"
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    made = [layer for layer in viewer.layers if layer is not stack]
    assert {layer.name for layer in made} == {
        f"stone depth ({unit}) [1]",
        "stone all-in-focus [1]",
        "stone outliers [1]",
        "stone confidence [1]",
    }
    for layer in made:
        assert layer.data.shape[:2] == (24, 24)
        assert tuple(layer.scale) == (0.5, 0.25)
        assert tuple(layer.translate) == (10, 20)
        assert layer.units == stack.units[1:]
        assert layer.axis_labels == ("y", "x")
    entry = viewer.layers[f"stone depth ({unit}) [1]"].metadata["napari_defocus"]
    assert entry["unit"] == unit
    assert entry["parameters"]["settings"]["epochs"] == 1
    assert len(entry["losses"]) == 3
    assert sorted(entry["losses"], reverse=True) == entry["losses"]
    assert widget.panel.status.text().startswith("Done")


@pytest.mark.parametrize(("typed", "white"), [("", 4095.0), ("1000", 1000.0)])
def test_white_of_the_metadata_unless_typed(widget, viewer, qtbot, patient_solver, typed, white):
    patient_solver.release.set()
    add_stack(viewer, make_stack(dtype="uint16"), figures={"white": 4095.0}, contrast_limits=(0, 4095))
    field = widget.settings_form.editors["white"]
    assert field.native.placeholderText() == "automatic: 4095"
    field.value = typed
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert patient_solver.seen[2].white == white


def test_colour_stack(widget, viewer, qtbot):
    add_stack(viewer, make_stack(side=32, rgb=True), rgb=True)
    widget.settings_form.editors["epochs"].value = "1"
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    aif = viewer.layers["stone all-in-focus [1]"]
    assert aif.rgb
    assert aif.data.shape == (32, 32, 3)


def test_second_run_overwrites_nothing(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    patient_solver.release.set()
    for _ in range(2):
        press(qtbot, widget.panel.run_button)
        finish_run(qtbot, widget)
    assert len(names(viewer)) == len(set(names(viewer))) == 9
    assert {"stone depth (m) [1]", "stone depth (m) [2]"} <= set(names(viewer))


def test_event_loop_goes_on_during_a_run(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    ticks = []
    timer = QTimer()
    timer.timeout.connect(lambda: ticks.append(widget.panel.running))
    timer.start(1)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    qtbot.waitUntil(lambda: sum(ticks) > 20, timeout=RUN_MS)
    assert widget.panel.cancel_button.isEnabled()
    assert not widget.panel.run_button.isEnabled()
    assert not widget.picker.isEnabled()
    qtbot.waitUntil(lambda: "epoch 1 of 2" in widget.panel.status.text().lower(), timeout=RUN_MS)
    assert widget.panel.bar.value() == 300
    assert "left" in widget.panel.status.text()
    patient_solver.release.set()
    finish_run(qtbot, widget)
    timer.stop()


def test_cancel_keeps_the_best_result(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert patient_solver.stopped.is_set()
    assert "stone outliers [1]" in names(viewer)
    entry = viewer.layers["stone depth (m) [1]"].metadata["napari_defocus"]
    assert entry["losses"] == [1.0]
    first, second, *_ = widget.panel.status.text().splitlines()
    assert re.fullmatch(r"Cancelled after \d+ s; the best result so far is kept", first)
    assert re.fullmatch(r"loss 1 · [\d.]+% outliers", second)
    assert widget.panel.run_button.isEnabled()
    assert not widget.panel.cancel_button.isEnabled()


def test_cancel_does_not_wait_for_the_solver(widget, viewer, qtbot, patient_solver):
    patient_solver.deaf = True
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    worker = widget.panel.worker
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert len(names(viewer)) == 5
    assert re.match(r"Cancelled after \d+ s; the best result so far is kept", widget.panel.status.text())
    assert not patient_solver.stopped.is_set()
    assert worker in WorkerBase._worker_set  # it lives as long as its solver's thread
    patient_solver.release.set()
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)
    assert patient_solver.stopped.is_set()
    assert len(names(viewer)) == 5


@pytest.mark.parametrize("count", [2, 3])
def test_cancel_while_layers_are_being_made(widget, viewer, qtbot, patient_solver, count):
    def cancel():
        if len(viewer.layers) == count:
            widget.panel.cancel()

    add_stack(viewer)
    viewer.layers.events.inserted.connect(cancel)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert len(names(viewer)) == 5
    assert viewer.layers["stone depth (m) [1]"].visible
    qtbot.waitUntil(lambda: name_text(viewer).text == "stone depth (m) [1]", timeout=RUN_MS)
    assert viewer.layers["stone depth (m) [1]"].colorbar.visible
    assert re.match(r"Cancelled after \d+ s; the best result so far is kept", widget.panel.status.text())


def test_cancel_keeps_a_state_that_was_not_shown(widget, viewer, qtbot, patient_solver, monkeypatch):
    monkeypatch.setattr("napari_defocus.plugin.depth_worker.LEAST_INTERVAL", 1e9)
    patient_solver.states = 3
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 4, timeout=RUN_MS)
    depth = viewer.layers["stone depth (m) [1]"]
    assert depth.metadata["napari_defocus"]["losses"] == [1.0]
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert depth.metadata["napari_defocus"]["losses"] == [1.0, 0.5, 0.25]


def test_cancel_in_the_midst_of_a_result_keeps_it(widget, viewer, qtbot, patient_solver, monkeypatch):
    so_far, begun, go_on = solver.so_far, threading.Event(), threading.Event()

    def slowly(state):
        begun.set()
        assert go_on.wait(60)
        return so_far(state)

    monkeypatch.setattr(solver, "so_far", slowly)
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(begun.is_set, timeout=RUN_MS)
    press(qtbot, widget.panel.cancel_button)
    assert widget.panel.status.text() == "Cancelling ..."
    go_on.set()
    finish_run(qtbot, widget)
    assert len(names(viewer)) == 5
    assert viewer.layers["stone depth (m) [1]"].metadata["napari_defocus"]["losses"] == [1.0]


def test_solver_waits_while_the_window_shows_its_result(widget, viewer, qtbot, patient_solver, monkeypatch):
    monkeypatch.setattr("napari_defocus.plugin.depth_worker.LONGEST_PAUSE", 300)
    asked = []
    add_stack(viewer)
    viewer.layers.events.inserted.connect(lambda: asked.append(patient_solver.asked))
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    assert asked == [1, 1]


def test_results_are_finished_out_of_the_windows_thread(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert patient_solver.threads
    assert threading.main_thread() not in patient_solver.threads


def test_cancel_before_anything_is_there(widget, viewer, qtbot, patient_solver):
    patient_solver.states = 0
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert names(viewer) == ["stone"]
    assert "nothing was added" in widget.panel.status.text()
    assert widget.panel.run_button.isEnabled()


@pytest.mark.parametrize(
    "error", [RuntimeError("the graph is cut"), NotImplementedError("not yet"), ValueError("odd")]
)
def test_solver_errors_reach_the_user(widget, viewer, qtbot, patient_solver, notifications, error):
    patient_solver.error = error
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert any(str(error) in message for message in notifications)
    assert str(error) in widget.panel.status.text()
    assert widget.panel.run_button.isEnabled()


def test_error_before_the_first_result_leaves_no_layer(widget, viewer, qtbot, patient_solver, notifications):
    patient_solver.states = 0
    patient_solver.error = ValueError("odd")
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert names(viewer) == ["stone"]


def test_error_in_mid_run_leaves_the_result_so_far(widget, viewer, qtbot, patient_solver, notifications):
    patient_solver.error = ValueError("odd")
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    made = ("all-in-focus", "confidence", "outliers", "depth (m)")
    assert names(viewer) == ["stone", *(f"stone {kind} [1]" for kind in made)]
    entry = viewer.layers["stone depth (m) [1]"].metadata["napari_defocus"]
    assert entry["losses"] == [1.0]
    assert entry["parameters"].keys() == {"optics", "settings"}
    assert entry["notes"] == [STOPPED]
    assert widget.panel.status.text() == f"Stopped by an error: odd\n{KEPT}"


def test_lack_of_memory_is_said_plainly(widget, viewer, qtbot, patient_solver, notifications):
    patient_solver.error = MemoryError()
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert any("Not enough memory" in message for message in notifications)


def test_notes_of_the_run_are_told(widget, viewer, qtbot, patient_solver, notifications):
    patient_solver.notes = ("The blur was taken as given.",)
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert "The blur was taken as given." in notifications
    assert "The blur was taken as given." in widget.panel.status.text()


def test_stack_deleted_in_mid_run(widget, viewer, qtbot, patient_solver):
    layer = add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    viewer.layers.remove(layer)
    patient_solver.release.set()
    finish_run(qtbot, widget)
    assert "stone depth (m) [1]" in names(viewer)
    assert not widget.panel.run_button.isEnabled()
    assert "Open a focal stack" in widget.panel.run_button.toolTip()
    qtbot.waitUntil(lambda: "Open a focal stack" in widget.panel.status.text())
    assert widget.panel.status.text().startswith("Done")


def test_all_layers_deleted_in_mid_run(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    viewer.layers.clear()
    patient_solver.release.set()
    finish_run(qtbot, widget)
    assert "stone depth (m) [1]" in names(viewer)


def test_widget_destroyed_in_mid_run(viewer, qtbot, patient_solver, destroy):
    widget = DefocusWidget(viewer)
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    wait_for_live_layer(qtbot, viewer)
    destroy(widget)
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)
    add_stack(viewer)  # nobody listens any more
    viewer.layers.clear()


def test_widget_closed_while_layers_are_being_made(viewer, qtbot, patient_solver):
    dock = QWidget()
    qtbot.addWidget(dock)
    widget = DefocusWidget(viewer)
    widget.setParent(dock)
    add_stack(viewer)
    viewer.layers.events.inserted.connect(lambda: widget.setParent(None))
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    qtbot.addWidget(widget)
    assert names(viewer) == ["stone", "stone depth (m) [1]"]
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=RUN_MS)


def set_field(form, **values):
    for name, text in values.items():
        getattr(form, name).value = text


BAD_FIELDS = {
    "focus list of another length": ({"focus_distances": "1, 2, 3"}, "4 planes but the optics list 3"),
    "no focus list": ({"focus_distances": ""}, "Focus distances are empty"),
    "NaN in the focus list": ({"focus_distances": "1, 2, nan, 4"}, "focus_distances must be finite"),
    "focal length not below a focus distance": (
        {"focal_length": "1000"},
        "must be below every focus distance",
    ),
    "negative focal length": ({"focal_length": "-50"}, "focal_length must be a finite number above 0"),
    "NaN pixel pitch": ({"pixel_pitch": "nan"}, "pixel_pitch must be a finite number above 0"),
}


@pytest.mark.parametrize("case", list(BAD_FIELDS))
def test_bad_optics(widget, viewer, qtbot, notifications, case):
    values, message = BAD_FIELDS[case]
    add_stack(viewer)
    set_field(widget.optics_form.forms["thin_lens"], **values)
    press(qtbot, widget.panel.run_button)
    assert any(message in text for text in notifications)
    assert message in widget.panel.status.text()
    assert not widget.panel.running
    assert names(viewer) == ["stone"]


@pytest.mark.parametrize(
    ("near", "far", "message"),
    [("5", "2", "depth_range is empty"), ("-1", "2", "behind the lens"), ("nan", "2", "must be finite")],
)
def test_bad_depth_range(widget, viewer, qtbot, notifications, near, far, message):
    add_stack(viewer)
    set_field(widget.settings_form, near=near, far=far)
    press(qtbot, widget.panel.run_button)
    assert any(message in text for text in notifications)
    assert names(viewer) == ["stone"]


def with_nan():
    data = make_stack(dtype="float32")
    data[1, 3, 4] = np.nan
    return data


BAD_STACKS = {
    "NaN": (lambda: with_nan(), {}),
    "4-D": (lambda: np.zeros((3, 4, 24, 24), np.uint8), {}),
    "one plane": (lambda: make_stack()[:1], {}),
}


@pytest.mark.parametrize("case", list(BAD_STACKS))
def test_bad_stack(widget, viewer, qtbot, notifications, case):
    data, options = BAD_STACKS[case]
    add_stack(viewer, data(), None, **options)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    assert len(notifications) == 1
    assert notifications[0].endswith(".")
    assert "Traceback" not in notifications[0]
    assert names(viewer) == ["stone"]
    assert widget.panel.run_button.isEnabled()


def test_surface_button(widget, viewer, qtbot, patient_solver):
    patient_solver.release.set()
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    button = widget.surface_button.button
    assert button.text() == "Show in 3-D"
    press(qtbot, button)
    assert viewer.dims.ndisplay == 3
    surface = viewer.layers["stone surface (m) [1]"]
    assert surface.visible
    top = surface.vertices[:, 0].argmax()
    assert viewer.layers["stone depth (m) [1]"].data.ravel()[top] == 1  # the nearest
    widget.surface_button.flip.setChecked(True)
    assert button.text() == "Back to 2-D"
    press(qtbot, button)
    assert viewer.dims.ndisplay == 2
    assert viewer.layers["stone depth (m) [1]"].visible


def test_two_widgets_share_a_viewer(viewer, qtbot, patient_solver):
    widgets = [DefocusWidget(viewer) for _ in range(2)]
    for widget in widgets:
        qtbot.addWidget(widget)
    viewer.add_layer(Image(make_stack(), name="stone", rgb=False))
    for widget in widgets:
        press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(
        lambda: {"stone depth (plane) [1]", "stone depth (plane) [2]"} <= set(names(viewer)), timeout=RUN_MS
    )
    patient_solver.release.set()
    for widget in widgets:
        finish_run(qtbot, widget)
    assert len(names(viewer)) == 9
