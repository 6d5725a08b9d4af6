import csv
import gc
import weakref

import numpy as np
import pytest
from napari.layers import Image, Labels, Shapes
from numpy.testing import assert_allclose
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication, QFileDialog

from napari_defocus import DefocusResult, Microscope, SolverSettings, save_result
from napari_defocus.plugin.depth_layers import derived_depth_layer, grows_towards_lens
from napari_defocus.plugin.depth_status import described
from napari_defocus.plugin.measure_widget import NONE, ODD_AXES, MeasureWidget
from napari_defocus.plugin.saved_result_opener import SavedResultOpener
from napari_defocus.plugin.turns import Turns

SHAPE = 30, 40
SCOPE = Microscope(numerical_aperture=0.3, pixel_size=0.5, focus_positions=[0, 2, 4, 6, 8])
PLACE = {"scale": (0.5, 0.5), "translate": (10, 20), "units": ("um", "um"), "axis_labels": ("y", "x")}
CONFIDENCE = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (30, 1))


@pytest.fixture
def widget(viewer, qtbot):
    widget = MeasureWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def step_map():
    depth = np.full(SHAPE, 2.0, np.float32) + np.random.default_rng(0).normal(0, 0.01, SHAPE).astype(
        np.float32
    )
    depth[:, 30:] += 3
    return depth


def add_run(viewer, depth=None, *, run=1, unit="um", parameters=None, with_confidence=True):
    if parameters is None:
        parameters = {
            "optics": SCOPE.to_dict(),
            "settings": {"outlier_confidence": 0.25, "outlier_radius": 5},
        }
    layers = {}
    kinds = {
        "all-in-focus": np.ones(SHAPE, np.float32),
        "confidence": CONFIDENCE,
        "outliers": np.zeros(SHAPE, np.uint8),
        "depth": step_map() if depth is None else depth,
    }
    if not with_confidence:
        del kinds["confidence"]
    for kind, data in kinds.items():
        entry = {"kind": kind, "run": run, "source": "stone", "parameters": parameters}
        entry["unit"] = unit if kind == "depth" else ""
        options = {"name": f"stone {kind} [{run}]", "metadata": {"napari_defocus": entry}, **PLACE}
        layer = Labels(data, **options) if kind == "outliers" else Image(data, rgb=False, **options)
        layers[kind] = viewer.add_layer(layer)
    return layers


def settle(qtbot, panel):
    """Wait for what was drawn to be taken in, and for what is computed of it."""
    shapes = getattr(panel, "regions", None) or getattr(panel, "lines", None)
    qtbot.waitUntil(lambda: not (shapes is not None and shapes._timer.isActive()))
    if hasattr(panel, "_work"):
        qtbot.waitUntil(lambda: not panel._work.busy, timeout=60_000)


def press(qtbot, button):
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_says_what_to_do_and_takes_the_depth_that_comes(widget, viewer):
    assert not widget.status.isHidden()
    assert widget.status.text() == NONE
    assert not widget.tabs.isEnabled()
    depth = add_run(viewer)["depth"]
    assert widget.choice.value is depth
    assert widget.tabs.isEnabled()
    assert widget.status.isHidden()
    second = add_run(viewer, run=2)["depth"]
    viewer.layers.selection.active = second
    assert widget.choice.value is second
    viewer.layers.remove(second)
    assert widget.choice.value is depth


def test_preview_shows_what_would_be_replaced(widget, viewer):
    depth = add_run(viewer)["depth"]
    viewer.layers.selection.active = depth
    assert widget.outliers.threshold.value == 0.25  # that of the run
    before = list(viewer.layers)
    widget.outliers.threshold.value = 0.5
    assert widget.outliers.shown.value
    preview = viewer.layers["would be replaced"]
    np.testing.assert_array_equal(preview.data, CONFIDENCE < 0.5)
    assert_allclose(preview.scale, depth.scale)
    assert_allclose(preview.translate, depth.translate)
    assert viewer.layers.index(preview) == viewer.layers.index(depth) + 1
    assert viewer.layers.selection.active is depth
    assert "50.0% of the depths (600 px)" in widget.outliers.status.text()
    widget.outliers.threshold.value = 0.1
    np.testing.assert_array_equal(preview.data, CONFIDENCE < 0.1)
    widget.outliers.shown.value = False
    assert list(viewer.layers) == before


