"""The queue of stacks in a widget."""

import csv
import gc
import json
import sys
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest
from qtpy.QtCore import QMimeData, QPointF, Qt, QUrl
from qtpy.QtGui import QDropEvent
from qtpy.QtWidgets import QProgressBar, QWidget
from superqt.utils import WorkerBase
from tiny_stacks import SCOPE, add_stack

from napari_defocus.batch import State
from napari_defocus.io import load_parameters
from napari_defocus.plugin import batch_worker
from napari_defocus.plugin.batch_table import STATE
from napari_defocus.plugin.batch_widget import BatchWidget
from napari_defocus.solver.settings import SolverSettings

sys.path.insert(0, str(Path(__file__).parents[1] / "batch"))  # for queued_stacks.py
from queued_stacks import QUICK, images, write_folder, write_six

MS = 120_000
END = ["done", "done", "failed", "needs optics", "done", "done"]


@pytest.fixture
def widget(viewer, qtbot):
    widget = BatchWidget(viewer)
    qtbot.addWidget(widget)
    for name, value in QUICK.items():
        editor = widget.form.settings_form.editors[name]
        editor.value = value if isinstance(value, bool) else str(value)
    return widget


@pytest.fixture
def stacks(tmp_path):
    write_six(tmp_path / "stacks")
    return tmp_path / "stacks"


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def wait(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.panel.running and not widget.opener.opening, timeout=MS)


def add(qtbot, widget, *paths):
    widget.add(paths)
    wait(qtbot, widget)


def run(qtbot, widget):
    press(qtbot, widget.panel.run_button)
    wait(qtbot, widget)


def states(widget):
    return [str(item.state) for item in widget.items]


def text(widget, row, column):
    return widget.table.item(row, column).text()


def rows_of(output):
    with (output / "batch_summary.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_stacks_that_are_added_are_told_what_they_are(widget, qtbot, stacks):
    assert not widget.panel.run_button.isEnabled()
    assert "Add focal stacks" in widget.panel.status.text()
    add(qtbot, widget, stacks)
    assert [text(widget, row, 0) for row in range(6)] == [f"{name}\n4 planes of 24 × 24" for name in "abcdef"]
    assert text(widget, 0, 1) == "optics.toml"
    assert text(widget, 3, 1) == "none"
    assert text(widget, 3, STATE).startswith("needs optics\nIt brings no complete optics")
    assert widget.panel.status.text() == "5 waiting, 1 needs optics. Press Run."
    assert widget.panel.bar.value() == 0
    assert widget.form.output.value == f"{stacks}_depth"
    add(qtbot, widget, stacks, stacks / "a")  # the same once more
    assert widget.table.rowCount() == 6


def test_the_queue_is_run_and_a_result_is_opened(widget, qtbot, stacks, viewer):
    add(qtbot, widget, stacks)
    run(qtbot, widget)
    assert states(widget) == END
    output = Path(f"{stacks}_depth")
    assert [row["state"] for row in rows_of(output)] == END
    assert f"4 done, 1 failed, 1 needs optics. Results and batch_summary.csv are in {output}." == (
        widget.panel.status.text()
    )
    assert "plane2.png is damaged" in text(widget, 2, STATE)
    assert "outliers" in text(widget, 0, STATE)
    assert text(widget, 0, 3).endswith(" s")
    assert widget.table.cellWidget(0, STATE) is None
    for row, opens in ((2, False), (3, False), (4, True)):
        widget.table.selectRow(row)
        assert widget.open_button.isEnabled() == opens
    press(qtbot, widget.open_button)
    wait(qtbot, widget)
    depth = viewer.layers["e depth (m) [1]"]
    np.testing.assert_array_equal(depth.data, np.load(output / "e" / "depth.npy"))
    assert depth.colorbar.visible
    assert [layer.visible for layer in viewer.layers] == [True, False, False, True]
    widget.table.cellDoubleClicked.emit(5, 0)  # opens what is selected
    wait(qtbot, widget)
    assert viewer.layers["e depth (m) [2]"].visible
    assert not depth.visible


def test_what_was_done_before_is_not_done_again_unless_it_is_asked_for(widget, qtbot, stacks):
    add(qtbot, widget, stacks / "a")
    widget.form.output.value = str(stacks.with_name("out"))
    run(qtbot, widget)
    run(qtbot, widget)
    assert states(widget) == ["done before"]
    widget.form.again.value = True
    run(qtbot, widget)
    assert states(widget) == ["done"]
    widget.form.again.value = False
    widget.form.settings_form.editors["epochs"].value = "2"
    run(qtbot, widget)
    assert "holds a result of other settings" in text(widget, 0, STATE)


def test_cancel_stops_the_present_stack_and_leaves_the_others(widget, qtbot, stacks, patient_solver):
    add(qtbot, widget, stacks / "a", stacks / "b")
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: isinstance(widget.table.cellWidget(0, STATE), QProgressBar), timeout=MS)
    assert widget.table.cellWidget(0, STATE).value() == 30
    assert "epoch 1 of 2" in widget.table.cellWidget(0, STATE).format()
    for button in (widget.folder_button, widget.remove_button, widget.clear_button):
        assert not button.isEnabled()
    assert not widget.form.isEnabled()
    press(qtbot, widget.panel.cancel_button)
    wait(qtbot, widget)
    assert patient_solver.stopped.is_set()
    assert states(widget) == ["cancelled", "waiting"]
    assert widget.panel.status.text().startswith("1 cancelled, 1 waiting")
    patient_solver.release.set()
    run(qtbot, widget)
    assert states(widget) == ["done", "done"]


