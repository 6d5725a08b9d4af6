"""Depth along a drawn line."""

from pathlib import Path

import numpy as np
from magicgui.widgets import SpinBox
from napari.components import ViewerModel
from qtpy.QtWidgets import QFileDialog, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from napari_defocus.errors import InputError
from napari_defocus.measurement import Profile, depth_profile, write_profile
from napari_defocus.plugin.chart import Chart, Series
from napari_defocus.plugin.depth_layers import (
    grows_towards_lens,
    length_unit_of,
    pixel_size_of,
    unit_of,
)
from napari_defocus.plugin.drawn_shapes import COLORS, LINES, DrawnShapes, line_in
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.lengths import amount_in_words, depth_in_words
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.shown_depth import ShownDepth

__all__ = ["ProfilePanel"]

HINT = "Press Draw line and drag a line over the depth map."


class ProfilePanel(QWidget):
    """Depth over distance along the lines of a Shapes layer, followed while they are drawn and moved.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        super().__init__()
        self._viewer = viewer
        self._depth: ShownDepth | None = None
        self.lines = DrawnShapes(viewer, LINES, "profile lines", "add_line", self)
        self.profiles: dict[int, Profile] = {}  # by the numbers of the lines
        self.draw_button = QPushButton("Draw line")
        self.draw_button.setToolTip(
            "Makes a Shapes layer and takes its line tool: drag over the depth map. Later, move a line or "
            "its ends with the tools of that layer; select lines there to see only these."
        )
        self.save_button = QPushButton("Save CSV...")
        self.save_button.setToolTip("Distance, depth, row and column along each line that is shown.")
        self.width_field = SpinBox(
            label="Width (px)",
            value=1,
            min=1,
            max=999,
            step=2,
            tooltip="The mean over so many parallel lines is taken: calmer where the depth is noisy.",
        )
        self.title = QLabel()
        self.chart = Chart(HINT, from_zero=False)
        self.status = QLabel()
        self.status.setWordWrap(True)
        buttons = QHBoxLayout()
        buttons.addWidget(self.draw_button)
        buttons.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.addLayout(buttons)
        layout.addWidget(Form([self.width_field]))
        layout.addWidget(self.title)
        layout.addWidget(self.chart, 1)
        layout.addWidget(self.status)
        self.draw_button.clicked.connect(self.draw)
        self.save_button.clicked.connect(self._on_save)
        self.width_field.changed.connect(self.refresh)
        self.lines.changed.connect(self.refresh)
        self.refresh()

    def set_depth(self, depth: ShownDepth | None) -> None:
        """Work on another depth map."""
        self._depth = depth
        self.draw_button.setEnabled(depth is not None)
        self.refresh()

    def stop(self) -> None:
        """Follow the lines no more."""
        self._depth = None
        self.lines.stop()

    def draw(self) -> None:
        """Take the line tool."""
        if self._depth is not None:
            self.lines.draw(self._depth.map)

    def refresh(self) -> None:
        """Show the profiles of the lines as they are now."""
        depth, shapes = self._depth, self.lines.layer
        self.profiles = {}
        if depth is not None and shapes is not None:
            for index in self.lines.chosen():
                try:
                    line = line_in(shapes, index, depth.map)
                    pixel_size, width = pixel_size_of(depth.map), self.width_field.value
                    profile = depth_profile(depth.map.data, line, pixel_size=pixel_size, width=width)
                except InputError:  # a line that was only just begun
                    continue
                self.profiles[index + 1] = profile
        self.save_button.setEnabled(bool(self.profiles))
        self._show()

    def save(self, path: Path) -> None:
        """Write the profiles that are shown as a CSV."""
        if self._depth is None or not self.profiles:
            return
        units = {"unit": unit_of(self._depth.map), "length_unit": length_unit_of(self._depth.map)}
        try:
            write_profile(path, self.profiles, **units)
        except OSError as error:
            report(InputError(f"{path} cannot be written ({error.strerror}); choose another place."))
            return
        self.status.setText(f"Saved {path.name} in {path.parent}")

    def _on_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(self, "Save profile", "profile.csv", "CSV (*.csv)")
        if name:
            path = Path(name)
            self.save(path if path.suffix else path.with_suffix(".csv"))

    def _show(self) -> None:
        depth = self._depth
        if depth is None or not self.profiles:
            self.title.setText("")
            self.chart.show_series([])
            self.status.setText("")
            return
        unit, length_unit = unit_of(depth.map), length_unit_of(depth.map)
        series = [
            Series("curve", profile.distance, profile.depth, _color(number))
            for number, profile in self.profiles.items()
        ]
        name = "Height" if grows_towards_lens(self._viewer, depth.map) else "Depth"
        self.title.setText(f"{name} ({unit}) along the line")
        self.chart.show_series(series, f"distance along the line ({length_unit})")
        told = (
            f'<b style="color: {_color(number)}">{number}</b>&nbsp; {_told(profile, unit, length_unit)}'
            for number, profile in self.profiles.items()
        )
        self.status.setText("<br>".join(told))


def _color(number: int) -> str:
    return COLORS[(number - 1) % len(COLORS)]


def _told(profile: Profile, unit: str, length_unit: str) -> str:
    text = f"Length {profile.distance[-1]:.4g} {length_unit}"
    known = profile.depth[np.isfinite(profile.depth)]
    if not known.size:
        return f"{text}; no depth on it."
    ends = depth_in_words(unit, known.min(), known.max())
    return f"{text}; {ends}, range {amount_in_words(f'{np.ptp(known):.3g}', unit)}."