@pytest.mark.parametrize("leave", ["delete the layer", "other tab", "delete the depth map", "close"])
def test_preview_goes(widget, viewer, leave):
    depth = add_run(viewer)["depth"]
    widget.outliers.threshold.value = 0.5
    if leave == "delete the layer":
        viewer.layers.remove("would be replaced")
    elif leave == "other tab":
        widget.tabs.setCurrentWidget(widget.profile)
    elif leave == "delete the depth map":
        viewer.layers.remove(depth)
    else:
        widget.setParent(None)
        QApplication.sendEvent(widget, QEvent(QEvent.Type.ParentChange))
    assert "would be replaced" not in viewer.layers
    assert not widget.outliers.shown.value or leave in ("close", "delete the depth map")


def test_replacing_makes_a_new_layer_and_deleting_it_is_undo(widget, viewer, qtbot):
    data = step_map()
    data[:, :10] = 50  # where the confidence is below a quarter
    depth = add_run(viewer, data.copy())["depth"]
    viewer.layers.selection.active = depth
    press(qtbot, widget.outliers.button)
    settle(qtbot, widget.outliers)
    new = viewer.layers["stone depth [1] outliers replaced"]
    assert new.data[:, :10].max() < 3
    assert_allclose(new.data[:, 10:], data[:, 10:])
    assert_allclose(depth.data, data)
    assert not depth.visible
    assert viewer.layers.selection.active is widget.choice.value is new
    assert new.units == depth.units
    assert widget.outliers.threshold.value == 0.25
    assert new.metadata["napari_defocus"]["derived"][0]["least_confidence"] == 0.25
    assert "To undo, delete" in widget.outliers.status.text()
    assert widget.outliers.button.isEnabled()
    older = derived_depth_layer(depth, np.asarray(depth.data), "older")
    viewer.layers.insert(0, older)  # seen below it
    viewer.layers.remove(new)
    assert depth.visible
    assert viewer.layers.selection.active is widget.choice.value is depth


def test_saved_result_opened_again(widget, viewer, qtbot, tmp_path):
    ramp = np.tile(np.linspace(0, 8, 40, dtype=np.float32), (30, 1))
    result = DefocusResult(
        depth=ramp,
        all_in_focus=np.ones(SHAPE, np.float32),
        outliers=CONFIDENCE < 0.2,
        confidence=CONFIDENCE,
        losses=(),
        unit="um",
        method="defocus",
        parameters={"optics": SCOPE.to_dict(), "settings": SolverSettings(outlier_confidence=0.3).to_dict()},
    )
    save_result(result, tmp_path / "stone")
    turns = Turns()
    opener = SavedResultOpener(viewer, turns)
    opener.open(tmp_path / "stone")
    qtbot.waitUntil(lambda: not opener.opening, timeout=60_000)
    depth = widget.choice.value
    assert depth.name == "stone depth (um) [1]"
    assert widget.outliers.threshold.value == pytest.approx(0.3)
    assert described(depth, (3, 39)) == "depth 8 um, plane 4.0"
    assert grows_towards_lens(viewer, depth)
    press(qtbot, widget.profile.draw_button)
    viewer.layers["profile lines"].add(np.array([[5.0, 0], [5, 39]]), shape_type="line")
    settle(qtbot, widget.profile)
    assert "Length 19.5 um; 0 to 8 um" in widget.profile.status.text()


def test_without_confidence_it_says_so(widget, viewer):
    add_run(viewer, with_confidence=False)
    assert "no confidence layer of this run" in widget.outliers.status.text()
    assert not widget.outliers.button.isEnabled()


def test_all_below_the_threshold(widget, viewer):
    layers = add_run(viewer)
    layers["confidence"].data = np.zeros(SHAPE, np.float32)
    widget.outliers.threshold.value = 0.5
    assert "nothing to fill them from" in widget.outliers.status.text()
    assert not widget.outliers.button.isEnabled()