def test_a_run_is_over_only_when_its_thread_is(widget, qtbot, stacks, patient_solver):
    """Else a second run could write to the folder of the first."""
    patient_solver.deaf = True
    add(qtbot, widget, stacks / "a")
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=MS)
    press(qtbot, widget.panel.cancel_button)
    qtbot.waitUntil(lambda: not widget.panel.cancel_button.isEnabled(), timeout=MS)
    assert widget.panel.running
    assert widget.panel.status.text() == "Cancelling ..."
    assert not widget.panel.run_button.isEnabled()
    patient_solver.release.set()
    wait(qtbot, widget)
    assert states(widget) == ["cancelled"]


def test_closed_in_mid_run_it_stops(viewer, qtbot, stacks, patient_solver):
    dock = QWidget()
    qtbot.addWidget(dock)
    widget = BatchWidget(viewer)
    widget.setParent(dock)
    add(qtbot, widget, stacks / "a", stacks / "b")
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=MS)
    widget.setParent(None)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=MS)
    assert patient_solver.stopped.is_set()
    assert not any(thread.name == "napari-defocus" for thread in threading.enumerate())
    assert [row["state"] for row in rows_of(Path(f"{stacks}_depth"))] == ["cancelled", "waiting"]
    remains = weakref.ref(widget)
    widget.deleteLater()
    del widget
    qtbot.waitUntil(lambda: gc.collect() >= 0 and remains() is None, timeout=MS)


def test_reading_can_be_cancelled(widget, qtbot, stacks, monkeypatch):
    let_go, seen = threading.Event(), []
    inspect = batch_worker.inspect

    def slowly(item):
        seen.append(item)
        let_go.wait(60)
        return inspect(item)

    monkeypatch.setattr(batch_worker, "inspect", slowly)
    widget.add([stacks])
    qtbot.waitUntil(lambda: len(seen) == 1 and widget.table.rowCount() == 6, timeout=MS)
    assert text(widget, 1, STATE) == "reading"
    press(qtbot, widget.panel.cancel_button)
    let_go.set()
    wait(qtbot, widget)
    assert [item.name for item in widget.items] == ["a"]
    assert widget.table.rowCount() == 1


def test_stacks_without_optics_take_those_of_the_form(widget, qtbot, stacks):
    add(qtbot, widget, stacks / "d", stacks / "a")
    assert states(widget) == ["needs optics", "waiting"]
    assert widget.form.optics_form.isHidden()
    widget.form.without_optics.value = "form"
    assert not widget.form.optics_form.isHidden()
    assert states(widget) == ["waiting", "waiting"]
    assert [text(widget, row, 1) for row in (0, 1)] == ["form", "optics.toml"]
    widget.form.optics_form.kind.value = "thin_lens"
    assert "Focal length is empty" in text(widget, 0, STATE)
    camera = widget.form.optics_form.forms["thin_lens"]
    for field, value in ((camera.focal_length, "50"), (camera.f_number, "8"), (camera.pixel_pitch, "60")):
        field.value = value
    camera.focus_distances.value = "1, 1.5, 2.5"
    assert "4 planes but the optics list 3" in text(widget, 0, STATE)
    camera.focus_distances.value = "1, 1.5, 2.5, 4"
    run(qtbot, widget)
    assert states(widget) == ["done", "done"]
    optics, _ = load_parameters(Path(widget.form.output.value) / "d")
    assert list(optics.focus_distances) == [1, 1.5, 2.5, 4]


