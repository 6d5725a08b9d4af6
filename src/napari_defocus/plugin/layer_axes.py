"""What the axes of a layer are likely to be, and which other layers share them."""

from typing import Any

import numpy as np
from napari.layers import Image

from napari_defocus.plugin.axis_roles import guess_channel_axis, guess_plane_axis
from napari_defocus.plugin.stack_source import METADATA_KEY, full_data, is_stack

__all__ = ["are_alike", "axis_guesses"]


def are_alike(layer: Any, other: Any) -> bool:
    """Whether another layer can be a channel of the same scene: a stack of its axes in its place."""
    if not is_stack(other) or other is layer:
        return False
    if other.ndim != layer.ndim or other.rgb or layer.rgb or full_data(other).shape != full_data(layer).shape:
        return False
    corners = [[0] * layer.ndim, full_data(layer).shape]
    return all(np.allclose(layer.data_to_world(corner), other.data_to_world(corner)) for corner in corners)


def axis_guesses(layer: Image) -> tuple[int | None, int | None, str]:
    """Return plane axis and channel axis, None where nothing tells, and what tells of the first."""
    shape = full_data(layer).shape[: layer.ndim]
    channel = guess_channel_axis(shape, layer.axis_labels, None)
    labels = ["c" if axis == channel else label for axis, label in enumerate(layer.axis_labels)]
    entry = layer.metadata.get(METADATA_KEY)
    plane, why = guess_plane_axis(shape, labels, _planes_told(entry if isinstance(entry, dict) else {}))
    return plane, channel, why


def _planes_told(entry: dict[str, Any]) -> int | None:
    """Number of planes as the optics or the metadata list them, None where they do not."""
    sources = [entry.get("optics"), entry.get("focal_stack")]
    for key in ("focus_distances", "focus_positions", "subject_distances"):
        for source in sources:
            listed = source.get(key) if isinstance(source, dict) else None
            if isinstance(listed, list | tuple) and len(listed) > 1:
                return len(listed)
    return None
