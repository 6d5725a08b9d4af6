import gc
import weakref

import dask.array as da
import numpy as np
import pytest
from napari.layers import Image
from numpy.testing import assert_allclose
from qtpy.QtCore import QEvent, Qt
from qtpy.QtWidgets import QApplication

from napari_defocus import compare_depths
from napari_defocus.plugin.compare_widget import CompareWidget

RNG = np.random.default_rng(0)
DEPTH = RNG.uniform(1, 4, (20, 30)).astype(np.float32)
TRUTH = DEPTH + RNG.normal(0.1, 0.2, DEPTH.shape).astype(np.float32)


@pytest.fixture
def widget(viewer, qtbot):
    widget = CompareWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def add_depth(viewer, data=DEPTH, name="depth", unit="m", **options):
    metadata = {"napari_defocus": {"kind": "depth", "run": 1, "unit": unit}} if unit else {}
    return viewer.add_layer(Image(data, name=name, metadata=metadata, rgb=False, **options))


def compare(qtbot, widget, first=None, second=None):
    if first is not None:
        widget.first.value, widget.second.value = first, second
    qtbot.mouseClick(widget.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: widget._layers is None, timeout=60_000)


def table(widget):
    rows = range(widget.table.rowCount())
    return {widget.table.item(row, 0).text(): widget.table.item(row, 1).text() for row in rows}


def test_against_a_truth_opened_by_hand(widget, viewer, qtbot):
    truth = add_depth(viewer, da.from_array(TRUTH), "truth", None)
    depth = add_depth(viewer, scale=(0.5, 0.5), translate=(3, 4), units=("mm", "mm"))
    assert (widget.first.value, widget.second.value) == (depth, truth)
    widget.truth.value = True
    compare(qtbot, widget)
    wanted = compare_depths(DEPTH, TRUTH, truth=True)
    layer = viewer.layers["error of depth (m) [1]"]
    assert_allclose(layer.data, wanted.error)
    low, high = layer.contrast_limits
    assert low == -high == pytest.approx(-wanted.limit)
    assert_allclose(layer.colormap.map(np.float32(0.5))[0, :3], 0.968, atol=0.01)  # white at 0
    assert_allclose(layer.scale, depth.scale)
    assert_allclose(layer.translate, depth.translate)
    assert layer.units == depth.units
    assert layer.colorbar.visible
    assert layer.metadata["napari_defocus"]["metrics"] == wanted.metrics
    shown = table(widget)
    assert shown["RMSE"] == f"{wanted.metrics['rmse']:.4g} m"
    assert shown["mean share of depth (AbsRel)"] == f"{wanted.metrics['abs_rel']:.4g}"
    assert "mean ratio, power of ten (log10)" in shown
    assert widget.table.item(5, 0).toolTip().endswith("5 %. In files: abs_rel.")
    assert shown["pixels compared"] == "600"
    assert "unit of truth is not known; it is taken for m" in widget.status.text()
    assert_allclose(10.0 ** widget.chart.series[0].y - 1, wanted.histogram()[0], atol=1e-6)
    assert not depth.visible


def test_true_depth_of_a_sample_is_the_truth(widget, viewer):
    from napari_defocus.plugin.samples import microscope

    data, options, _ = microscope()[1]
    truth = viewer.add_image(data, **options)
    depth = add_depth(viewer, data, unit="um", scale=truth.scale, units=truth.units)
    assert (widget.first.value, widget.second.value) == (depth, truth)
    assert widget.truth.value
    widget.second.value = depth
    assert not widget.truth.value


def test_two_results(widget, viewer, qtbot):
    first, second = add_depth(viewer), add_depth(viewer, TRUTH, "other")
    compare(qtbot, widget, first, second)
    compare(qtbot, widget, second, first)
    ours, back = viewer.layers["difference of depth (m) [1]"], viewer.layers["difference of depth (m) [2]"]
    assert_allclose(ours.data, -back.data)
    assert widget.status.text() == "other minus depth."
    assert set(widget.first.choices) == {first, second}  # no error maps among them


@pytest.mark.parametrize(
    ("data", "unit", "options", "says"),
    [
        (TRUTH, "plane", {}, "differ in unit, m and plane"),
        (TRUTH[:10], "m", {}, "differ in shape, 30 x 20 and 30 x 10 px"),
        (np.full_like(TRUTH, np.nan), "m", {"contrast_limits": (0, 1)}, "No pixel is known in both"),
        (TRUTH, "m", {"scale": (3, 2), "units": ("um", "um")}, "pixels of 'depth' are 0.002 millimeter high"),
    ],
)
def test_refused_in_one_sentence(widget, viewer, qtbot, notifications, data, unit, options, says):
    first = add_depth(viewer, scale=(0.002, 0.002), units=("mm", "mm"))
    compare(qtbot, widget, first, add_depth(viewer, data, "other", unit, **options))
    assert any(says in message for message in notifications)
    assert says in widget.status.text()
    assert len(viewer.layers) == 2
    assert widget.button.isEnabled()


@pytest.mark.parametrize(
    "options",
    [
        {"scale": (2, 2), "units": ("um", "um")},
        {"scale": (7, 7)},
        {"scale": (0.002, 0.002), "units": ("mm",) * 2},
    ],
)
def test_pixels_of_one_size_or_of_none(widget, viewer, qtbot, options):
    first = add_depth(viewer, scale=(0.002, 0.002), units=("mm", "mm"))
    compare(qtbot, widget, first, add_depth(viewer, TRUTH, "other", **options))
    assert "difference of depth (m) [1]" in viewer.layers


def test_only_depth_maps_are_offered(widget, viewer):
    assert not widget.button.isEnabled()
    viewer.add_image(np.zeros((3, 8, 9)), name="stack")
    viewer.add_image(np.zeros((8, 9, 3)), rgb=True, name="photo")
    viewer.add_labels(np.zeros((8, 9), int), name="cells")
    confidence = add_depth(viewer, name="confidence")
    confidence.metadata["napari_defocus"]["kind"] = "confidence"
    truth = add_depth(viewer, name="truth", unit=None)
    assert set(widget.first.choices) == {truth}
    assert not widget.button.isEnabled()
    depth = add_depth(viewer)
    assert (widget.first.value, widget.second.value) == (depth, truth)
    assert widget.button.isEnabled()
    viewer.layers.remove(depth)
    assert not widget.button.isEnabled()


def test_renamed_layers_stay_chosen(widget, viewer):
    first, second = add_depth(viewer), add_depth(viewer, TRUTH, "other")
    widget.first.value, widget.second.value = first, second
    first.name = "zebra"
    assert (widget.first.value, widget.second.value) == (first, second)


def test_layer_with_itself(widget, viewer, qtbot, notifications):
    first = add_depth(viewer)
    add_depth(viewer, TRUTH, "other")
    compare(qtbot, widget, first, first)
    assert any("two different layers" in message for message in notifications)


def test_closed_dock_adds_no_layer_and_is_let_go(viewer, qtbot):
    widget = CompareWidget(viewer)
    add_depth(viewer)
    add_depth(viewer, TRUTH, "other")
    widget.compare()
    QApplication.sendEvent(widget, QEvent(QEvent.Type.ParentChange))
    qtbot.waitUntil(widget.button.isEnabled, timeout=60_000)
    assert len(viewer.layers) == 2
    remains = weakref.ref(widget)
    del widget
    qtbot.waitUntil(lambda: gc.collect() >= 0 and remains() is None, timeout=10_000)
