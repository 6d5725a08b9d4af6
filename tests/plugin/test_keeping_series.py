"""Results of several stacks and channels to files."""

import json

import numpy as np
import pytest
import tifffile
import trimesh
from PIL import Image
from tiny_stacks import SCOPE, add_stack, make_stack

from napari_defocus.io import load_parameters, load_result
from napari_defocus.plugin.defocus_widget import DefocusWidget

RUN_MS = 120_000


@pytest.fixture
def widget(viewer, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    widget.settings_form.editors["epochs"].value = "1"
    return widget


def run(qtbot, widget):
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)


def save_all(qtbot, widget, folder):
    widget.save_bar.save(folder)
    qtbot.waitUntil(lambda: widget.save_bar.save_button.isEnabled(), timeout=RUN_MS)
    (saved,) = folder.iterdir()
    return saved


def made(viewer, kind):
    return next(layer for layer in viewer.layers if f" {kind}" in layer.name)


def times(dtype="uint8"):
    stack = make_stack(dtype=dtype)
    return np.stack([stack, stack[:, ::-1], stack[:, :, ::-1]])


@pytest.mark.parametrize("planes_first", [False, True])
def test_a_series_is_saved_as_a_folder_each(widget, viewer, qtbot, tmp_path, planes_first):
    data = np.moveaxis(times(), 0, 1) if planes_first else times()
    labels = ("z", "t", "y", "x") if planes_first else ("t", "z", "y", "x")
    add_stack(viewer, data, SCOPE, axis_labels=labels)
    run(qtbot, widget)
    saved = save_all(qtbot, widget, tmp_path)
    assert sorted(path.name for path in saved.iterdir()) == ["t_0", "t_1", "t_2"]
    depth = made(viewer, "depth").data.reshape(3, 24, 24)
    for number in range(3):
        folder = saved / f"t_{number}"
        np.testing.assert_array_equal(load_result(folder).depth, depth[number])
        with tifffile.TiffFile(folder / "depth.tif") as tif:
            assert 'PhysicalSizeX="0.325"' in tif.ome_metadata
        optics, settings = load_parameters(folder)
        assert (optics.kind, settings.epochs) == ("microscope", 1)
        assert json.loads((folder / "parameters.json").read_text())["stack"] == f"t {number}"


def test_channels_are_saved_in_the_type_of_the_input(widget, viewer, qtbot, tmp_path):
    data = np.stack([make_stack(dtype="uint16"), make_stack(dtype="uint16") // 2])
    add_stack(viewer, data, SCOPE, axis_labels=("c", "z", "y", "x"), contrast_limits=(0, 65535))
    widget.picker.axes.focus.value = 0
    run(qtbot, widget)
    saved = save_all(qtbot, widget, tmp_path)
    assert (saved / "depth.npy").exists()
    (path,) = (saved / "channels").iterdir()
    assert path.name == "channel_1.png"
    written = np.asarray(Image.open(path))
    wanted = np.rint(made(viewer, "all-in-focus channel 1").data * 65535)
    np.testing.assert_allclose(written, wanted, atol=1)


def test_a_series_cancelled_on_the_way_saves_what_there_is(widget, viewer, qtbot, tmp_path, patient_solver):
    patient_solver.states, patient_solver.free = 0, 1
    add_stack(viewer, times(), SCOPE, axis_labels=("t", "z", "y", "x"))
    viewer.dims.set_current_step(0, 2)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: "stack 2 of 3" in widget.panel.status.text().lower(), timeout=RUN_MS)
    widget.panel.cancel_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    saved = save_all(qtbot, widget, tmp_path)
    assert np.isfinite(np.load(saved / "depth.npy")).all()


def test_nothing_is_left_of_a_series_that_cannot_be_written(
    widget, viewer, qtbot, tmp_path, patient_solver, monkeypatch, notifications
):
    patient_solver.release.set()
    add_stack(viewer, times(), SCOPE, axis_labels=("t", "z", "y", "x"))
    run(qtbot, widget)
    calls = []

    def full(path, *_):
        calls.append(path)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        np.savez(path.with_suffix(".npz"))

    monkeypatch.setattr("napari_defocus.io.save.np.save", full)
    widget.save_bar.save(tmp_path)
    qtbot.waitUntil(lambda: widget.save_bar.save_button.isEnabled(), timeout=RUN_MS)
    assert "No space left" in notifications[-1]
    assert not list(tmp_path.iterdir())


def test_the_mesh_of_a_series_is_of_the_time_that_is_shown(
    widget, viewer, qtbot, tmp_path, patient_solver, notifications
):
    patient_solver.release.set()
    add_stack(viewer, times(), SCOPE, axis_labels=("t", "z", "y", "x"))
    run(qtbot, widget)
    depth = made(viewer, "depth")
    depth.data[1] *= 2
    for time, height in ((0, 2.0), (1, 4.0)):
        viewer.dims.set_current_step(0, time)
        widget.save_bar.export(tmp_path / f"stone_{time}.ply")
        qtbot.waitUntil(lambda: widget.save_bar.mesh_button.isEnabled(), timeout=RUN_MS)
        seen = trimesh.load(tmp_path / f"stone_{time}.ply", process=False, force="mesh")
        np.testing.assert_allclose(seen.extents, [23 * 0.325, 23 * 0.325, height], rtol=1e-6)
    del depth.metadata["napari_defocus"]["stacks"]["t 1"]
    widget.save_bar.export(tmp_path / "none.ply")
    assert "The stack that is shown has no result" in notifications[-1]
