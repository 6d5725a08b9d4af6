"""The list of the scenes on disk, and a scene as layers."""

import sys
from pathlib import Path

import numpy as np
import pytest

from napari_defocus.datasets import load_mobiledepth, load_nyuv2
from napari_defocus.plugin.dataset_widget import DatasetWidget
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.hidden_thumbnails import has_thumbnail

sys.path.insert(0, str(Path(__file__).parents[1] / "datasets"))  # for official_files.py
from official_files import write_mobiledepth, write_nyuv2


@pytest.fixture
def widget(viewer, qtbot):
    widget = DatasetWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def listed(widget):
    return [widget.scenes.item(row).text() for row in range(widget.scenes.count())]


def open_row(widget, viewer, qtbot, row):
    widget.scenes.setCurrentRow(row)
    widget.open_button.click()
    assert not widget.open_button.isEnabled()
    qtbot.waitUntil(lambda: widget.open_button.isEnabled(), timeout=60_000)


def test_a_scene_opens_with_its_optics_and_truth(widget, viewer, qtbot, tmp_path):
    write_nyuv2(tmp_path, ["0003", "0007"])
    defocus = DefocusWidget(viewer)
    qtbot.addWidget(defocus)
    widget.folder.value = str(tmp_path)
    assert listed(widget) == ["0003", "0007"]
    assert not widget.open_button.isEnabled()
    open_row(widget, viewer, qtbot, 1)
    depth, image, stack = viewer.layers
    scene = load_nyuv2(tmp_path, "test", "0007")
    assert stack.name == "nyuv2 test_0007"
    np.testing.assert_array_equal(stack.data, scene.stack)
    assert depth.name == "nyuv2 test_0007 true depth (m)"
    np.testing.assert_array_equal(depth.data, scene.truth)
    np.testing.assert_array_equal(image.data, scene.all_in_focus)
    assert (depth.visible, image.visible, stack.visible) == (False, False, True)
    assert all(has_thumbnail(layer) for layer in (depth, image))
    assert defocus.picker.layer.value is stack
    assert defocus.optics_form.optics(5) == scene.optics


def test_mobiledepth_has_no_split_and_no_truth(widget, viewer, qtbot, tmp_path):
    write_mobiledepth(tmp_path, "balls")
    defocus = DefocusWidget(viewer)
    qtbot.addWidget(defocus)
    widget.dataset.value = "mobiledepth"
    widget.folder.value = str(tmp_path)
    assert not widget.split.enabled
    open_row(widget, viewer, qtbot, listed(widget).index("balls"))
    assert [layer.name for layer in viewer.layers] == [
        "mobiledepth balls reference depth",
        "mobiledepth balls",
    ]
    expected, found = load_mobiledepth(tmp_path, "balls").optics, defocus.optics_form.optics(4)
    assert found.unit == "dimensionless"
    np.testing.assert_allclose(found.blur_sigma(50.0), expected.blur_sigma(50.0), rtol=1e-4)


def test_what_to_download_is_said(widget, tmp_path):
    for dataset, page in (("make3d", "Make3D Laser+Image data"), ("nyuv2", "NYU Depth Dataset V2")):
        widget.dataset.value = dataset
        widget.folder.value = str(tmp_path)
        assert listed(widget) == []
        assert page in widget.note.text()
        widget.folder.value = ""


def test_a_damaged_scene_is_reported(widget, viewer, qtbot, tmp_path, notifications):
    write_nyuv2(tmp_path, ["0003"])
    (tmp_path / "NYUv2/test_depth/0003.tiff").write_bytes(b"no tiff")
    widget.folder.value = str(tmp_path)
    open_row(widget, viewer, qtbot, 0)
    assert "0003.tiff is damaged" in notifications[-1]
    assert not viewer.layers
