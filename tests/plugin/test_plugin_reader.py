import threading
import zipfile

import dask.array as da
import numpy as np
import pytest
import tifffile
from napari.layers import Image, Layer
from npe2 import PluginManager, PluginManifest
from PIL import Image as Photograph
from tiny_stacks import LENS, SCOPE, make_stack

import napari_defocus
from napari_defocus.optics import save_optics
from napari_defocus.plugin import opening
from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.reader import get_reader
from napari_defocus.plugin.stack_picker import FILE_FILTER


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


@pytest.mark.parametrize(
    "name",
    [
        "/a/optics.toml",
        "optics.json",
        "a.focalstack",
        "A.FocalStack.zip",
        "/a/stone.optics.toml",
        "stone.optics.json",
    ],
)
def test_focal_stacks_are_claimed(name):
    assert get_reader(name) is not None
    assert _claimed_by_manifest(name)


@pytest.mark.parametrize("name", ["/a/myoptics.toml", "/a/fiberoptics.json", "/a/optics.tomlx", "/a/b.tif"])
def test_neither_reader_nor_manifest_claims_other_names(name):
    assert get_reader(name) is None
    assert not _claimed_by_manifest(name)


def test_manifest_names_what_exists():
    manifest = PluginManifest.from_file(_manifest())
    manifest.validate_imports()
    ids = {command.id for command in manifest.contributions.commands}
    used = {item.command for item in manifest.contributions.widgets + manifest.contributions.readers}
    used |= {sample.command for sample in manifest.contributions.sample_data}
    used |= {writer.command for writer in manifest.contributions.writers}
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


def test_sidecar_of_one_file_opens_that_file(tmp_path):
    for name in ("stone", "other"):
        tifffile.imwrite(tmp_path / f"{name}.ome.tif", make_stack(), photometric="minisblack")
    save_optics(LENS, tmp_path / "stone.optics.toml")
    path = str(tmp_path / "stone.optics.toml")
    ((data, options, _),) = get_reader(path)(path)
    assert options["name"] == "stone"
    assert options["metadata"]["napari_defocus"]["optics"] == LENS.to_dict()
    np.testing.assert_array_equal(np.asarray(data), make_stack())


def offered(tmp_path):
    """One openable file for each pattern of the dialog."""
    patterns = FILE_FILTER[FILE_FILTER.index("(") + 1 : FILE_FILTER.index(")")].split()
    assert len(patterns) > 8
    for index, pattern in enumerate(patterns):
        folder = tmp_path / str(index)
        folder.mkdir()
        path = folder / pattern.replace("*", "a")
        if path.suffix in (".toml", ".json"):
            save_optics(LENS, path)
            tifffile.imwrite(folder / "a.tif", make_stack(), photometric="minisblack")
        elif path.suffix == ".npy":
            np.save(path, make_stack())
        elif path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for plane, image in enumerate(make_stack()):
                    with archive.open(f"{plane}.png", "w") as stream:
                        Photograph.fromarray(image).save(stream, "PNG")
        elif path.suffix in (".png", ".jpg", ".jpeg", ".jpe", ".bmp"):
            paths = [folder / f"{plane}{path.suffix}" for plane in range(4)]
            for plane_path, image in zip(paths, make_stack(), strict=True):
                Photograph.fromarray(image).save(plane_path)
            yield paths
            continue
        else:
            tifffile.imwrite(path, make_stack(), photometric="minisblack")
        yield path


def open_stack(qtbot, widget, path):
    widget.picker.open_stack(path)
    assert not widget.picker.open_button.isEnabled()
    qtbot.waitUntil(widget.picker.open_button.isEnabled, timeout=60_000)


def test_whatever_the_dialog_offers_can_be_opened(viewer, qtbot, tmp_path, notifications):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    for number, path in enumerate(offered(tmp_path), start=1):
        open_stack(qtbot, widget, path)
        assert notifications == []
        assert len(viewer.layers) == number
        assert widget.picker.stack().planes == 4


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
    open_stack(qtbot, widget, folder)
    assert widget.picker.layer.value is viewer.layers[-1]
    assert widget.optics_form.optics(4) == SCOPE
    open_stack(qtbot, widget, sorted(folder.glob("*.tif"))[:3])
    assert widget.picker.stack().planes == 3


def test_files_are_read_out_of_the_windows_thread(viewer, qtbot, folder, monkeypatch):
    threads = []
    read = opening.open_focal_stack

    def spy(path):
        threads.append(threading.current_thread())
        return read(path)

    monkeypatch.setattr(opening, "open_focal_stack", spy)
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    open_stack(qtbot, widget, folder)
    assert len(viewer.layers) == len(threads) == 1
    assert threads[0] is not threading.main_thread()


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
    open_stack(qtbot, widget, folder)
    assert len(notifications) == 1
    assert notifications[0].endswith(".")
    assert len(viewer.layers) == 0


def test_file_cut_off_in_the_middle(viewer, qtbot, folder, notifications):
    path = sorted(folder.glob("*.tif"))[1]
    path.write_bytes(path.read_bytes()[:-500])
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    open_stack(qtbot, widget, folder)
    if len(viewer.layers):  # the header was whole; the pixels are read by the run
        widget.panel.run_button.click()
        qtbot.waitUntil(lambda: not widget.panel.running, timeout=60_000)
    assert len(notifications) == 1
    assert path.name in notifications[0]
    assert not any("depth" in layer.name for layer in viewer.layers)


def _claimed_by_manifest(name):
    manager = PluginManager()
    manager.register(PluginManifest.from_file(_manifest()))
    return bool(list(manager.iter_compatible_readers([name])))


def _manifest():
    from importlib.resources import files

    return str(files(napari_defocus) / "napari.yaml")
