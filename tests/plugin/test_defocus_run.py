"""Before and during a run: figures of the optics, Pause, Region, Preview, memory, loss curve."""

import re

import numpy as np
import pytest
from napari.layers import Shapes
from qtpy.QtCore import Qt
from superqt.utils import WorkerBase
from tiny_stacks import LENS, SCOPE, add_stack, make_stack, make_state

from napari_defocus import SolverSettings, UncalibratedFocus, solver
from napari_defocus.io.stack_part import RIM
from napari_defocus.plugin import memory_offer
from napari_defocus.plugin.block_worker import BlockWorker
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.depth_worker import DefocusWorker
from napari_defocus.plugin.loss_chart import LossChart
from napari_defocus.solver.memory import memory_of_run
from napari_defocus.solver.result import DefocusResult

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
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)


def rectangle(viewer, corners, **options):
    return viewer.add_layer(Shapes([np.array(corners)], shape_type="rectangle", name="box", **options))


def made(viewer, kind):
    return next(layer for layer in viewer.layers if kind in layer.name and "[1]" in layer.name)


def test_figures_of_the_optics_before_the_run(widget, viewer):
    assert not widget.optics_summary.figures.text()
    add_stack(viewer, optics=SCOPE)
    # 2 um * tan(asin(0.4)) / 0.325 um = 2.69 px; 0.5 px at 1.34 px a um, less near focus
    assert "Blur per plane step: 2.7 px" in widget.optics_summary.figures.text()
    assert "Depth resolution: 370 nm" in widget.optics_summary.figures.text()
    assert not widget.optics_summary.warnings.text()


def test_warning_follows_the_fields(widget, viewer):
    add_stack(viewer, optics=SCOPE)
    widget.optics_form.forms["microscope"].focus_positions.value = "0, 20, ..."
    assert "too far apart" in widget.optics_summary.warnings.text()
    widget.optics_form.forms["microscope"].focus_positions.value = "0, 0.01, ..."
    assert "cannot be told apart" in widget.optics_summary.warnings.text()
    widget.optics_form.forms["microscope"].focus_positions.value = "0, 2, ..."
    assert not widget.optics_summary.warnings.text()
    widget.optics_form.forms["microscope"].focus_positions.value = ""
    assert not widget.optics_summary.figures.text()
    assert not widget.optics_summary.warnings.text()  # the line below the fields says what is missing


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [
        ("focus_positions", "0, 2, 4", "4 planes but the optics list 3 focus positions"),
        ("focus_positions", "0, 2, 4, high", "Focus positions must be a number, but is 'high'"),
        ("numerical_aperture", "1.4", "numerical_aperture"),
    ],
)
def test_what_is_wrong_with_the_optics_is_told_before_the_run(
    widget, viewer, notifications, field, value, told
):
    add_stack(viewer, optics=SCOPE)
    getattr(widget.optics_form.forms["microscope"], field).value = value
    assert told in widget.optics_summary.warnings.text()
    assert not widget.optics_summary.figures.text()
    widget.optics_form.fill(widget.picker.stack())
    assert not widget.optics_summary.warnings.text()
    assert notifications == []


def test_an_impossible_depth_range_is_told_before_the_run(widget, viewer):
    add_stack(viewer, optics=LENS)
    widget.settings_form.near.value, widget.settings_form.far.value = "3", "1"
    assert widget.optics_summary.warnings.text().startswith("⚠ ")


def test_a_warning_is_beside_the_run_button(widget, viewer):
    """Below the optics it would be scrolled out of sight in a small window."""
    add_stack(viewer, optics=SCOPE)
    assert widget.optics_summary.warnings.parent() is widget


def test_warning_follows_the_depth_range(widget, viewer):
    add_stack(viewer, optics=LENS.replace(pixel_pitch=10e-6))
    assert not widget.optics_summary.warnings.text()
    widget.settings_form.near.value, widget.settings_form.far.value = "1", "500"
    assert "can hardly be told apart" in widget.optics_summary.warnings.text()


def test_unknown_blur_is_estimated_in_the_run(widget, viewer):
    add_stack(viewer, optics=None)
    assert "estimated from the stack" in widget.optics_summary.figures.text()


def test_every_field_says_what_it_is(widget):
    forms = [*widget.optics_form.forms.values(), widget.optics_form.blur]
    for field in [field for form in forms for field in form.fields]:
        assert len(field.tooltip) > 20, field.label


