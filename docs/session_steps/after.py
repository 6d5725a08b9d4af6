"""After a run: outliers, profile, roughness, steps, tilt, 3-D."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
from qtpy.QtCore import Qt

from napari_defocus.plugin.measure_widget import MeasureWidget
from session_steps.before_and_during import legends
from session_steps.user import User

SAMPLE = "Focal stack from a microscope"


def start_afresh(user: User, widget: Any) -> None:
    """All layers deleted: nothing of them stays in the widget."""
    user.delete(*(layer.name for layer in user.viewer.layers))
    assert not user.viewer.layers
    assert widget.panel.bar.value() == 0
    assert "Open a focal stack first" in widget.panel.status.text()
    assert widget.optics_form.kind.value == "uncalibrated"


def outliers(user: User) -> MeasureWidget:
    """The threshold shows what would be replaced; deleting the new layer undoes it."""
    widget: MeasureWidget = user.open("Measure depths", MeasureWidget)
    depth = user.viewer.layers.selection.active
    panel = widget.outliers
    slider = panel.threshold.native.findChildren(type(panel.threshold._widget._qwidget))
    user.keys((slider or [panel.threshold.native])[0], Qt.Key.Key_Right, 60)
    assert panel.shown.value
    assert "would be replaced" in panel.status.text()
    assert "would be replaced" in user.viewer.layers
    user.look("outliers")
    user.press(panel.button)
    user.wait(lambda: panel.status.text().startswith("Added"), "the new depth map")
    user.idle()
    derived = f"{depth.name} outliers replaced"
    assert legends(user) == [derived]
    assert "would be replaced" not in user.viewer.layers
    user.look("replaced")
    user.delete(derived)
    assert depth.visible
    assert legends(user) == [depth.name]
    return widget


def microscope(user: User, widget: Any) -> Any:
    """The other sample: heights in micrometres."""
    user.menu("File", "Open Sample", "napari-defocus", SAMPLE)
    user.wait(lambda: widget.panel.run_button.isEnabled(), "the sample")
    assert widget.optics_form.kind.value == "microscope"
    print(f"microscope: {user.run(widget):.1f} s")
    depth = user.viewer.layers["microscope depth (um) [1]"]
    user.look("microscope")
    return depth


def profile(user: User, widget: MeasureWidget, depth: Any, place: Path) -> None:
    """A line drawn with the mouse, and its profile in a file."""
    user.tab(widget.tabs, "Profile")
    user.press(widget.profile.draw_button)
    y, x = (size * np.array(depth.data.shape)[axis] for axis, size in enumerate(depth.scale))
    user.drag((0.3 * y, 0.1 * x), (0.3 * y, 0.9 * x))
    user.wait(lambda: widget.profile.profiles, "the profile")
    assert "um" in widget.profile.status.text()
    (line,) = widget.profile.profiles.values()
    np.testing.assert_allclose(line.distance[-1], 0.8 * x, rtol=0.02)
    user.look("profile")
    path = place / "profile.csv"
    with user.answering("getSaveFileName", path):
        user.press(widget.profile.save_button)
    assert widget.profile.status.text() == f"Saved profile.csv in {place}"
    with path.open(newline="") as file:
        head, *rows = csv.reader(file)
    np.testing.assert_allclose(float(rows[-1][head.index("distance (um)")]), line.distance[-1], rtol=1e-5)
    np.testing.assert_allclose([float(row[head.index("depth (um)")]) for row in rows], line.depth, rtol=1e-5)
    user.look("profile_saved", at=widget)
    user.viewer.layers["profile lines"].visible = False


def regions(user: User, widget: MeasureWidget, depth: Any) -> None:
    """Two rectangles: roughness of each, and the step between them."""
    user.tab(widget.tabs, "Regions")
    y, x = (size * np.array(depth.data.shape)[axis] for axis, size in enumerate(depth.scale))
    for top, left in ((0.55, 0.08), (0.85, 0.55)):
        user.press(widget.regions.draw_button)
        user.drag((top * y, left * x), ((top + 0.07) * y, (left + 0.12) * x))
        user.wait(lambda: not widget.regions.busy, "the figures")
    user.wait(lambda: len(widget.regions.figures) == 2, "two regions")
    assert "Step: region 2 is" in widget.regions.status.text()
    assert " um " in widget.regions.status.text()
    user.look("regions")
    user.viewer.layers["regions"].visible = False


def tilt_and_surface(user: User, widget: MeasureWidget, depth: Any) -> None:
    """Tilt off, then 3-D with the heights exaggerated, and back."""
    user.tab(widget.tabs, "Tilt, 3-D")
    user.press(widget.tilt.button)
    user.wait(widget.tilt.button.isEnabled, "the plane")
    user.idle()
    levelled = user.viewer.layers[f"{depth.name} levelled"]
    assert np.median(np.abs(np.diff(np.median(levelled.data, axis=1)))) < 1
    before = [(layer.name, layer.visible) for layer in user.viewer.layers]
    button = widget.tilt.surface_button
    user.press(button.button)
    user.wait(lambda: user.viewer.dims.ndisplay == 3, "3-D")
    user.type(button.height_field.lineEdit(), "2")
    user.turn(90, -40)
    surface = user.viewer.layers[-1]
    assert type(surface).__name__ == "Surface"
    user.look("surface")
    user.press(button.button)
    assert user.viewer.dims.ndisplay == 2
    assert [(layer.name, layer.visible) for layer in user.viewer.layers] == before
