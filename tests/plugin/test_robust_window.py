"""What may happen in the middle of a run, in the real window with napari's own checks for leaks."""

import gc
import threading
import weakref

import numpy as np
import pytest
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QApplication
from superqt.utils import WorkerBase
from tiny_stacks import LENS, add_stack, make_stack

pytestmark = pytest.mark.window

WAIT_MS = 120_000
DEFOCUS, FOCUS, ALIGN = "Depth from defocus", "Depth from focus", "Align focal stack"


@pytest.fixture
def viewer(make_napari_viewer):
    return make_napari_viewer(show=True, strict_qt=True)


@pytest.fixture(autouse=True)
def silent_console(capfd, caplog):
    """Nothing is printed but napari's copy of notifications, and nothing is logged as a warning."""
    yield
    out, err = capfd.readouterr()
    lines = [line for line in (out + err).splitlines() if not line.startswith(("INFO: ", "ERROR: "))]
    assert lines == []
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


def dock(viewer, title):
    return viewer.window.add_plugin_dock_widget("napari-defocus", title)[1]


def press(qtbot, button):
    assert button.isEnabled()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def series(dtype="uint8"):
    stack = make_stack(dtype=dtype)
    return np.stack([stack, stack[:, ::-1], stack[:, :, ::-1]])


def add(viewer, kind="stack"):
    if kind == "stack":
        return add_stack(viewer)
    return add_stack(viewer, series(), axis_labels=("t", "z", "y", "x"))


def names(viewer):
    return [layer.name for layer in viewer.layers]


def results(viewer, number=1):
    return [name for name in names(viewer) if name.endswith(f"[{number}]")]


def ended(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.panel.running, timeout=WAIT_MS)
    nothing_runs(qtbot)


def nothing_runs(qtbot):
    qtbot.waitUntil(lambda: not WorkerBase._worker_set, timeout=WAIT_MS)
    assert [thread.name for thread in threading.enumerate() if "defocus" in thread.name] == []


def begin(viewer, qtbot, widget, count):
    """Press Run and wait until some layers of the run are there."""
    press(qtbot, widget.panel.run_button)
    qtbot.waitUntil(
        lambda: len(viewer.layers) >= count and not (count > 1 and widget._turns._steps),
        timeout=WAIT_MS,
    )


def state(layer):
    """What the user would see if it changed."""
    return {
        "data": np.asarray(layer.data).tobytes(),
        "metadata": repr(layer.metadata),
        "transform": layer._transforms.simplified.affine_matrix.tolist(),
        **{
            name: repr(getattr(layer, name, None))
            for name in ("name", "visible", "opacity", "blending", "contrast_limits", "units", "axis_labels")
        },
        "colormap": layer.colormap.name,
    }


def change_settings(viewer, widget):
    widget.settings_form.editors["epochs"].value = "1"
    widget.optics_form.kind.value = "microscope"
    widget.optics_form.blur.blur_scale.value = "0.9"


HAPPENINGS = {
    "stack deleted": lambda viewer, widget: viewer.layers.remove("stone"),
    "stack renamed": lambda viewer, widget: setattr(viewer.layers["stone"], "name", "pebble"),
    "stack hidden": lambda viewer, widget: setattr(viewer.layers["stone"], "visible", False),
    "depth deleted": lambda viewer, widget: viewer.layers.remove("stone depth (m) [1]"),
    "depth renamed": lambda viewer, widget: setattr(viewer.layers["stone depth (m) [1]"], "name", "mine"),
    "everything deleted": lambda viewer, widget: viewer.layers.clear(),
    "settings changed": change_settings,
    "another stack added": lambda viewer, widget: add_stack(viewer, name="other"),
    "sliders moved": lambda viewer, widget: viewer.dims.set_current_step(0, 0),
    "turned to 3-D": lambda viewer, widget: setattr(viewer.dims, "ndisplay", 3),
    "axes swapped": lambda viewer, widget: viewer.dims.transpose(),
}


@pytest.mark.parametrize(
    ("case", "kind"),
    [
        *((case, "stack") for case in HAPPENINGS),
        *((case, "series") for case in ("stack deleted", "depth deleted", "everything deleted")),
    ],
)
def test_in_the_middle_of_a_run(viewer, qtbot, patient_solver, case, kind):
    widget = dock(viewer, DEFOCUS)
    add(viewer, kind)
    begin(viewer, qtbot, widget, 3)
    HAPPENINGS[case](viewer, widget)
    patient_solver.release.set()
    ended(qtbot, widget)
    assert widget.panel.status.text().startswith("Done")
    expected = 4 if case != "depth renamed" else 3
    assert len(results(viewer)) == expected
    optics, settings = patient_solver.seen[1:]
    assert (optics.kind, optics.blur_scale) == (LENS.kind, LENS.blur_scale)
    assert settings.epochs != 1