def test_line_is_followed(widget, viewer, qtbot):
    ramp = np.tile(np.arange(40, dtype=np.float32), (30, 1))
    depth = add_run(viewer, ramp)["depth"]
    press(qtbot, widget.profile.draw_button)
    shapes = viewer.layers["profile lines"]
    assert viewer.layers.selection.active is shapes
    assert shapes.mode == "add_line"
    assert widget.choice.value is depth
    shapes.add(np.array([[5.0, 10], [5, 20]]), shape_type="line")
    settle(qtbot, widget.profile)
    (curve,) = widget.profile.chart.series
    assert_allclose(curve.x, np.arange(11) * 0.5)  # um
    assert_allclose(curve.y, np.arange(10, 21))
    assert widget.profile.title.text() == "Height (um) along the line"
    assert "Length 5 um; 10 to 20 um, range 10 um." in widget.profile.status.text()
    shapes.data = [np.array([[5.0, 30], [15, 30]])]
    settle(qtbot, widget.profile)
    assert_allclose(widget.profile.chart.series[0].y, 30)
    shapes.add(np.array([[5.0, 0], [5, 2]]), shape_type="line")
    settle(qtbot, widget.profile)
    assert list(widget.profile.profiles) == [1, 2]
    assert list(shapes.features["number"]) == [1, 2]
    shapes.selected_data = {1}  # as napari leaves the shape that was drawn last
    settle(qtbot, widget.profile)
    assert list(widget.profile.profiles) == [1, 2]
    shapes.mode = "select"
    shapes.selected_data = {1}
    settle(qtbot, widget.profile)
    assert list(widget.profile.profiles) == [2]
    depth.data = ramp + 1  # a run that goes on
    assert_allclose(widget.profile.chart.series[0].y, [1, 2, 3])
    viewer.layers.remove(shapes)
    settle(qtbot, widget.profile)
    assert widget.profile.chart.series == []


def test_shapes_of_the_user_are_taken_and_left_alone(widget, viewer, qtbot):
    """Drawn in the viewer's coordinates: where the depth map lies is reckoned with."""
    ramp = np.tile(np.arange(40, dtype=np.float32), (30, 1))
    add_run(viewer, ramp)
    mine = Shapes([np.array([[12.5, 25], [12.5, 30]])], shape_type="line", name="mine")
    viewer.add_layer(mine)
    settle(qtbot, widget.profile)
    assert_allclose(widget.profile.chart.series[0].y, np.arange(10, 21))  # (25 - 20) / 0.5 and on
    assert "number" not in mine.features


def test_profile_is_saved(widget, viewer, qtbot, tmp_path, monkeypatch, notifications):
    add_run(viewer, np.tile(np.arange(40, dtype=np.float32), (30, 1)))
    press(qtbot, widget.profile.draw_button)
    assert not widget.profile.save_button.isEnabled()
    viewer.layers["profile lines"].add(np.array([[5.0, 10], [5, 12]]), shape_type="line")
    settle(qtbot, widget.profile)
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "ramp"), ""))
    press(qtbot, widget.profile.save_button)
    assert widget.profile.status.text() == f"Saved ramp.csv in {tmp_path}"
    with (tmp_path / "ramp.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [float(row["depth (um)"]) for row in rows] == [10, 11, 12]
    assert [float(row["distance (um)"]) for row in rows] == [0, 0.5, 1]
    widget.profile.save(tmp_path / "missing" / "ramp.csv")
    assert any("cannot be written" in message for message in notifications)


def rectangle(top, left, bottom, right):
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left]], float)


