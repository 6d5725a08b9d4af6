"""The first minute, and a run: preview, region, pause, cancel."""

from typing import Any

import numpy as np
from napari._qt.dialogs.preferences_dialog import PreferencesDialog
from qtpy.QtCore import Qt
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QComboBox, QSpinBox

from napari_defocus.plugin.defocus_widget import DefocusWidget
from napari_defocus.plugin.preferences import Preferences
from napari_defocus.plugin.preferences import preferences as stored
from session_steps.user import User

SAMPLE = "Focal stack of photographs"


def legends(user: User) -> list[str]:
    """Names of the layers whose colour bar is seen."""
    return [
        layer.name
        for layer in user.viewer.layers
        if layer.visible and getattr(layer, "colorbar", None) is not None and layer.colorbar.visible
    ]


def of_run(user: User, number: int) -> list[str]:
    """Names of the layers of a run; napari may have numbered a second truth of the sample."""
    names = [layer.name for layer in user.viewer.layers if layer.name.endswith(f"[{number}]")]
    return [name for name in names if " true " not in name]


def open_widget(user: User) -> DefocusWidget:
    """Plugins > Depth from defocus, with nothing open."""
    widget: DefocusWidget = user.open("Depth from defocus", DefocusWidget)
    assert "Open a focal stack first" in widget.panel.status.text()
    for button in (widget.panel.run_button, widget.preview_button, widget.save_bar.save_button):
        assert not button.isEnabled()
    user.look("empty")
    return widget


def open_sample(user: User, widget: DefocusWidget) -> None:
    """File > Open Sample."""
    user.menu("File", "Open Sample", "napari-defocus", SAMPLE)
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the sample")
    assert widget.optics_form.kind.value == "thin_lens"
    assert "Blur per plane step" in widget.optics_summary.figures.text()
    assert "Depth resolution" in widget.optics_summary.figures.text()
    assert not widget.optics_summary.warnings.text()
    assert user.viewer.layers.selection.active.name == "photograph"
    user.wait(lambda: not widget.preparation.busy, "what compiles ahead")
    user.look("optics")


def warning(user: User, widget: DefocusWidget) -> None:
    """A wrong figure is noticed before the run."""
    field = widget.optics_form.forms["thin_lens"].f_number.native
    user.type(field, "0.14")
    assert "⚠" in widget.optics_summary.warnings.text()
    user.look("warning")
    user.type(field, "1.4")
    assert not widget.optics_summary.warnings.text()


def preferences(user: User) -> None:
    """The page in File > Preferences: what is changed there holds."""
    dialog, page = open_preferences(user)
    (threads,) = page.findChildren(QSpinBox)
    (preset,) = page.findChildren(QComboBox)
    assert threads.value() == 0
    user.keys(threads, Qt.Key.Key_Up)
    user.choose(preset, "Simulated stack")
    user.look("preferences", at=dialog)
    user.press(dialog._button_ok)
    assert stored() == Preferences(threads=1, default_preset="Simulated stack")
    dialog, page = open_preferences(user)
    (threads,) = page.findChildren(QSpinBox)
    (preset,) = page.findChildren(QComboBox)
    assert (threads.value(), preset.currentText()) == (1, "Simulated stack")
    user.keys(threads, Qt.Key.Key_Down)
    user.choose(preset, "Real stacks")
    user.press(dialog._button_ok)
    assert stored() == Preferences()


def open_preferences(user: User) -> tuple[Any, Any]:
    """Return the dialog and our page in it."""
    user.menu("File", "Preferences")
    user.settle()
    dialog = user.window.findChildren(PreferencesDialog)[-1]
    (entry,) = dialog._list.findItems("napari-defocus", Qt.MatchFlag.MatchExactly)
    place = dialog._list.visualItemRect(entry).center()
    QTest.mouseClick(dialog._list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    return dialog, dialog._stack.currentWidget()


def preview(user: User, widget: DefocusWidget) -> None:
    """Fewer pixels first."""
    seconds = user.run(widget, widget.preview_button)
    print(f"preview: {seconds:.1f} s")
    assert "Done after" in widget.panel.status.text()
    assert len(of_run(user, 1)) == 4
    assert legends(user) == ["preview photograph depth (m) [1]"]
    assert user.viewer.layers.selection.active.name == "preview photograph depth (m) [1]"
    user.look("preview")


def region(user: User, widget: DefocusWidget) -> None:
    """A rectangle drawn with the mouse."""
    user.press(widget.region_form.draw_button)
    user.drag((60, 150), (210, 330))
    (rectangle,) = user.viewer.layers["photograph region"].data
    np.testing.assert_allclose(rectangle.min(axis=0)[-2:], (60, 150), atol=2)
    user.run(widget)
    depth = user.viewer.layers["region photograph depth (m) [2]"]
    np.testing.assert_allclose(depth.data.shape, (150, 180), atol=4)
    assert legends(user) == [depth.name]
    assert user.viewer.layers.selection.active is depth
    user.look("region")
    user.choose(widget.region_form.layer.native, "whole image")
    user.delete(*of_run(user, 1), *of_run(user, 2), "photograph region")
    assert legends(user) == []


def pause_and_cancel(user: User, widget: DefocusWidget) -> None:
    """Pause, Resume, Cancel: the best result so far stays."""
    panel = widget.panel
    user.press(panel.run_button)
    user.wait(lambda: widget.loss_chart.series, "the loss curve")
    assert not widget.picker.isEnabled()
    user.press(panel.pause_button)
    assert panel.status.text().startswith("Paused")
    assert panel.pause_button.text() == "Resume"
    user.look("paused")
    user.press(panel.pause_button)
    assert panel.status.text().startswith("Going on")
    user.press(panel.cancel_button)
    print(f"cancel: {user.wait(lambda: not panel.running, 'the answer to Cancel'):.2f} s")
    user.idle()
    assert "the best result so far is kept" in panel.status.text()
    assert len(of_run(user, 1)) == 4
    user.look("cancelled")


def full_run(user: User, widget: DefocusWidget) -> Any:
    """A whole run beside what the cancelled one left."""
    limits: list[Any] = []

    def follow(event: Any) -> None:
        if event.value.name.endswith("depth (m) [2]"):
            event.value.events.contrast_limits.connect(lambda: limits.append(event.value.contrast_limits))

    user.viewer.layers.events.inserted.connect(follow)
    seconds = user.run(widget)
    user.viewer.layers.events.inserted.disconnect(follow)
    print(f"run: {seconds:.1f} s, contrast limits changed {len(limits)} times")
    depth = user.viewer.layers["photograph depth (m) [2]"]
    assert legends(user) == [depth.name]
    assert user.viewer.layers.selection.active is depth
    assert np.isfinite(depth.data).all()
    assert len(limits) <= 1
    user.look("result")
    return depth


def cursor(user: User) -> None:
    """Depth, unit and plane under the cursor."""
    user.point((100, 200))
    text = user.viewer.window._status_bar._status.text() + str(user.viewer.status)
    assert "depth" in text, text
    assert " m, plane " in text, text
    user.look("status_bar")
