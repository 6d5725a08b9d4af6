"""Thumbnails of layers that are hidden; napari draws one only when a layer is seen."""

import numpy as np
from napari.layers import Image, Layer

__all__ = ["has_thumbnail", "keep_thumbnail", "picture_hidden"]


def has_thumbnail(layer: Layer) -> bool:
    """Whether a thumbnail is more than black."""
    return bool(layer.thumbnail[..., :3].any())


def picture_hidden(layer: Image) -> None:
    """Give a hidden image the thumbnail that it would have if it was seen."""
    if layer.visible or has_thumbnail(layer):
        return
    seen = Image(
        layer.data,
        rgb=layer.rgb,
        colormap=layer.colormap,
        contrast_limits=layer.contrast_limits,
        gamma=layer.gamma,
    )
    keep_thumbnail(layer, seen.thumbnail)


def keep_thumbnail(layer: Layer, picture: np.ndarray) -> None:
    """Give a hidden layer a thumbnail that was drawn before, opaque."""
    if not layer.visible:
        layer.thumbnail = np.concatenate([picture[..., :3], np.full_like(picture[..., 3:], 255)], axis=2)