def test_regions_are_measured(widget, viewer, qtbot):
    add_run(viewer)
    press(qtbot, widget.regions.draw_button)
    shapes = viewer.layers["regions"]
    assert shapes.mode == "add_rectangle"
    shapes.add(rectangle(2, 2, 20, 20), shape_type="rectangle")
    settle(qtbot, widget.regions)
    (found,) = widget.regions.figures
    assert found.roughness.Sq == pytest.approx(0.01, rel=0.1)
    assert "second region" in widget.regions.status.text()
    shapes.add(rectangle(2, 32, 20, 38), shape_type="ellipse")
    settle(qtbot, widget.regions)
    assert [found.number for found in widget.regions.figures] == [1, 2]
    assert widget.regions.figures[1].roughness.pixels == pytest.approx(np.pi * 9 * 3, rel=0.1)
    told = widget.regions.status.text()
    assert told.startswith("Step: region 2 is 3.00")
    assert "± 0.0" in told
    assert told.endswith("um higher than region 1.")
    texts = [widget.regions.table.item(1, column).text() for column in range(5)]
    assert texts[0] == "2"
    assert all(text.endswith(" um") for text in texts[1:])
    shapes.add(rectangle(50, 50, 60, 60), shape_type="rectangle")  # beside the map
    settle(qtbot, widget.regions)
    assert "Region 3: Roughness needs at least 4 pixels" in widget.regions.status.text()
    shapes.selected_data = {1}  # as napari leaves the shape that was drawn last
    settle(qtbot, widget.regions)
    assert [found.number for found in widget.regions.figures] == [1, 2, 3]
    shapes.mode = "select"
    shapes.selected_data = {1}
    settle(qtbot, widget.regions)
    assert [found.number for found in widget.regions.figures] == [2]


def test_levelling_regions_can_be_left_out(widget, viewer, qtbot):
    add_run(viewer, np.tile(np.arange(40, dtype=np.float32), (30, 1)))
    press(qtbot, widget.regions.draw_button)
    viewer.layers["regions"].add(rectangle(2, 2, 20, 20), shape_type="rectangle")
    settle(qtbot, widget.regions)
    assert widget.regions.figures[0].roughness.Sz == pytest.approx(0, abs=1e-9)
    widget.regions.level.value = False
    settle(qtbot, widget.regions)
    assert widget.regions.figures[0].roughness.Sz >= 17


def test_tilt_is_removed(widget, viewer, qtbot):
    tilt = np.add.outer(0.05 * np.arange(30), -0.02 * np.arange(40)).astype(np.float32)
    depth = add_run(viewer, step_map() + tilt)["depth"]
    press(qtbot, widget.tilt.button)
    settle(qtbot, widget.tilt)
    new = viewer.layers["stone depth [1] levelled"]
    assert np.std(new.data[:, :30]) < 0.02
    assert np.median(new.data[:, 30:]) - np.median(new.data[:, :30]) == pytest.approx(3, abs=0.02)
    assert viewer.layers.selection.active is widget.choice.value is new
    assert not depth.visible
    assert new.metadata["napari_defocus"]["levelled"]["slope_y"] == pytest.approx(0.1, rel=0.02)  # um in um
    assert "down by 0.78" in widget.tilt.status.text()
    assert "up by 1.4" in widget.tilt.status.text()
    assert "a tilt of 6.1" in widget.tilt.status.text()


def test_tilt_by_regions_only(widget, viewer, qtbot):
    tilt = np.tile(0.1 * np.arange(40, dtype=np.float32), (30, 1))
    tilt[:, 15:] = 7  # most of the map is even
    add_run(viewer, tilt)
    widget.tilt.by_regions.value = True
    press(qtbot, widget.tilt.button)
    assert "Draw a region first" in widget.tilt.status.text()
    press(qtbot, widget.regions.draw_button)
    viewer.layers["regions"].add(rectangle(2, 1, 20, 13), shape_type="rectangle")
    press(qtbot, widget.tilt.button)
    settle(qtbot, widget.tilt)
    assert np.ptp(viewer.layers["stone depth [1] levelled"].data[:, :15]) < 1e-4


