"""A time series with two channels: preview, run, saving."""

from pathlib import Path
from typing import Any

import numpy as np
from make_screenshots import fluorescence

from napari_defocus.plugin.measure_widget import MeasureWidget
from session_steps.user import User


def series(user: User, widget: Any) -> None:
    """Three times, two channels: the preview is of the time that is shown."""
    user.viewer.add_image(
        fluorescence(),
        name="cells",
        axis_labels=("t", "c", "z", "y", "x"),
        units=("s", "dimensionless", "um", "um", "um"),
        scale=(60, 1, 2, 0.5, 0.5),
        rgb=False,
    )
    axes = widget.picker.axes
    assert "2 channels" in axes.note.text()
    assert "stacks: 3 (t)" in axes.note.text()
    user.choose(axes.focus.native, "channel 0")
    user.viewer.dims.set_current_step(0, 2)
    user.run(widget, widget.preview_button)
    assert "only t 2, the one shown" in widget.panel.status.text()
    user.look("series_preview")
    user.delete(*(layer.name for layer in user.viewer.layers if layer.name.endswith("[1]")))


def whole_series(user: User, widget: Any) -> None:
    """All of them with one progress."""
    user.press(widget.panel.run_button)
    user.wait(lambda: "stack 2 of 3" in widget.panel.status.text().lower(), "the second stack")
    user.look("series_running")
    user.wait(lambda: not widget.panel.running, "the series")
    user.idle()
    assert "3 of 3 stacks" in widget.panel.status.text()
    depth = next(layer for layer in user.viewer.layers if " depth " in layer.name)
    assert np.isfinite(depth.data).all()
    user.viewer.layers.selection.active = depth
    user.look("series_done")


def measure_series(user: User, widget: MeasureWidget) -> None:
    """Measure depths takes the time that is shown, and follows the slider."""
    user.tab(widget.tabs, "Profile")
    user.press(widget.profile.draw_button)
    user.drag((10, 10), (60, 70))
    user.wait(lambda: widget.profile.profiles, "the profile")
    assert widget.status.text().startswith("Measured: t 2")
    before = widget.profile.profiles[1].depth
    user.viewer.dims.set_current_step(0, 0)
    assert widget.status.text().startswith("Measured: t 0")
    assert not np.array_equal(before, widget.profile.profiles[1].depth)
    user.look("series_measured", at=widget)
    user.delete("profile lines")


def save_series(user: User, widget: Any, folder: Path) -> None:
    """A folder for each time, with the image of the other channel."""
    with user.answering("getExistingDirectory", folder):
        user.press(widget.save_bar.save_button)
    user.wait(widget.save_bar.save_button.isEnabled, "the files")
    user.idle()
    (saved,) = folder.iterdir()
    assert sorted(path.name for path in saved.iterdir()) == ["t_0", "t_1", "t_2"]
    for path in saved.iterdir():
        assert [image.name for image in (path / "channels").iterdir()] == ["channel_1.png"]
