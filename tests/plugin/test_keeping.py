"""Results to files from the window and back."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import trimesh
from napari.layers import Image, Shapes
from tiny_stacks import LENS, SCOPE, add_stack, make_stack

from napari_defocus import SolverSettings, read_focal_stack, save_result, solve
from napari_defocus.cli.main import main
from napari_defocus.io import load_parameters, load_result
from napari_defocus.plugin import memory, preferences
from napari_defocus.plugin.defocus_widget import TITLE, DefocusWidget
from napari_defocus.plugin.depth_worker import CANCELLED, STOPPED
from napari_defocus.plugin.focus_widget import FocusWidget
from napari_defocus.plugin.reader import get_reader, open_focal_stack
from napari_defocus.plugin.saved_result_opener import read_saved
from napari_defocus.plugin.stack_part import rectangle_in
from napari_defocus.plugin.stack_source import METADATA_KEY

RUN_MS = 120_000
ODD = LENS.replace(
    pixel_pitch=50e-6 / 3, focus_distances=[1 / 3, 0.7, 1.1, 7 / 3], aperture_diameter=0.05 / 7.1
)
SETTINGS = SolverSettings(epochs=1, depth_range=(1 / 3.1, 2.7 + 1e-13), outlier_threshold=1 / 7)

ENDLESS = SETTINGS.replace(epochs=500, least_gain=0.0)


@pytest.fixture
def widget(viewer, qtbot):
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    return widget


def run(qtbot, widget):
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)


def save_all(qtbot, widget, folder):
    widget.save_bar.save(folder)
    qtbot.waitUntil(lambda: widget.save_bar.save_button.isEnabled(), timeout=RUN_MS)
    return sorted(path for path in folder.iterdir() if path.is_dir())[-1]


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def assert_same_numbers(one, other):
    """Depth, image and confidence of two results are equal but for the rounding of single precision."""
    for name in ("depth", "all_in_focus", "confidence"):
        pair = getattr(one, name), getattr(other, name)
        np.testing.assert_allclose(*pair, rtol=3e-6, atol=1e-6, err_msg=name)
    np.testing.assert_array_equal(one.outliers, other.outliers)
    np.testing.assert_allclose(one.losses, other.losses, rtol=1e-6)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_save_all_writes_the_files_of_the_command_line(dtype, widget, viewer, qtbot, tmp_path):
    data = make_stack(dtype=dtype)
    np.save(tmp_path / "stone.npy", data)
    stack = read_focal_stack(tmp_path / "stone.npy", optics=LENS)
    direct = save_result(
        solve(stack.images, LENS, SolverSettings(epochs=1, white=stack.metadata.get("white"))),
        tmp_path / "direct",
        images_dtype=stack.images.dtype,
        extra_parameters=stack.origin,
    )
    (tmp_path / "stone.optics.json").write_text(json.dumps(LENS.to_dict()))
    layer_data, options, _ = open_focal_stack(tmp_path / "stone.npy")
    viewer.add_layer(Image(layer_data, **options))
    widget.settings_form.editors["epochs"].value = "1"
    run(qtbot, widget)
    (tmp_path / "saved").mkdir()
    saved = save_all(qtbot, widget, tmp_path / "saved")
    assert saved.name.startswith("stone_")
    assert files(saved) == files(direct)
    one, other = (json.loads((folder / "parameters.json").read_text()) for folder in (saved, direct))
    assert one | {"written": ""} == other | {"written": ""}
    assert one["images_dtype"] == dtype
    assert_same_numbers(load_result(saved), load_result(direct))


def test_load_parameters_gives_the_same_numbers(widget, viewer, qtbot, tmp_path):
    first = solve(make_stack(), ODD, SETTINGS)
    save_result(first, tmp_path / "first", images_dtype=np.uint8)
    add_stack(viewer, optics=None)
    widget.parameters_button.load(tmp_path / "first" / "parameters.json")
    assert widget.optics_form.optics(4) == load_parameters(tmp_path / "first")[0] == ODD
    assert widget.settings_form.settings() == load_parameters(tmp_path / "first")[1]
    run(qtbot, widget)
    (tmp_path / "again").mkdir()
    again = load_result(save_all(qtbot, widget, tmp_path / "again"))
    assert_same_numbers(again, load_result(tmp_path / "first"))


def test_parameters_of_a_preview_are_those_of_the_stack_again(widget, viewer, qtbot, tmp_path, capsys):
    stack = np.kron(make_stack(), np.ones((1, 6, 6), np.uint8))
    np.save(tmp_path / "stone.npy", stack)
    viewer.add_layer(Image(stack, name="stone", metadata={METADATA_KEY: {"optics": ODD.to_dict()}}))
    widget.settings_form.fill(SETTINGS)
    widget.preview_button.click()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    (tmp_path / "preview").mkdir()
    saved = save_all(qtbot, widget, tmp_path / "preview")
    side = json.loads((saved / "parameters.json").read_text())["binning"]
    assert side > 1
    assert load_parameters(saved)[0].pixel_pitch == pytest.approx(side * ODD.pixel_pitch)
    widget.parameters_button.load(saved)
    assert widget.optics_form.optics(4).pixel_pitch == pytest.approx(ODD.pixel_pitch)
    assert f"of a preview ({side} x {side} px joined)" in widget.parameters_button.note.text()
    command = ["solve", tmp_path / "stone.npy", "--parameters", saved, "-o"]
    assert main([str(word) for word in [*command, tmp_path / "again"]]) == 0
    assert f"Solving a preview ({side} x {side} px joined), as that run did" in capsys.readouterr().out
    assert_same_numbers(load_result(tmp_path / "again"), load_result(saved))
    assert main([str(word) for word in [*command, tmp_path / "whole", "--whole"]]) == 0
    assert load_parameters(tmp_path / "whole")[0].pixel_pitch == pytest.approx(ODD.pixel_pitch)
    assert load_result(tmp_path / "whole").depth.shape == stack.shape[1:]


def record(folder, **values):
    folder.mkdir(exist_ok=True)
    run = {"optics": ODD.to_dict(), "settings": SETTINGS.to_dict()} | values
    (folder / "parameters.json").write_text(json.dumps(run))
    return folder


@pytest.mark.parametrize(
    "place",
    [{}, {"scale": (2, 0.5, 0.25), "translate": (3, 10, 20)}, {"scale": (2, 0.3, 0.3), "rotate": 30.0}],
    ids=["plain", "scaled", "rotated"],
)
@pytest.mark.parametrize("series", [False, True])
def test_a_recorded_region_is_drawn_where_it_was(series, place, widget, viewer, tmp_path):
    data = np.stack([make_stack(side=40)] * 3) if series else make_stack(side=40)
    more = {"scale": (5, *place["scale"])} if series and place else {}
    more |= {"translate": (7, *place["translate"])} if series and "translate" in place else {}
    viewer.add_layer(Image(data, name="stone", **place | more))
    widget.picker.axes.plane.value = data.ndim - 3
    viewer.dims.set_current_step(0, 2)
    widget.parameters_button.load(record(tmp_path, region=[[5, 31], [0, 40]]))
    layer = widget.region_form.layer.value
    assert rectangle_in(layer, widget.picker.stack(only_shown=True)) == (slice(5, 31), slice(0, 40))
    widget.parameters_button.load(tmp_path)
    assert sum(isinstance(other, Shapes) for other in viewer.layers) == 1
    widget.parameters_button.load(record(tmp_path))
    assert widget.region_form.layer.value is None
    assert layer in viewer.layers


def test_a_recorded_region_that_is_not_on_the_stack_is_not_drawn(widget, viewer, tmp_path):
    folder = record(tmp_path, region=[[5, 31], [0, 41]])
    widget.parameters_button.load(folder)
    assert "Open its stack and load again" in widget.parameters_button.note.text()
    add_stack(viewer, make_stack(side=40))
    widget.parameters_button.load(folder)
    assert "It is not on 'stone' of 40 x 40 px" in widget.parameters_button.note.text()
    assert len(viewer.layers) == 1


@pytest.mark.parametrize("preview", [False, True])
def test_the_command_line_solves_a_recorded_region_again(preview, widget, viewer, qtbot, tmp_path):
    np.save(tmp_path / "stone.npy", np.kron(make_stack(), np.ones((1, 6, 6), np.uint8)))
    add_stack(viewer, np.load(tmp_path / "stone.npy"), optics=ODD)
    widget.settings_form.fill(SETTINGS)
    viewer.add_layer(Shapes([np.array([[8, 3], [139, 140]])], shape_type="rectangle", name="part"))
    widget.region_form.layer.value = viewer.layers["part"]
    if preview:
        widget.preview_button.click()
        qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    else:
        run(qtbot, widget)
    saved = save_all(qtbot, widget, tmp_path)
    widget.region_form.layer.value = None
    widget.parameters_button.load(saved)
    assert rectangle_in(widget.region_form.layer.value, widget.picker.stack()) == (
        slice(8, 140),
        slice(3, 141),
    )
    words = "a preview (2 x 2 px joined) of a region" if preview else "a region"
    said = widget.parameters_button.note.text()
    assert f"of {words} (rows 8 to 139, columns 3 to 140). It is drawn and chosen." in said
    assert ("Press Preview for its numbers" in said) == preview
    command = ["solve", tmp_path / "stone.npy", "--parameters", saved, "-o", tmp_path / "again"]
    assert main([str(word) for word in command]) == 0
    assert_same_numbers(load_result(tmp_path / "again"), load_result(saved))
    one, other = (
        json.loads((place / "parameters.json").read_text()) for place in (saved, tmp_path / "again")
    )
    assert one["region"] == other["region"]
    assert one.get("binning") == other.get("binning")


def test_a_cancelled_run_says_so_in_its_files(widget, viewer, qtbot, tmp_path):
    add_stack(viewer)
    widget.settings_form.fill(ENDLESS)
    widget.panel.run_button.click()
    qtbot.waitUntil(lambda: any("depth" in layer.name for layer in viewer.layers), timeout=RUN_MS)
    widget.panel.cancel()
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=RUN_MS)
    assert CANCELLED in load_result(save_all(qtbot, widget, tmp_path)).notes


@pytest.mark.usefixtures("notifications")
def test_what_an_error_has_left_is_saved_and_loaded(widget, viewer, qtbot, patient_solver, tmp_path):
    patient_solver.error = ValueError("odd")
    patient_solver.release.set()
    add_stack(viewer)
    run(qtbot, widget)
    saved = load_result(save_all(qtbot, widget, tmp_path))
    layers = {layer.metadata["napari_defocus"].get("kind"): layer for layer in viewer.layers}
    np.testing.assert_array_equal(saved.depth, layers["depth"].data)
    np.testing.assert_allclose(saved.all_in_focus, layers["all-in-focus"].data, atol=1 / 255)
    assert saved.notes == (STOPPED,)
    assert not saved.confidence.any()
    assert load_parameters(next(tmp_path.iterdir()))[0] == LENS


def test_the_command_line_reads_the_parameters_of_the_window(widget, viewer, qtbot, tmp_path):
    np.save(tmp_path / "stone.npy", make_stack())
    add_stack(viewer, optics=ODD)
    widget.settings_form.fill(SETTINGS)
    run(qtbot, widget)
    (tmp_path / "window").mkdir()
    window = save_all(qtbot, widget, tmp_path / "window")
    command = ["solve", tmp_path / "stone.npy", "--parameters", window, "-o", tmp_path / "cli", "--quiet"]
    assert main([str(word) for word in command]) == 0
    assert_same_numbers(load_result(window), load_result(tmp_path / "cli"))


def test_an_edited_figure_counts_after_loading(widget, viewer, tmp_path):
    add_stack(viewer, optics=None)
    save_result(solve(make_stack(), ODD, SETTINGS), tmp_path / "first")
    widget.parameters_button.load(tmp_path / "first")
    widget.optics_form.forms["thin_lens"].f_number.value = "4"
    widget.settings_form.editors["epochs"].value = "3"
    assert widget.optics_form.optics(4).aperture_diameter == pytest.approx(0.05 / 4)
    assert widget.settings_form.settings().epochs == 3


def test_parameters_of_an_aligned_stack_say_so(widget, viewer, notifications, tmp_path):
    add_stack(viewer, optics=None)
    result = solve(make_stack(), ODD, SETTINGS)
    save_result(result, tmp_path / "plain")
    save_result(result, tmp_path / "moved", extra_parameters={"alignment": {"motion": "similarity"}})
    note = widget.parameters_button.note
    assert note.isHidden()
    widget.parameters_button.load(tmp_path / "plain" / "parameters.json")
    assert note.text() == "Loaded from plain/parameters.json."
    assert not note.isHidden()
    widget.parameters_button.load(tmp_path / "moved")
    assert note.text().startswith("Loaded from moved/parameters.json. Its planes were aligned first (motion")
    assert not notifications
    add_stack(viewer, name="another")
    widget.picker.layer.value = viewer.layers["another"]
    assert note.isHidden()  # its fields are filled in anew


def test_parameters_that_cannot_be_read_change_nothing(widget, viewer, notifications, tmp_path):
    add_stack(viewer)
    before = widget.optics_form.optics(4), widget.settings_form.settings()
    (tmp_path / "parameters.json").write_text('{"method": "focus"}')
    widget.parameters_button.load(tmp_path / "parameters.json")
    assert "depth from focus" in notifications[-1]
    assert (widget.optics_form.optics(4), widget.settings_form.settings()) == before


def test_buttons_wait_for_a_result(widget, viewer, qtbot, patient_solver):
    bar = widget.save_bar
    assert not bar.save_button.isEnabled()
    assert "press Run" in bar.mesh_button.toolTip()
    add_stack(viewer)
    patient_solver.release.set()
    run(qtbot, widget)
    assert bar.save_button.isEnabled()
    assert bar.mesh_button.isEnabled()


def test_a_deleted_layer_is_named(widget, viewer, qtbot, patient_solver, notifications, tmp_path):
    add_stack(viewer)
    patient_solver.release.set()
    run(qtbot, widget)
    viewer.layers.remove(next(layer for layer in viewer.layers if "confidence" in layer.name))
    widget.save_bar.save(tmp_path)
    assert "No confidence layer" in notifications[-1]
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_told(
    widget, viewer, qtbot, patient_solver, notifications, tmp_path
):
    add_stack(viewer)
    patient_solver.release.set()
    run(qtbot, widget)
    (tmp_path / "file").write_text("")
    widget.save_bar.save(tmp_path / "file")
    qtbot.waitUntil(lambda: widget.save_bar.save_button.isEnabled(), timeout=RUN_MS)
    assert "cannot be written" in notifications[-1] or "choose another" in notifications[-1]


@pytest.mark.parametrize("suffix", ["ply", "obj", "stl"])
def test_the_mesh_of_a_run_is_as_large_as_the_object(suffix, widget, viewer, qtbot, patient_solver, tmp_path):
    add_stack(viewer, optics=SCOPE)
    patient_solver.release.set()
    run(qtbot, widget)
    widget.save_bar.export(tmp_path / f"stone.{suffix}")
    qtbot.waitUntil(lambda: widget.save_bar.mesh_button.isEnabled(), timeout=RUN_MS)
    seen = trimesh.load(tmp_path / f"stone.{suffix}", process=False, force="mesh")
    np.testing.assert_allclose(seen.extents, [23 * 0.325, 23 * 0.325, 2.0], rtol=1e-6)


def test_settings_come_back_in_the_next_session(widget, viewer, qtbot, patient_solver):
    add_stack(viewer)
    widget.settings_form.editors["candidates"].value = "77"
    widget.settings_form.near.value, widget.settings_form.far.value = "1", "3"
    patient_solver.release.set()
    run(qtbot, widget)
    again = DefocusWidget(viewer)
    qtbot.addWidget(again)
    assert again.settings_form.settings().candidates == 77
    assert again.settings_form.settings().depth_range is None  # each stack's own
    assert not again.settings_form.last_button.isHidden()
    again.settings_form.last_button.click()
    assert again.settings_form.settings() == SolverSettings()
    assert again.settings_form.last_button.isHidden()


def test_another_default_preset_beats_what_was_remembered(widget, viewer, qtbot, patient_solver, monkeypatch):
    add_stack(viewer)
    widget.settings_form.editors["candidates"].value = "77"
    patient_solver.release.set()
    run(qtbot, widget)
    prefer(monkeypatch, default_preset="NYUv2 (paper)")
    again = DefocusWidget(viewer)
    qtbot.addWidget(again)
    assert again.settings_form.settings() == SolverSettings.nyuv2()


def test_a_preset_that_was_kept_under_its_former_name(viewer, qtbot, monkeypatch):
    settings = SolverSettings(candidates=77).to_dict()
    former = "Real photographs"
    memory.remember(TITLE, {"preset": former, "default_preset": former, "settings": settings})
    prefer(monkeypatch, default_preset=former)
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    assert widget.settings_form.preset.value == "Real stacks"
    assert widget.settings_form.settings().candidates == 77
    assert widget.settings_form.memory()["preset"] == "Real stacks"


@pytest.mark.parametrize("planes", [4, 5])
def test_optics_of_the_last_run_are_offered_and_not_taken_unasked(
    planes, widget, viewer, qtbot, patient_solver
):
    add_stack(viewer, optics=SCOPE)
    patient_solver.release.set()
    run(qtbot, widget)
    viewer.layers.clear()
    again = DefocusWidget(viewer)
    qtbot.addWidget(again)
    add_stack(viewer, make_stack(planes=planes), optics=None)
    form = again.optics_form
    assert form.optics(planes).kind == "uncalibrated"
    assert form.optics(planes).blur_scale == 1.0
    assert "Choose Microscope" in form.note.text()
    form.kind.value = "microscope"
    assert "those used last: check them" in form.note.text()
    assert form.forms["microscope"].numerical_aperture.number() == 0.4
    if planes == 4:
        assert form.optics(4) == SCOPE
    else:
        assert "Still missing: focus positions" in form.note.text()


def test_a_stack_with_optics_takes_nothing_of_the_last_run(widget, viewer, qtbot, patient_solver):
    add_stack(viewer, optics=SCOPE)
    patient_solver.release.set()
    run(qtbot, widget)
    again = DefocusWidget(viewer)
    qtbot.addWidget(again)
    again.picker.layer.value = add_stack(viewer, optics=LENS, name="other")
    assert again.optics_form.optics(4) == LENS
    assert "used last" not in again.optics_form.note.text()


def test_the_focus_widget_remembers_its_measure(viewer, qtbot):
    first = FocusWidget(viewer)
    qtbot.addWidget(first)
    add_stack(viewer)
    first.measure.value, first.window_side.value, first.median_side.value = "tenengrad", 9, 5
    run(qtbot, first)
    again = FocusWidget(viewer)
    qtbot.addWidget(again)
    assert (again.measure.value, again.window_side.value, again.median_side.value) == ("tenengrad", 9, 5)


def test_loaded_optics_are_offered_to_the_stack_that_is_opened_next(widget, viewer, tmp_path):
    save_result(solve(make_stack(), ODD, SETTINGS), tmp_path / "first")
    widget.parameters_button.load(tmp_path / "first")
    add_stack(viewer, optics=None)
    widget.optics_form.kind.value = "thin_lens"
    np.testing.assert_allclose(widget.optics_form.optics(4).focus_distances, ODD.focus_distances)
    assert widget.settings_form.settings() == load_parameters(tmp_path / "first")[1]


def test_a_result_of_depth_from_focus_is_saved_and_opened(viewer, qtbot, tmp_path):
    widget = FocusWidget(viewer)
    qtbot.addWidget(widget)
    add_stack(viewer)
    run(qtbot, widget)
    saved = save_all(qtbot, widget, tmp_path)
    assert "losses.csv" not in files(saved)
    depth = next(layer for layer in viewer.layers if "depth" in layer.name)
    layers = get_reader(str(saved / "parameters.json"))(str(saved / "parameters.json"))
    data, options, _ = layers[-1]
    np.testing.assert_array_equal(data, depth.data)
    assert "focus depth (m)" in options["name"]
    widget.save_bar.export(saved / "scene.ply")
    qtbot.waitUntil(lambda: widget.save_bar.mesh_button.isEnabled(), timeout=RUN_MS)
    assert b"x and y in pixels" in (saved / "scene.ply").read_bytes()[:200]


@pytest.mark.parametrize(
    "content", ["", "[]", '{"Depth from defocus": 3}', '{"Depth from defocus": {"preset": 1}}']
)
def test_a_broken_memory_is_no_memory(content, viewer, qtbot):
    memory._path().write_text(content)
    widget = DefocusWidget(viewer)
    qtbot.addWidget(widget)
    assert widget.settings_form.settings() == SolverSettings()
    memory.remember(TITLE, {"a": 1})
    assert memory.recall(TITLE) == {"a": 1}


def prefer(monkeypatch, **values):
    stored = {"threads": 0, "cache_folder": "", "default_preset": "Real stacks"} | values
    monkeypatch.setattr(preferences, "_stored", lambda: SimpleNamespace(**stored))


@pytest.mark.parametrize("deleted", [True, False])
def test_a_new_stack_gets_the_estimate_of_the_blur_back(
    deleted, widget, viewer, qtbot, patient_solver, tmp_path
):
    first = add_stack(viewer)
    save_result(solve(make_stack(), ODD, SETTINGS.replace(estimate_blur=False)), tmp_path / "first")
    box = widget.settings_form.editors["estimate_blur"]
    assert box.value is True
    widget.parameters_button.load(tmp_path / "first")
    assert box.value is False
    patient_solver.release.set()
    run(qtbot, widget)
    assert patient_solver.seen[2].estimate_blur is False
    if deleted:
        viewer.layers.remove(first)
    widget.picker.layer.value = add_stack(viewer, name="other")
    assert box.value is True
    again = DefocusWidget(viewer)  # another session
    qtbot.addWidget(again)
    assert again.settings_form.editors["estimate_blur"].value is True


def test_the_image_of_a_reopened_result_has_the_contrast_of_its_own(tmp_path):
    result = solve(make_stack(dtype="uint16"), LENS, SETTINGS)
    save_result(result, tmp_path / "saved", images_dtype=np.uint16)
    reopened, _, stack = read_saved(tmp_path / "saved")
    low, high = stack.image_limits(reopened.parameters)
    assert low == 0
    assert high == pytest.approx(reopened.all_in_focus.max(), rel=1e-3)
