"""The depth map that is measured: a depth layer, or of a series the map that the viewer shows."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image, Layer
from numpy.typing import NDArray

from napari_defocus.plugin.depth_layers import derived_depth_layer, entry_of, sibling
from napari_defocus.plugin.shown_map import map_axes, shown_map, shown_steps
from napari_defocus.plugin.stack_part import moved
from napari_defocus.plugin.stack_source import METADATA_KEY, placement

__all__ = ["ShownDepth", "can_be_measured"]


def can_be_measured(layer: Image) -> bool:
    """Whether shapes of two axes lie on the maps of a depth layer: napari takes them for the last two."""
    return map_axes(layer) == (layer.ndim - 2, layer.ndim - 1)


@dataclass(frozen=True, eq=False)
class ShownDepth:
    """One map of a depth layer.

    Attributes
    ----------
    layer : Image
        The depth layer, as it is in the viewer.
    point : tuple of float
        Where the viewer's sliders stand.
    map : Image
        Rows and columns: the layer itself, or of a series a new layer for use outside of the viewer.
    """

    layer: Image
    point: tuple[float, ...]
    map: Image

    @classmethod
    def of(cls, layer: Image, point: tuple[float, ...]) -> "ShownDepth":
        """Return what the viewer shows of a depth layer."""
        shown = shown_map(layer, point)
        assert isinstance(shown, Image)  # as the layer is
        return cls(layer, point, shown)

    @property
    def steps(self) -> dict[int, int]:
        """Step along each other axis of the layer."""
        return {} if self.layer is self.map else shown_steps(self.layer, self.point)

    @property
    def of_many(self) -> bool:
        """Whether the layer holds other maps."""
        return bool(np.prod([self.layer.data.shape[axis] for axis in self.steps]) > 1)

    @property
    def stack(self) -> tuple[str, dict[str, Any]] | None:
        """Name of the stack of the map, and what the layer tells of it; None where it has no result."""
        for name, stack in entry_of(self.layer).get("stacks", {}).items():
            if all(stack["slot"][axis] == step for axis, step in self.steps.items()):
                return name, stack
        return None

    def beside(self, viewer: ViewerModel, kind: str) -> Layer | None:
        """Return the map of another kind of the same run and stack, None when its layer was deleted."""
        layer = sibling(viewer, self.layer, kind)
        return None if layer is None else shown_map(layer, self.point)

    def derived(self, values: NDArray[np.float32], done: str, **entry: Any) -> Image:
        """Return a new depth layer in the place of the map, which is shown where the map is.

        Parameters
        ----------
        values, done, **entry
            As for :func:`derived_depth_layer`.
        """
        flat = derived_depth_layer(self.map, values, done, **entry)
        if self.layer is self.map:
            return flat
        axes = list(range(self.layer.ndim))
        metadata = entry_of(flat)
        stack = self.stack
        if stack is not None:
            name, told = stack
            metadata["stacks"] = {name: {**told, "slot": [*[0] * (len(axes) - 2), None, None]}}
        return Image(
            values.reshape(*[1] * (len(axes) - 2), *values.shape),
            name=flat.name if stack is None or not self.of_many else f"{flat.name}, {stack[0]}",
            rgb=False,
            colormap=flat.colormap,
            contrast_limits=flat.contrast_limits,
            metadata={METADATA_KEY: metadata},
            **moved(placement(self.layer, axes), list(self.steps), tuple(self.steps.values())),
        )
