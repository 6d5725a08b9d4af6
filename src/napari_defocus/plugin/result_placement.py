"""Where the results of a stack lie: on the stack, whatever the order of its axes.

napari lays a layer of fewer axes over the *last* axes of the viewer. So the results keep each axis of the
stack from the first one that they have on. Along those that they have not (planes, channels) they are one
slab as thick as the stack.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.layers import Image
from numpy.typing import NDArray

from napari_defocus.plugin.axis_roles import AxisRoles

__all__ = ["ResultPlacement", "result_placement"]


@dataclass(frozen=True)
class ResultPlacement:
    """Axes of the results and how they lie.

    Attributes
    ----------
    axes : tuple of int
        Axes of the stack's layer that the results have; the last ones.
    shape : tuple of int
        Lengths of the results along them.
    run_over : tuple of int
        Those of the layer's axes along which each step is a stack of its own.
    spatial : (int, int)
        Those that are rows and columns.
    options : dict
        Keyword arguments of a layer with these axes.
    """

    axes: tuple[int, ...]
    shape: tuple[int, ...]
    run_over: tuple[int, ...]
    spatial: tuple[int, int]
    options: dict[str, Any]

    @property
    def spatial_places(self) -> tuple[int, int]:
        """Where rows and columns are among the axes of the maps."""
        rows, columns = self.spatial
        return self.axes.index(rows), self.axes.index(columns)

    @property
    def plain(self) -> bool:
        """Whether the results are images of rows and columns and nothing else."""
        return self.axes == self.spatial

    def slot(self, index: tuple[int, ...]) -> tuple[int | slice, ...]:
        """Return where the image of one of the stacks goes in an array of the results."""
        steps = dict(zip(self.run_over, index, strict=True))
        return tuple(slice(None) if axis in self.spatial else steps.get(axis, 0) for axis in self.axes)


def result_placement(
    layer: Image, shape: tuple[int, ...], roles: AxisRoles, only: dict[int, int]
) -> ResultPlacement:
    """Return where the results of a layer go.

    Parameters
    ----------
    layer : napari.layers.Image
        The stack.
    shape : tuple of int
        Lengths of its axes at full size, without that of RGB.
    roles : AxisRoles
        What its axes are.
    only : dict
        Of the axes of other stacks, those along which only this step is run.
    """
    spatial = roles.rows, roles.columns
    run_over = tuple(axis for axis in roles.others if axis not in only)
    thickness, shift = np.ones(layer.ndim), np.zeros(layer.ndim)
    for axis in range(layer.ndim):
        if axis in only:
            shift[axis] = only[axis]
        elif axis not in spatial and axis not in run_over:
            thickness[axis], shift[axis] = shape[axis], (shape[axis] - 1) / 2
    start = min((*spatial, *run_over, *only))
    if _mixes(layer, start):
        start = 0
    axes = tuple(range(start, layer.ndim))
    whole = (*spatial, *run_over)
    return ResultPlacement(
        axes=axes,
        shape=tuple(shape[axis] if axis in whole else 1 for axis in axes),
        run_over=run_over,
        spatial=spatial,
        options=_options(layer, list(axes), thickness, shift),
    )


def _options(
    layer: Image, axes: list[int], thickness: NDArray[np.float64], shift: NDArray[np.float64]
) -> dict[str, Any]:
    """Keyword arguments of a layer of some axes whose steps are thicker, and which begins further on."""
    scale, shear = np.asarray(layer.scale) * thickness, shear_matrix(layer)
    translate = np.asarray(layer.translate) + _linear(layer) @ shift
    return {
        "scale": tuple(scale[axes]),
        "translate": tuple(translate[axes]),
        "rotate": np.asarray(layer.rotate)[np.ix_(axes, axes)],
        "shear": shear[np.ix_(axes, axes)],
        "affine": layer.affine.set_slice(axes).affine_matrix,
        "units": tuple(layer.units[axis] for axis in axes),
        "axis_labels": tuple(layer.axis_labels[axis] for axis in axes),
    }


def shear_matrix(layer: Image) -> NDArray[np.float64]:
    """Return the shear of a layer as a matrix; napari may give its upper triangle only."""
    if np.ndim(layer.shear) != 1:
        return np.asarray(layer.shear)
    shear = np.eye(layer.ndim)
    shear[np.triu_indices(layer.ndim, 1)] = layer.shear
    return shear


def _linear(layer: Image) -> NDArray[np.float64]:
    """Matrix from data to the coordinates that the layer's affine takes."""
    return np.asarray(layer.rotate) @ shear_matrix(layer) @ np.diag(layer.scale)


def _mixes(layer: Image, start: int) -> bool:
    """Whether the layer is turned or sheared so that axes before `start` and from there on mix."""
    matrix = layer.affine.linear_matrix @ _linear(layer)
    return bool(np.any(matrix[:start, start:]) or np.any(matrix[start:, :start]))
