"""The depth map as a surface in 3-D with the all-in-focus image draped over it."""

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer, Surface
from numpy.typing import NDArray

from napari_defocus.io.pictures import as_picture
from napari_defocus.plugin.border_specks import border_specks
from napari_defocus.plugin.depth_layers import sibling
from napari_defocus.plugin.lengths import length_in
from napari_defocus.plugin.shown_map import shown_map
from napari_defocus.plugin.stack_source import METADATA_KEY

__all__ = ["HeightMesh", "SurfaceView", "height_mesh", "vertical_scale"]

LONGEST_SIDE = 512
"""Vertices along the longer side; software drawing takes a second a frame for twice as many."""

RELIEF = 0.3
"""Height of the relief in units of the longer side, where depth and pixels have no common unit."""

VIEW_DIRECTION = (-1.0, -0.6, 0.15)
"""From above and in front, a little from the left: height, row, column."""

_hidden: WeakKeyDictionary[Surface, list[Layer]] = WeakKeyDictionary()
"""What was hidden to show a surface: any view may have to bring it back, not only the one that did it."""


@dataclass(frozen=True)
class HeightMesh:
    """A textured height field.

    Attributes
    ----------
    vertices : ndarray, (V, 3), float32
        Height (unit of depth), row, column.
    faces : ndarray, (F, 3)
        Triangles; none touches a pixel without depth, or a few at the border that are torn off.
    texcoords : ndarray, (V, 2), float32
        Where each vertex lies in the texture; rows count from its bottom.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int64]
    texcoords: NDArray[np.float32]


def height_mesh(height: NDArray[np.floating[Any]], longest_side: int = LONGEST_SIDE) -> HeightMesh:
    """Return the mesh of a height map, thinned by striding so that no side has more vertices.

    Parameters
    ----------
    height : ndarray, (Y, X)
        Height of each pixel; NaN where there is none.
    longest_side : int
        Most vertices along either side.
    """
    stride = max(1, -(-max(height.shape) // longest_side))
    rows, columns = (_strided(length, stride) for length in height.shape)
    z = height[np.ix_(rows, columns)].astype(np.float32)
    valid = np.isfinite(z) & ~border_specks(z)
    y, x = np.meshgrid(rows, columns, indexing="ij")
    z = np.where(valid, z, z[valid].mean() if valid.any() else 0.0)  # NaN would break the layer's extent
    index = np.arange(z.size).reshape(z.shape)
    corners = index[:-1, :-1], index[:-1, 1:], index[1:, :-1], index[1:, 1:]
    upper, lower = np.stack(corners[:3], -1), np.stack((corners[1], corners[3], corners[2]), -1)
    faces = np.concatenate((upper.reshape(-1, 3), lower.reshape(-1, 3)))
    texcoords = np.stack(((x + 0.5) / height.shape[1], 1 - (y + 0.5) / height.shape[0]), -1)
    return HeightMesh(
        vertices=np.stack((z, y, x), -1).reshape(-1, 3).astype(np.float32),
        faces=faces[valid.ravel()[faces].all(1)],
        texcoords=texcoords.reshape(-1, 2).astype(np.float32),
    )


def vertical_scale(relief: float, sides: tuple[float, float], true_scale: float | None) -> float:
    """Return the factor from depth to the viewer's units along the height.

    The true one where depth and pixels have a common unit and the relief can be seen in it; else the one
    that makes the relief a good part of the longer side.

    Parameters
    ----------
    relief : float
        Range of the depth.
    sides : (float, float)
        Sides of the map in the viewer's units.
    true_scale : float or None
        Viewer's units in one unit of depth, if there is such a thing.
    """
    if not relief > 0:
        return true_scale or 1.0
    if true_scale is not None and 0.03 <= relief * true_scale / max(sides) <= 1.0:
        return true_scale
    return RELIEF * max(sides) / relief


class SurfaceView:
    """Shows one run's depth in 3-D, and brings the former view back.

    Parameters
    ----------
    viewer : ViewerModel
        The viewer.
    """

    def __init__(self, viewer: ViewerModel) -> None:
        self._viewer = viewer
        self._surface: Surface | None = None
        self._true_scale = 1.0  # of the height axis

    @property
    def shown(self) -> bool:
        """Whether a surface of ours is what the viewer shows."""
        surface = self._surface
        there = surface is not None and surface in self._viewer.layers and surface.visible
        return there and self._viewer.dims.ndisplay == 3

    @property
    def left(self) -> bool:
        """Whether the user has gone back to 2-D, or deleted the surface, without :meth:`leave`."""
        surface = self._surface
        return surface is not None and (self._viewer.dims.ndisplay == 2 or surface not in self._viewer.layers)

    @property
    def exaggeration(self) -> float | None:
        """How many times too high the surface is, or than at first where no height is true."""
        return None if self._surface is None else float(self._surface.scale[0]) / self._true_scale

    def exaggerate(self, times: float) -> None:
        """Make the surface so many times higher than it is, or than it was at first."""
        surface = self._surface
        if surface is None:
            return
        surface.scale = (times * self._true_scale, *surface.scale[1:])
        entry = surface.metadata[METADATA_KEY]
        if entry["vertical_exaggeration"] is not None:
            entry["vertical_exaggeration"] = times

    def show(self, depth: Image, *, near_is_small: bool) -> Surface:
        """Add the surface of a depth layer, hide the other layers and switch to 3-D.

        Parameters
        ----------
        depth : Image
            Depth layer of a run.
        near_is_small : bool
            Whether a small depth is near and so has to be up.
        """
        for other in [layer for layer in self._viewer.layers if layer in _hidden]:
            _bring_back(other)
        self.leave()
        former = sibling(self._viewer, depth, "surface")
        if former is not None:
            self._viewer.layers.remove(former)
        surface = _surface_layer(*self._maps(depth), near_is_small)
        _hidden[surface] = [layer for layer in self._viewer.layers if layer.visible]
        for layer in _hidden[surface]:
            layer.visible = False
        self._viewer.dims.ndisplay = 3
        self._viewer.add_layer(surface)
        self._viewer.layers.selection.active = depth  # picking in an active surface takes seconds
        self._viewer.reset_view()
        self._viewer.scene.camera.zoom *= 0.78  # turned, the map needs more room
        self._viewer.scene.camera.set_view_direction(VIEW_DIRECTION, up_direction=(1.0, 0.0, 0.0))
        self._surface = surface
        exaggeration = surface.metadata[METADATA_KEY]["vertical_exaggeration"]
        self._true_scale = float(surface.scale[0]) / (1.0 if exaggeration is None else exaggeration)
        return surface

    def _maps(self, depth: Image) -> tuple[Image, Layer | None]:
        """Depth and all-in-focus image that the viewer shows: those of one stack of many."""
        point = self._viewer.dims.point
        aif = sibling(self._viewer, depth, "all-in-focus")
        return shown_map(depth, point), None if aif is None else shown_map(aif, point)

    def leave(self) -> None:
        """Go back to 2-D: the surface goes, what was hidden is shown again.

        Hidden it would leave its axis of heights to the sliders, in place of that of the planes.
        """
        surface, self._surface = self._surface, None
        if surface is None:
            return
        _bring_back(surface)
        self._viewer.dims.ndisplay = 2
        if surface in self._viewer.layers:
            self._viewer.layers.remove(surface)
        self._viewer.reset_view()


def _bring_back(surface: Surface) -> None:
    """Hide a surface, and show again what was hidden for it."""
    surface.visible = False
    for layer in _hidden.pop(surface, []):
        layer.visible = True


def _surface_layer(depth: Image, aif: Layer | None, near_is_small: bool) -> Surface:
    values = np.asarray(depth.data, np.float32)
    finite = values[np.isfinite(values)]
    low, high = (float(value) for value in np.percentile(finite, (0.5, 99.5))) if finite.size else (0.0, 0.0)
    sides = (values.shape[0] * abs(depth.scale[0]), values.shape[1] * abs(depth.scale[1]))
    entry = depth.metadata[METADATA_KEY]
    true_scale = length_in(entry["unit"], depth.units[0])
    factor = vertical_scale(high - low, sides, true_scale)
    mesh = height_mesh(high - values if near_is_small else values - low)
    texture = None if aif is None else as_picture(aif.data)
    exaggeration = None if true_scale is None else factor / true_scale
    return Surface(
        (mesh.vertices, mesh.faces, np.ones(len(mesh.vertices), np.float32)),
        texture=texture,
        texcoords=None if texture is None else mesh.texcoords,
        name=depth.name.replace("depth", "surface"),
        shading="none" if texture is not None else "smooth",
        colormap="gray",
        contrast_limits=(0.0, 1.0),
        scale=(factor, *depth.scale),
        translate=(0.0, *depth.translate),
        rotate=_with_height(depth.rotate),
        affine=_with_height(depth.affine.affine_matrix),
        units=(depth.units[0], *depth.units),
        axis_labels=("height", *depth.axis_labels),
        metadata={METADATA_KEY: {**entry, "kind": "surface", "vertical_exaggeration": exaggeration}},
    )


def _with_height(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix of rows and columns that leaves a height axis before them alone."""
    larger = np.eye(len(matrix) + 1)
    larger[1:, 1:] = matrix
    return larger


def _strided(length: int, stride: int) -> NDArray[np.int64]:
    """Return every so manieth index, and the last one."""
    indices = np.arange(0, length, stride)
    return indices if indices[-1] == length - 1 else np.append(indices, length - 1)