def test_planes_are_aligned_where_that_is_chosen(widget, qtbot, stacks):
    add(qtbot, widget, stacks / "a")
    assert widget.form.plan([4]).align is None
    widget.form.align.value = "translation"
    run(qtbot, widget)
    saved = Path(widget.form.output.value) / "a" / "parameters.json"
    assert json.loads(saved.read_text())["alignment"]["motion"] == "translation"


def test_the_depth_range_goes_with_its_unit(widget, qtbot, stacks):
    add(qtbot, widget, stacks / "a")
    widget.form.range_unit.value = "cm"
    widget.form.settings_form.near.value, widget.form.settings_form.far.value = "90", "500"
    assert widget.form.settings_form.near.label == "Nearest depth (cm)"
    run(qtbot, widget)
    depth_range = load_parameters(Path(widget.form.output.value) / "a")[1].depth_range
    assert depth_range == pytest.approx((0.9, 5.0))


def test_settings_are_taken_from_a_result(widget, viewer, notifications):
    widget.form.take_button.click()
    assert "No layer is a result of depth from defocus" in notifications[-1]
    settings = SolverSettings(cost_window=5, depth_range=(0.5, 7), white=99)
    depth = add_stack(viewer, np.zeros((24, 24, 24)))
    parameters = {"settings": settings.to_dict()}
    depth.metadata["napari_defocus"] = {"kind": "depth", "run": 1, "parameters": parameters}
    widget.form.take_button.click()
    assert widget.form.settings_form.settings() == settings.replace(depth_range=None, white=None)


def test_stacks_are_removed(widget, qtbot, stacks):
    add(qtbot, widget, stacks)
    widget.table.selectRow(1)
    press(qtbot, widget.remove_button)
    assert [item.name for item in widget.items] == list("acdef")
    assert [text(widget, row, 0)[0] for row in range(5)] == list("acdef")
    press(qtbot, widget.clear_button)
    assert widget.table.rowCount() == 0
    assert not widget.panel.run_button.isEnabled()
    assert (stacks / "b" / "plane0.png").is_file()


def test_files_are_dropped(widget, qtbot, stacks):
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(stacks / name)) for name in "ab"])
    none, action = Qt.KeyboardModifier.NoModifier, Qt.DropAction.CopyAction
    event = QDropEvent(QPointF(5, 5), action, data, Qt.MouseButton.LeftButton, none)
    widget.dropEvent(event)
    wait(qtbot, widget)
    assert [item.name for item in widget.items] == ["a", "b"]


def test_what_is_wrong_is_told(widget, qtbot, stacks, tmp_path, notifications):
    (tmp_path / "empty").mkdir()
    add(qtbot, widget, tmp_path / "empty")
    assert "holds no focal stack" in notifications[-1]
    assert "holds no focal stack" in widget.panel.status.text()
    assert widget.table.rowCount() == 0
    add(qtbot, widget, stacks / "a")
    widget.form.output.value = ""
    press(qtbot, widget.panel.run_button)
    assert "Choose an output folder" in notifications[-1]
    (tmp_path / "file").write_text("")
    widget.form.output.value = str(tmp_path / "file" / "out")
    run(qtbot, widget)
    assert "cannot be made in" in notifications[-1]
    assert "cannot be made in" in widget.panel.status.text()
    assert states(widget) == ["waiting"]


def test_a_microscope_result_has_its_scale_and_needs_no_images(widget, qtbot, tmp_path, viewer):
    stack = write_folder(tmp_path / "surface", images(), SCOPE)
    add(qtbot, widget, stack)
    run(qtbot, widget)
    for path in stack.iterdir():
        path.unlink()
    widget.table.selectRow(0)
    press(qtbot, widget.open_button)
    wait(qtbot, widget)
    depth = viewer.layers["surface depth (um) [1]"]
    assert tuple(depth.scale) == (0.325, 0.325)
    assert {str(unit) for unit in depth.units} == {"micrometer"}


def test_a_result_that_is_gone_is_told(widget, qtbot, stacks, viewer, notifications):
    add(qtbot, widget, stacks / "a")
    run(qtbot, widget)
    (widget.items[0].result / "confidence.tif").unlink()
    widget.table.selectRow(0)
    press(qtbot, widget.open_button)
    wait(qtbot, widget)
    assert "is damaged" in notifications[-1]
    assert not viewer.layers
    assert widget.items[0].state is State.DONE


def test_queue_and_form_lie_side_by_side_where_there_is_room(widget):
    widget.show()
    widget.resize(1200, 400)
    assert widget._splitter.orientation() == Qt.Orientation.Horizontal
    widget.resize(450, 900)
    assert widget._splitter.orientation() == Qt.Orientation.Vertical