@pytest.mark.parametrize("kind", ["stack", "series"])
@pytest.mark.parametrize("count", [1, 3])
def test_viewer_closed_in_the_middle_of_a_run(viewer, qtbot, patient_solver, kind, count):
    widget = dock(viewer, DEFOCUS)
    add(viewer, kind)
    begin(viewer, qtbot, widget, count)
    remains = weakref.ref(widget)
    del widget
    viewer.close()
    nothing_runs(qtbot)
    qtbot.waitUntil(lambda: gc.collect() >= 0 and remains() is None, timeout=WAIT_MS)


@pytest.mark.parametrize("kind", ["stack", "series"])
def test_second_run_from_another_widget(viewer, qtbot, patient_solver, kind):
    """The first one waits; the second is run by the real solver meanwhile."""
    first, second = dock(viewer, DEFOCUS), dock(viewer, FOCUS)
    add(viewer, kind)
    second.unit.value = "plane"
    begin(viewer, qtbot, first, 3)
    press(qtbot, second.panel.run_button)
    qtbot.waitUntil(lambda: not second.panel.running, timeout=WAIT_MS)
    assert first.panel.running
    patient_solver.release.set()
    ended(qtbot, first)
    assert len(results(viewer, 1)) == len(results(viewer, 2)) == 4
    assert len(names(viewer)) == len(set(names(viewer))) == 9


def test_two_real_solvers_and_an_alignment_at_once(viewer, qtbot):
    titles = (DEFOCUS, FOCUS, ALIGN)
    widgets = [dock(viewer, title) for title in titles]
    add_stack(viewer, make_stack(side=96))
    widgets[0].settings_form.editors["epochs"].value = "1"
    for widget in widgets:
        press(qtbot, widget.panel.run_button)
    for widget in widgets:
        qtbot.waitUntil(lambda widget=widget: not widget.panel.running, timeout=WAIT_MS)
    nothing_runs(qtbot)
    assert len(results(viewer, 1)) == len(results(viewer, 2)) == 4
    assert len(names(viewer)) == len(set(names(viewer)))


@pytest.mark.parametrize("kind", ["stack", "series"])
def test_run_twice_changes_nothing_that_was_there(viewer, qtbot, patient_solver, kind):
    patient_solver.release.set()
    widget = dock(viewer, DEFOCUS)
    viewer.add_image(np.arange(64.0).reshape(8, 8), name="mine", colormap="red", opacity=0.5, scale=(3, 3))
    add(viewer, kind)
    for _ in range(20):
        QApplication.processEvents()  # the window is laid out
    for run in (1, 2):
        before = {layer: state(layer) for layer in viewer.layers}
        dims = viewer.dims.model_dump(exclude={"last_used"})
        camera = viewer.scene.camera.model_dump()
        press(qtbot, widget.panel.run_button)
        ended(qtbot, widget)
        assert len(viewer.layers) == 2 + 4 * run
        assert {layer: state(layer) for layer in before} == before
        assert viewer.dims.model_dump(exclude={"last_used"}) == dims
        assert viewer.scene.camera.model_dump() == camera


def with_nan():
    data = make_stack(dtype="float32")
    data[1, 3, 4] = np.nan
    return data


BAD_STACKS = {
    "NaN": (with_nan, "Plane 1 of the stack holds NaN"),
    "one plane": (lambda: make_stack()[:1], "one plane along its plane axis"),
    "wrong plane count": (lambda: make_stack(6), "The stack has 6 planes but"),
    "narrow": (lambda: make_stack()[:, :, :5], "at least 8 a side"),
    "black": (lambda: np.zeros((4, 24, 24), np.float32), "The stack is black"),
}


@pytest.mark.parametrize("case", list(BAD_STACKS))
@pytest.mark.parametrize("title", [DEFOCUS, FOCUS])
def test_bad_stack(viewer, qtbot, notifications, case, title):
    make, message = BAD_STACKS[case]
    widget = dock(viewer, title)
    stack = add_stack(viewer, make(), contrast_limits=(0, 1))
    before = state(stack)
    press(qtbot, widget.panel.run_button)
    ended(qtbot, widget)
    assert list(viewer.layers) == [stack]
    assert state(stack) == before
    assert len(notifications) == 1
    assert message in notifications[0]
    assert widget.panel.run_button.isEnabled()


@pytest.mark.parametrize("title", [DEFOCUS, FOCUS])
def test_constant_stack_ends_with_what_can_be_said(viewer, qtbot, title):
    widget = dock(viewer, title)
    add_stack(viewer, np.full((4, 24, 24), 100, np.uint8))
    press(qtbot, widget.panel.run_button)
    ended(qtbot, widget)
    assert widget.panel.status.text().startswith("Done")
    (depth,) = (layer for layer in viewer.layers if "depth" in layer.name)
    (confidence,) = (layer for layer in viewer.layers if "confidence" in layer.name)
    assert np.isfinite(depth.data).all()
    assert confidence.data.max() < 0.5
