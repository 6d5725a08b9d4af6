"""Texture look-up (compiled): bilinear, going on beyond the image's border."""

from math import floor

from napari_defocus.simulation.compiling import inlined
from napari_defocus.simulation.packing import (
    CHANNELS,
    MIRRORED,
    TEXELS_PER_LENGTH,
    TEXTURE_COLUMNS,
    TEXTURE_ROWS,
    TEXTURE_START,
)


@inlined
def texel_channel(p, t, texels, i, a, b, channel):  # type: ignore[no-untyped-def]
    """Value of one channel of surface `i`'s texture at lengths (a, b) from the texture's middle."""
    rows, columns, mirrored = t[i, TEXTURE_ROWS], t[i, TEXTURE_COLUMNS], t[i, MIRRORED]
    density = p[i, TEXELS_PER_LENGTH]
    x = a * density + 0.5 * (columns - 1)
    y = b * density + 0.5 * (rows - 1)
    left, top = floor(x), floor(y)
    x, y = x - left, y - top
    left_in, right_in = _wrap(int(left), columns, mirrored), _wrap(int(left) + 1, columns, mirrored)
    top_in, bottom_in = _wrap(int(top), rows, mirrored), _wrap(int(top) + 1, rows, mirrored)
    width = t[i, CHANNELS] + 1
    start = t[i, TEXTURE_START] + channel
    upper = start + top_in * columns * width
    lower = start + bottom_in * columns * width
    c = texels
    return (1 - y) * ((1 - x) * c[upper + left_in * width] + x * c[upper + right_in * width]) + y * (
        (1 - x) * c[lower + left_in * width] + x * c[lower + right_in * width]
    )


@inlined
def texel_alpha(p, t, texels, i, a, b):  # type: ignore[no-untyped-def]
    """Opacity of surface `i` at lengths (a, b) from its texture's middle."""
    return texel_channel(p, t, texels, i, a, b, t[i, CHANNELS])


@inlined
def _wrap(index, size, mirrored):  # type: ignore[no-untyped-def]
    if 0 <= index < size:
        return index
    if not mirrored:
        return index % size
    index %= 2 * size
    return index if index < size else 2 * size - 1 - index