def test_height_of_the_surface_follows_the_field(widget, viewer, qtbot):
    depth = add_run(viewer)["depth"]
    viewer.layers.selection.active = depth
    button = widget.tilt.surface_button
    assert not button.height_field.isEnabled()
    press(qtbot, button.button)
    surface = next(layer for layer in viewer.layers if "surface" in layer.name)
    assert button.height_field.value() == 1  # to scale: both in um
    button.height_field.setValue(4)
    assert tuple(surface.scale) == (4, 0.5, 0.5)
    assert surface.metadata["napari_defocus"]["vertical_exaggeration"] == 4
    press(qtbot, button.button)
    press(qtbot, button.button)
    again = next(layer for layer in viewer.layers if "surface" in layer.name)
    assert again.scale[0] == 4  # what the user has set stays


def test_picked_depth_map_is_shown_in_2d_and_3d(widget, viewer, qtbot):
    first, second = (add_run(viewer, run=run)["depth"] for run in (1, 2))
    press(qtbot, widget.regions.draw_button)  # which makes another layer the active one
    combo = widget.choice.native
    combo.setCurrentIndex(combo.findText(first.name))
    combo.activated.emit(combo.currentIndex())
    assert widget.choice.value is viewer.layers.selection.active is first
    assert first.visible
    assert not second.visible
    press(qtbot, widget.regions.draw_button)
    press(qtbot, widget.tilt.surface_button.button)
    surface = next(layer for layer in viewer.layers if "surface" in layer.name)
    assert surface.metadata["napari_defocus"]["run"] == 1


def test_two_widgets_share_the_3d_view(widget, viewer, qtbot):
    other = MeasureWidget(viewer)
    qtbot.addWidget(other)
    layers = add_run(viewer)
    viewer.layers.selection.active = layers["depth"]
    shown = [layer for layer in viewer.layers if layer.visible]
    press(qtbot, widget.tilt.surface_button.button)
    press(qtbot, other.tilt.surface_button.button)
    assert widget.tilt.surface_button.button.text() == "Show in 3-D"
    press(qtbot, other.tilt.surface_button.button)
    assert [layer for layer in viewer.layers if layer.visible] == shown


@pytest.mark.parametrize(
    ("unit", "parameters", "stack_optics", "up"),
    [
        ("um", {"optics": SCOPE.to_dict()}, None, True),
        ("m", {"optics": {"kind": "thin_lens"}}, None, False),
        ("plane", {"optics": {"kind": "uncalibrated"}}, None, False),
        ("mm", {"positions": [1, 2]}, SCOPE.to_dict(), True),  # the classic method knows no optics
        ("um", {"positions": [1, 2]}, {"kind": "thin_lens"}, False),
        ("um", {"positions": [1, 2]}, None, True),
        ("m", {"positions": [1, 2]}, None, False),
    ],
)
def test_near_is_up(viewer, unit, parameters, stack_optics, up):
    metadata = {"napari_defocus": {"optics": stack_optics}} if stack_optics else {}
    viewer.add_image(np.zeros((3, *SHAPE)), name="stone", metadata=metadata)
    assert grows_towards_lens(viewer, add_run(viewer, unit=unit, parameters=parameters)["depth"]) is up


def test_closing_leaves_nothing_behind(viewer, qtbot):
    widget = MeasureWidget(viewer)
    add_run(viewer)
    press(qtbot, widget.profile.draw_button)
    press(qtbot, widget.regions.draw_button)
    widget.outliers.threshold.value = 0.5
    widget.stop()
    assert "would be replaced" not in viewer.layers
    viewer.layers["regions"].add(rectangle(2, 2, 20, 20), shape_type="rectangle")
    add_run(viewer, run=2)
    remains = weakref.ref(widget)
    widget.deleteLater()
    del widget
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    QApplication.processEvents()
    gc.collect()
    assert remains() is None


def test_depths_whose_rows_and_columns_are_not_the_last_axes_are_not_offered(widget, viewer):
    metadata = {"napari_defocus": {"kind": "depth", "run": 1, "unit": "um", "spatial_axes": [0, 1]}}
    viewer.add_image(np.zeros((20, 20, 1), np.float32), rgb=False, metadata=metadata)
    assert widget.choice.value is None
    assert widget.status.text() == ODD_AXES
    assert not widget.tabs.isEnabled()
    viewer.layers.clear()
    assert widget.status.text() == NONE