@pytest.mark.parametrize(
    ("kind", "name", "place"),
    [
        ("thin_lens", "focal_length", "EXIF"),
        ("thin_lens", "f_number", "EXIF"),
        ("thin_lens", "pixel_pitch", "data sheet"),
        ("thin_lens", "focus_distances", "lens barrel"),
        ("microscope", "numerical_aperture", "objective"),
        ("microscope", "refractive_index", "objective"),
        ("microscope", "pixel_size", "metadata"),
        ("microscope", "wavelength", "emission filter"),
        ("microscope", "focus_positions", "z drive"),
    ],
)
def test_tooltips_say_where_to_find_a_figure(widget, kind, name, place):
    assert place in getattr(widget.optics_form.forms[kind], name).tooltip


def test_pause_and_resume(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    assert not widget.panel.pause_button.isEnabled()
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    press(qtbot, widget.panel.pause_button)
    assert widget.panel.pause_button.text() == "Resume"
    assert widget.panel.status.text().startswith("Paused")
    patient_solver.release.set()
    worker = widget.panel.worker
    with qtbot.waitSignal(worker.signals.finished, timeout=200, raising=False) as ended:
        pass
    assert not ended.signal_triggered
    assert widget.panel.running
    press(qtbot, widget.panel.pause_button)
    finish_run(qtbot, widget)
    assert widget.panel.status.text().startswith("Done")
    assert widget.panel.pause_button.text() == "Pause"
    assert not widget.panel.pause_button.isEnabled()


def test_what_is_changed_in_mid_run_counts_for_the_next(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    assert not widget.later.isVisibleTo(widget)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    assert "changes count for the next one" in widget.later.text()
    assert widget.later.isVisibleTo(widget)
    widget.optics_form.kind.value = "uncalibrated"
    patient_solver.release.set()
    finish_run(qtbot, widget)
    assert not widget.later.isVisibleTo(widget)
    assert made(viewer, "depth").metadata["napari_defocus"]["parameters"]["optics"]["kind"] == LENS.kind


def test_paused_time_is_not_counted(widget, viewer, qtbot, patient_solver, monkeypatch):
    clock = [100.0]
    monkeypatch.setattr("napari_defocus.plugin.run_panel.time.monotonic", lambda: clock[0])
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    clock[0] += 10
    press(qtbot, widget.panel.pause_button)
    clock[0] += 5000
    press(qtbot, widget.panel.pause_button)
    patient_solver.release.set()
    finish_run(qtbot, widget)
    assert "after 10 s" in widget.panel.status.text()


def test_cancel_while_paused_keeps_the_best_result(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    press(qtbot, widget.panel.pause_button)
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    assert patient_solver.stopped.is_set()
    assert re.match(r"Cancelled after \d+ s; the best result so far is kept", widget.panel.status.text())
    assert made(viewer, "outliers")
    assert widget.panel.pause_button.text() == "Pause"


def test_widget_closed_while_paused(viewer, qtbot, patient_solver):
    widget = DefocusWidget(viewer)
    add_stack(viewer)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: patient_solver.asked == 2, timeout=RUN_MS)
    widget.panel.pause_button.click()
    widget.deleteLater()
    del widget
    qtbot.waitUntil(patient_solver.stopped.is_set, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=RUN_MS)


def test_a_request_to_stop_cannot_be_paused():
    worker = DefocusWorker(make_stack(), LENS, None)
    worker.quit()
    worker.pause()
    assert not worker.paused


def test_run_on_a_region(widget, viewer, qtbot, patient_solver):
    patient_solver.release.set()
    data = make_stack(side=40)
    add_stack(viewer, data, scale=(1, 0.5, 0.5), translate=(0, 3, 4))
    assert [name for name, _ in widget.region_form._layers()] == ["whole image"]
    widget.region_form.layer.value = rectangle(viewer, [[5, 5], [9.7, 12.7]])
    press(qtbot, widget.panel.run_button)
    finish_run(qtbot, widget)
    np.testing.assert_array_equal(patient_solver.seen[0], data[:, : 14 + RIM, : 18 + RIM])
    for kind in ("depth", "all-in-focus", "confidence", "outliers"):
        layer = made(viewer, kind)
        assert layer.name.startswith("region stone")
        assert layer.data.shape[:2] == (10, 16)
        assert tuple(layer.translate) == (5, 5)
    depth = made(viewer, "depth")
    np.testing.assert_array_equal(depth.data, make_state((14 + RIM, 18 + RIM)).depth[4:14, 2:18])
    entry = depth.metadata["napari_defocus"]
    assert (entry["source"], entry["part"]) == ("stone", "region")


def test_a_cancelled_run_on_a_region_is_of_what_is_inside_too(widget, viewer, qtbot, patient_solver):
    add_stack(viewer, make_stack(side=40))
    widget.region_form.layer.value = rectangle(viewer, [[4, 4], [13.5, 19.5]])
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: any("all-in-focus" in layer.name for layer in viewer.layers), timeout=RUN_MS)
    assert made(viewer, "depth").data.shape == (10, 16)  # on the way
    press(qtbot, widget.panel.cancel_button)
    finish_run(qtbot, widget)
    for kind in ("depth", "all-in-focus", "confidence", "outliers"):
        assert made(viewer, kind).data.shape == (10, 16)


def test_a_run_in_blocks_on_a_region_is_of_what_is_inside(patient_solver):
    patient_solver.release.set()
    worker = BlockWorker(make_stack(), LENS, SolverSettings(epochs=1), 64)
    worker.inside = (slice(4, 14), slice(0, 16))
    worker.work()
    result = worker.best()
    whole = solver.solve(make_stack(), LENS, SolverSettings(epochs=1), block=64)
    np.testing.assert_array_equal(result.depth, whole.depth[4:14, :16])
    np.testing.assert_array_equal(result.all_in_focus, whole.all_in_focus[4:14, :16])


def test_draw_makes_a_layer_to_draw_on(widget, viewer, qtbot):
    assert not widget.region_form.isEnabled()
    stack = add_stack(viewer, scale=(1, 0.5, 0.5))
    press(qtbot, widget.region_form.draw_button)
    shapes = viewer.layers["stone region"]
    assert widget.region_form.layer.value is shapes
    assert shapes.mode == "add_rectangle"
    assert viewer.layers.selection.active is shapes
    assert tuple(shapes.scale) == (0.5, 0.5)
    assert shapes.units == stack.units[1:]
    viewer.layers.remove(shapes)
    assert widget.region_form.layer.value is None


def test_region_of_nothing_is_told(widget, viewer, qtbot, notifications):
    add_stack(viewer)
    press(qtbot, widget.region_form.draw_button)
    press(qtbot, widget.panel.run_button)
    assert not widget.panel.running
    assert any("Draw a rectangle" in message for message in notifications)


@pytest.mark.parametrize("optics", [LENS, SCOPE], ids=lambda optics: optics.kind)
def test_preview_has_coarser_pixels_and_their_optics(widget, viewer, qtbot, patient_solver, optics):
    patient_solver.release.set()
    add_stack(viewer, make_stack(side=130), optics)
    press(qtbot, widget.preview_button)
    finish_run(qtbot, widget)
    images, coarse, _ = patient_solver.seen
    assert images.shape == (4, 65, 65)
    assert widget.panel.status.text().endswith("Preview: a px here is 2 x 2 px of the stack.")
    name = "pixel_pitch" if optics is LENS else "pixel_size"
    assert getattr(coarse, name) == pytest.approx(2 * getattr(optics, name))
    depth = made(viewer, "depth")
    assert depth.name.startswith("preview stone depth")
    assert depth.data_to_world((-0.5, -0.5)) == pytest.approx((-0.5, -0.5))
    assert depth.data_to_world((64.5, 64.5)) == pytest.approx((129.5, 129.5))  # corners of the stack


def test_real_preview_finds_the_depth(widget, viewer, qtbot):
    add_stack(viewer, make_stack(side=160), optics=None)
    widget.optics_form.forms["uncalibrated"].blur_per_plane.value = "1.6"
    widget.settings_form.editors["epochs"].value = "1"
    press(qtbot, widget.preview_button)
    finish_run(qtbot, widget)
    depth = made(viewer, "depth").data
    assert depth.shape == (80, 80)
    wanted = np.linspace(0, 3, 80)[None, :]
    assert np.median(np.abs(depth - wanted)) < 0.4


def test_loss_curve_grows(widget, viewer, qtbot, patient_solver, monkeypatch):
    monkeypatch.setattr("napari_defocus.plugin.depth_worker.LEAST_INTERVAL", 0.0)
    patient_solver.states = 3
    add_stack(viewer)
    assert widget.loss_chart.isHidden()
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(lambda: patient_solver.asked == 4, timeout=RUN_MS)
    qtbot.waitUntil(lambda: not widget.loss_chart.isHidden(), timeout=RUN_MS)
    assert widget.loss_chart.series[0].y == pytest.approx([1, 0.5, 0.25])
    patient_solver.release.set()
    finish_run(qtbot, widget)
    assert len(widget.loss_chart.series[0].y) == 4
    press(qtbot, widget.panel.run_button)
    assert widget.loss_chart.isHidden()
    finish_run(qtbot, widget)


def test_large_falls_of_the_loss_are_drawn_as_logarithm(qtbot):
    empty = np.zeros((8, 8), np.float32)
    chart = LossChart()
    qtbot.addWidget(chart)
    chart.show_result(DefocusResult(empty, empty, empty > 0, empty, (1.0, 0.1, 0.001), "m", "defocus"))
    assert chart.series[0].y == pytest.approx([0, -1, -3])
    bottom, top = chart.limits()[2:]
    assert bottom < -3
    assert top > 0
    chart.grab()


def test_run_that_would_not_fit_is_offered_in_blocks(widget, viewer, qtbot, monkeypatch, notifications):
    asked = []

    def solve(images, optics, settings, *, block, progress):
        asked.append(block)
        return solver_solve(images, optics, settings, progress=progress)

    solver_solve = solver.solve
    monkeypatch.setattr(solver, "solve", solve)
    data = make_stack(side=600)
    add_stack(viewer, data)
    widget.settings_form.editors["epochs"].value = "1"
    needed = memory_of_run(data.shape, data.dtype)
    monkeypatch.setattr(memory_offer, "free_memory", lambda: needed)
    press(qtbot, widget.panel.run_button)
    assert not widget.panel.running
    (message,) = notifications
    assert "a run takes" in message
    assert "MiB are free" in message
    assert not widget.memory_offer.isHidden()
    assert widget.memory_offer.block_button.text() == "Run in blocks of 256 px"
    widget.region_form.layer.value = rectangle(viewer, [[0, 0], [31, 31]])
    assert widget.memory_offer.isHidden()
    widget.region_form.layer.value = None
    press(qtbot, widget.panel.run_button)
    viewer.layers["stone"].data = data[:, :48, :48]
    press(qtbot, widget.memory_offer.block_button)
    assert widget.memory_offer.isHidden()
    finish_run(qtbot, widget)
    assert asked == [256]
    assert made(viewer, "depth").data.shape == (48, 48)
    assert widget.panel.status.text().startswith("Done")
    assert len(widget.loss_chart.series[0].y) == 3


def test_run_anyway(widget, viewer, qtbot, patient_solver, monkeypatch):
    patient_solver.release.set()
    add_stack(viewer)
    monkeypatch.setattr(memory_offer, "free_memory", lambda: 10)
    press(qtbot, widget.panel.run_button)
    assert widget.memory_offer.block_button.isHidden()  # not even blocks would fit
    assert "Close other programs" in widget.panel.status.text()
    press(qtbot, widget.memory_offer.anyway_button)
    finish_run(qtbot, widget)
    assert made(viewer, "depth")


def test_preview_is_not_held_up_by_memory(widget, viewer, qtbot, patient_solver, monkeypatch):
    patient_solver.release.set()
    add_stack(viewer, make_stack(side=130))
    monkeypatch.setattr(memory_offer, "free_memory", lambda: 10)
    press(qtbot, widget.preview_button)
    finish_run(qtbot, widget)
    assert made(viewer, "preview stone depth")


@pytest.mark.parametrize(
    ("optics", "text"),
    [
        (LENS.replace(pixel_pitch=10e-6), "39 mm at 0.789 m, 4.1 m at 8 m"),
        (UncalibratedFocus(planes=4, blur_per_plane=1.0), "0.5 planes"),
        (LENS.replace(min_blur=50.0), "none"),
    ],
    ids=["in a smaller unit", "without a unit", "none"],
)
def test_resolution_in_words(widget, viewer, optics, text):
    add_stack(viewer, optics=optics)
    assert f"Depth resolution: {text}" in widget.optics_summary.figures.text()
