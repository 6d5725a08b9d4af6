import dask.array as da
import numpy as np
import pytest
import tifffile
from napari.layers import Image, Layer
from npe2 import PluginManifest
from tiny_stacks import LENS, SCOPE, make_stack

import napari_defocus
from napari_defocus.optics import save_optics
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.reader import get_reader


@pytest.fixture
def folder(tmp_path):
    for index, plane in enumerate(make_stack(dtype="uint16")):
        tifffile.imwrite(tmp_path / f"plane_{index}.tif", plane)
    save_optics(SCOPE, tmp_path / "optics.toml")
    return tmp_path


@pytest.mark.parametrize("name", ["image.tif", "folder", "a.zip", "a.toml", "optics.txt", "x.ome.tif"])
def test_ordinary_files_are_left_to_others(name):
    assert get_reader(name) is None


def test_a_list_of_files_is_left_to_others():
    assert get_reader(["optics.toml"]) is None


@pytest.mark.parametrize("name", ["/a/optics.toml", "/a/optics.json", "a.focalstack", "A.FocalStack.zip"])
def test_focal_stacks_are_claimed(name):
    assert get_reader(name) is not None


def test_manifest_claims_the_same_names():
    manifest = PluginManifest.from_file(_manifest())
    (reader,) = manifest.contributions.readers
    assert all(get_reader(pattern.replace("*", "")) for pattern in reader.filename_patterns)


def test_manifest_names_what_exists():
    manifest = PluginManifest.from_file(_manifest())
    manifest.validate_imports()
    ids = {command.id for command in manifest.contributions.commands}
    used = {item.command for item in manifest.contributions.widgets + manifest.contributions.readers}
    used |= {sample.command for sample in manifest.contributions.sample_data}
    used |= {item.command for items in manifest.contributions.menus.values() for item in items}
    assert used == ids


def test_sidecar_opens_the_folder_with_scale_and_optics(folder):
    path = str(folder / "optics.toml")
    ((data, options, kind),) = get_reader(path)(path)
    layer = Layer.create(data, options, kind)
    assert isinstance(layer, Image)
    assert isinstance(layer.data, da.Array)
    assert layer.data.shape == (4, 24, 24)
    assert tuple(layer.scale) == (2, 0.325, 0.325)
    assert {str(unit) for unit in layer.units} == {"micrometer"}
    assert layer.metadata["napari_defocus"]["optics"] == SCOPE.to_dict()
    plane = np.asarray(data[2])
    assert layer.contrast_limits == [plane.min(), plane.max()]


def test_photographs_have_no_scale(tmp_path):
    for index, plane in enumerate(make_stack(side=32, rgb=True)):
        tifffile.imwrite(tmp_path / f"plane_{index}.tif", plane, photometric="rgb")
    save_optics(LENS, tmp_path / "optics.json")
    path = str(tmp_path / "optics.json")
    ((data, options, _),) = get_reader(path)(path)
    assert options["rgb"]
    assert options["contrast_limits"] == (0, 255)
    assert "scale" not in options
    assert data.shape == (4, 32, 32, 3)


def test_open_button_chooses_the_new_stack(viewer, qtbot, folder):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.picker.open_stack(folder)
    assert widget.picker.layer.value is viewer.layers[-1]
    assert widget.optics_form.optics(4) == SCOPE
    widget.picker.open_stack(sorted(folder.glob("*.tif"))[:3])
    assert widget.picker.stack().planes == 3


@pytest.mark.parametrize("trouble", ["empty folder", "not an image", "other size", "one plane"])
def test_open_button_tells_of_bad_files(viewer, qtbot, folder, notifications, trouble):
    images = sorted(folder.glob("*.tif"))
    for path in images if trouble == "empty folder" else images[1:] if trouble == "one plane" else []:
        path.unlink()
    if trouble == "not an image":
        images[1].write_text("no image")
    if trouble == "other size":
        tifffile.imwrite(images[1], np.zeros((9, 9), np.uint16))
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.picker.open_stack(folder)
    assert len(notifications) == 1
    assert notifications[0].endswith(".")
    assert len(viewer.layers) == 0


def test_file_cut_off_in_the_middle(viewer, qtbot, folder, notifications):
    path = sorted(folder.glob("*.tif"))[1]
    path.write_bytes(path.read_bytes()[:-500])
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.picker.open_stack(folder)
    if len(viewer.layers):  # the header was whole; the pixels are read by the run
        widget.panel.run_button.click()
        qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    assert len(notifications) == 1
    assert path.name in notifications[0]
    assert not any("depth" in layer.name for layer in viewer.layers)


def _manifest():
    from importlib.resources import files

    return str(files(napari_defocus) / "napari.yaml")
