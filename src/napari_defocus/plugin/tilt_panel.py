"""Depth map without its tilt, and in 3-D."""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from magicgui.widgets import CheckBox
from napari.components import ViewerModel
from napari.layers import Image
from numpy.typing import NDArray
from qtpy.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from napari_defocus.measurement import Plane, fit_plane, remove_tilt
from napari_defocus.plugin.depth_layers import (
    length_unit_of,
    pixel_size_of,
    unit_of,
)
from napari_defocus.plugin.depth_limits import robust_limits
from napari_defocus.plugin.drawn_shapes import region_of
from napari_defocus.plugin.form import Form
from napari_defocus.plugin.latest import Latest
from napari_defocus.plugin.legend import show_in_place
from napari_defocus.plugin.lengths import amount_in_words, length_in
from napari_defocus.plugin.region_panel import RegionPanel
from napari_defocus.plugin.run_panel import report
from napari_defocus.plugin.shown_depth import ShownDepth
from napari_defocus.plugin.surface_button import SurfaceButton

__all__ = ["TiltPanel", "levelled"]


def levelled(
    depth: Any,
    pixel_size: tuple[float, float],
    outlines: Sequence[NDArray[np.float64]],
    replaced: Any | None,
) -> tuple[NDArray[np.float32], Plane]:
    """Return a map without its tilt, and the plane that was found.

    Parameters
    ----------
    depth : array, (Y, X)
        Depth.
    pixel_size : (float, float)
        Size of a pixel along y and x.
    outlines : sequence of ndarray, (K, 2)
        Regions that decide on the plane; where there are none, all pixels do but those replaced.
    replaced : array, (Y, X), or None
        Not 0 where a depth was guessed from its neighbours.
    """
    values = np.asarray(depth, np.float32)
    region = None
    if outlines:
        region = np.any([region_of(outline, values.shape) for outline in outlines], axis=0)
    elif replaced is not None:
        kept = np.asarray(replaced) == 0
        region = kept if kept.any() else None
    plane = fit_plane(values, pixel_size=pixel_size, region=region)
    return remove_tilt(values, plane), plane


class TiltPanel(QWidget):
    """Removes the tilt of a depth map into a new layer, and shows depth maps in 3-D.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    regions : RegionPanel
        Where regions to level by are drawn.
    """

    def __init__(self, viewer: ViewerModel, regions: RegionPanel) -> None:
        super().__init__()
        self._viewer, self._regions = viewer, regions
        self._depth: ShownDepth | None = None
        self._made_of: ShownDepth | None = None
        self._work = Latest(self)
        self.by_regions = CheckBox(
            label="By regions only",
            value=False,
            tooltip="Only the regions drawn under Regions decide on the plane, such as the ground of a part.",
        )
        self.button = QPushButton("Remove tilt")
        self.button.setToolTip(
            "Fits a plane that leaves out steps and outliers, and makes a new depth layer without its slope. "
            "The layer that is there stays; delete the new one to undo."
        )
        self.status = QLabel()
        self.status.setWordWrap(True)
        self.surface_button = SurfaceButton(viewer, chosen=self._chosen)
        layout = QVBoxLayout(self)
        layout.addWidget(Form([self.by_regions]))
        layout.addWidget(self.button)
        layout.addWidget(self.status)
        layout.addWidget(self.surface_button)
        layout.addStretch(1)
        self.button.clicked.connect(self.level)
        self._work.found.connect(self._on_levelled)
        self._work.failed.connect(self._on_error)

    def set_depth(self, depth: ShownDepth | None) -> None:
        """Work on another depth map."""
        self._depth = depth
        self.button.setEnabled(depth is not None and not self._work.busy)
        self.surface_button.refresh()

    def stop(self) -> None:
        """Add no layer any more."""
        self._depth = None
        self._work.drop()

    def level(self) -> None:
        """Make a new depth layer without the tilt, in another thread."""
        depth = self._depth
        if depth is None:
            return
        outlines = list(self._regions.outlines().values()) if self.by_regions.value else []
        if self.by_regions.value and not outlines:
            self.status.setText("Draw a region first, under Regions.")
            return
        outliers = depth.beside(self._viewer, "outliers")
        replaced = None if outliers is None else outliers.data
        self._made_of = depth
        self.button.setEnabled(False)
        self.status.setText("Fitting a plane ...")
        self._work.want(partial(levelled, depth.map.data, pixel_size_of(depth.map), outlines, replaced))

    def _chosen(self) -> Image | None:
        return None if self._depth is None else self._depth.layer

    def _on_levelled(self, found: tuple[NDArray[np.float32], Plane]) -> None:
        values, plane = found
        depth = self._made_of
        if depth is None or depth.layer not in self._viewer.layers:
            self.set_depth(self._depth)
            return
        tilt = {"slope_y": plane.slope_y, "slope_x": plane.slope_x, "pixel_size": list(plane.pixel_size)}
        layer = depth.derived(values, "levelled", levelled=tilt)
        layer.contrast_limits = robust_limits(values, depth.layer.contrast_limits)
        show_in_place(self._viewer, depth.layer, layer)
        self.button.setEnabled(True)
        self.status.setText(f"{_told(plane, depth.map)}\nAdded {layer.name!r}; delete it to undo.")

    def _on_error(self, error: Exception) -> None:
        self.button.setEnabled(True)
        self.status.setText(str(error))
        report(error)


def _told(plane: Plane, depth: Image) -> str:
    unit, length_unit = unit_of(depth), length_unit_of(depth)
    rises = (
        f"{_up_or_down(slope * size * (length - 1), unit)} {where}"
        for slope, size, length, where in (
            (plane.slope_x, plane.pixel_size[1], depth.data.shape[1], "from left to right"),
            (plane.slope_y, plane.pixel_size[0], depth.data.shape[0], "from top to bottom"),
        )
    )
    text = f"The plane goes {', '.join(rises)}"
    factor = length_in(unit, length_unit)
    if factor is not None:
        angle = np.degrees(np.arctan(np.hypot(plane.slope_y, plane.slope_x) * factor))
        text += f": a tilt of {angle:.2f}°"
    return f"{text}. {plane.share:.0%} of the pixels lie in it."


def _up_or_down(rise: float, unit: str) -> str:
    return f"{'up' if rise > 0 else 'down'} by {amount_in_words(f'{abs(rise):.3g}', unit)}"
