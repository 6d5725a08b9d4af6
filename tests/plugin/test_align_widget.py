import dask.array as da
import numpy as np
import pytest
from napari.layers import Image
from qtpy.QtCore import Qt
from scipy.ndimage import shift
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus.alignment.result import HEADINGS
from napari_defocus.plugin import alignment_worker
from napari_defocus.plugin.align_widget import AlignWidget
from napari_defocus.plugin.defocus_widget import DefocusWidget

KEY = "napari_defocus"


@pytest.fixture
def widget(viewer, qtbot):
    widget = AlignWidget(viewer)
    qtbot.addWidget(widget)
    return widget


@pytest.fixture
def shifted():
    """A stack whose last plane lies three pixels too far right."""
    images = make_stack(side=96)
    images[3] = shift(images[3].astype(float), (0, 3), mode="reflect").clip(0, 255)
    return images


def run(qtbot, widget):
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=120_000)


def cells(table, column):
    return [table.item(row, column).text() for row in range(table.rowCount())]


def test_the_aligned_stack_is_a_new_layer_like_the_old_one(widget, viewer, qtbot, shifted):
    layer = add_stack(
        viewer, shifted, scale=(2, 0.5, 0.5), translate=(0, 7, 8), units=("um",) * 3, axis_labels="zyx"
    )
    run(qtbot, widget)
    aligned = viewer.layers["stone aligned"]
    assert aligned.data.dtype == np.uint8
    assert aligned.data.shape == shifted.shape
    np.testing.assert_array_equal(aligned.data[2], shifted[2])
    for name in ("scale", "translate"):
        np.testing.assert_array_equal(getattr(aligned, name), getattr(layer, name))
    assert (aligned.units, aligned.axis_labels) == (layer.units, layer.axis_labels)
    entry = aligned.metadata[KEY]
    assert entry["optics"] == layer.metadata[KEY]["optics"]
    assert entry["alignment"]["source"] == "stone"
    assert entry["alignment"]["planes"][3]["motion"]["shift_x"] == pytest.approx(3, abs=0.2)
    assert "alignment" not in layer.metadata[KEY]


def test_the_report_stands_in_the_table(widget, viewer, qtbot, shifted, notifications):
    add_stack(viewer, shifted)
    run(qtbot, widget)
    assert cells(widget.table, 0) == ["0", "1", "2", "3"]
    assert float(cells(widget.table, 5)[3]) == pytest.approx(3, abs=0.2)
    assert cells(widget.table, 1)[2:] == ["ref", "yes"]
    assert any("planes moved" in message for message in notifications)
    exact = widget.table.item(3, 0).toolTip()
    assert all(f"{heading} " in exact for heading in HEADINGS)


def test_the_aligned_layer_can_be_solved(widget, viewer, qtbot, shifted):
    add_stack(viewer, shifted)
    run(qtbot, widget)
    solving = DefocusWidget(viewer)
    qtbot.addWidget(solving)
    solving.picker.layer.value = viewer.layers["stone aligned"]
    assert solving.optics_form.optics(4).focus_distances == LENS.focus_distances


def test_an_aligned_stack_adds_no_layer(widget, viewer, qtbot, notifications):
    add_stack(viewer, make_stack(side=96))
    run(qtbot, widget)
    assert len(viewer.layers) == 1
    assert any("aligned already" in message for message in notifications)
    assert "aligned already" in widget.panel.status.text()
    assert cells(widget.table, 1) == ["no", "no", "ref", "no"]


def test_the_cropped_layer_keeps_its_place(widget, viewer, qtbot, shifted):
    add_stack(viewer, shifted, scale=(1, 0.5, 0.5), translate=(0, 7, 8))
    widget.crop.value = True
    run(qtbot, widget)
    aligned = viewer.layers["stone aligned"]
    (top, bottom), (left, right) = (
        aligned.metadata[KEY]["alignment"][name] for name in ("valid_rows", "valid_columns")
    )
    assert aligned.data.shape == (4, bottom - top, right - left)
    assert right - left < 96
    assert tuple(aligned.translate) == (0, 7 + 0.5 * top, 8 + 0.5 * left)


def test_a_lazy_stack_with_its_planes_last(widget, viewer, qtbot, shifted):
    data = da.from_array(np.moveaxis(shifted, 0, -1), chunks=(96, 96, 1))
    viewer.add_layer(
        Image(data, name="lazy", rgb=False, contrast_limits=(0, 255), axis_labels=("y", "x", "z"))
    )
    widget.picker.axis.value = 2
    run(qtbot, widget)
    aligned = viewer.layers["lazy aligned"]
    assert isinstance(aligned.data, np.ndarray)
    assert aligned.data.shape == (4, 96, 96)
    assert aligned.axis_labels == ("z", "y", "x")


def test_the_chosen_reference_stays(widget, viewer, qtbot, shifted):
    add_stack(viewer, shifted)
    assert "2" in widget.reference.native.placeholderText()
    widget.reference.set_number(3)
    run(qtbot, widget)
    np.testing.assert_array_equal(viewer.layers["stone aligned"].data[3], shifted[3])


@pytest.mark.parametrize(("text", "said"), [("1.5", "whole number"), ("9", "from 0 to 3"), ("x", "number")])
def test_a_reference_that_is_none(widget, viewer, qtbot, notifications, text, said):
    add_stack(viewer)
    widget.reference.value = text
    run(qtbot, widget)
    assert any(said in message for message in notifications)
    assert len(viewer.layers) == 1


def test_a_microscope_seldom_needs_it_and_only_shifts(widget, viewer):
    add_stack(viewer, optics=SCOPE)
    assert "seldom" in widget.panel.status.text()
    assert widget.motion.value == "translation"
    widget.picker.layer.value = add_stack(viewer)
    assert widget.motion.value == "similarity"


@pytest.fixture
def endless(monkeypatch):
    """An alignment that goes on until it is cancelled."""

    def align_focal_stack(images, *, progress, **options):
        while True:
            progress(0.5, "measuring motion")

    monkeypatch.setattr(alignment_worker, "align_focal_stack", align_focal_stack)


@pytest.mark.usefixtures("endless")
def test_cancel(widget, viewer, qtbot):
    add_stack(viewer)
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "Measuring motion" in widget.panel.status.text(), timeout=60_000)
    qtbot.mouseClick(widget.panel.cancel_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=10_000)
    assert "nothing was added" in widget.panel.status.text()
    assert len(viewer.layers) == 1


@pytest.mark.usefixtures("endless")
def test_the_closed_widget_stops(widget, viewer, qtbot):
    add_stack(viewer)
    qtbot.mouseClick(widget.panel.run_button, Qt.MouseButton.LeftButton)
    widget.abandon()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=10_000)
    assert len(viewer.layers) == 1
