"""Compiled kernels on one tile of the image; all release the GIL.

A tile holds, for each channel, a *bank*: the all-in-focus image blurred at every level. The blur of a pixel
lies between two levels, so its prediction in a plane is a mixture of two entries of the bank.

Inner loops run over rows taken out as views, or over flat unsigned indices: with signed indices the compiler
has to allow for negative ones, and vectorises nothing (ten times slower, measured).
"""

from typing import Any

import numpy as np
from numba import njit

from napari_defocus.optics.blur_levels import TABLE_STEP

PER_STEP = np.float32(1 / TABLE_STEP)
ONE = np.uint32(1)

# Nothing is allocated here: without numba's run-time (nrt) arrays that are passed on are not counted, and
# counting the shared ones keeps threads waiting for each other.
options: dict[str, Any] = {
    "nogil": True,
    "fastmath": True,
    "cache": True,
    "error_model": "numpy",
    "_nrt": False,
}
compiled = njit(**options)
# For loops without sums, where fast mathematics only makes results depend on which version of a loop runs.
compiled_exactly = njit(**{**options, "fastmath": False})


@compiled
def add_row(out, weight, row):
    """Add a weighted row."""
    for x in range(len(out)):
        out[x] += weight * row[x]


@compiled
def blur_row(row, kernel, radius, out):
    """Correlate a row, longer by `radius` at either end, with a kernel given by its right half."""
    reach = len(out)
    weight = kernel[0]
    middle = row[radius : radius + reach]
    for x in range(reach):
        out[x] = weight * middle[x]
    for k in range(1, radius + 1):
        weight = kernel[k]
        left = row[radius - k : radius - k + reach]
        right = row[radius + k : radius + k + reach]
        for x in range(reach):
            out[x] += weight * (left[x] + right[x])


@compiled
def blur_tile(padded, halo, kernels, radii, y0, x0, scratch, bank):
    """Blur the tile at (y0, x0) of a channel at every level.

    `padded` is the whole channel with `halo` pixels added on every side, `bank` (levels, height, width),
    `scratch` see :func:`scratch_shape`.
    """
    levels, height, width = bank.shape
    for level in range(levels):
        radius = radii[level]
        first = x0 + halo - radius
        reach = width + 2 * radius
        column = scratch[0, :reach]
        for y in range(height):
            source = y0 + y + halo
            row = padded[source, first : first + reach]
            weight = kernels[level, 0]
            for x in range(reach):
                column[x] = weight * row[x]
            for k in range(1, radius + 1):
                weight = kernels[level, k]
                above = padded[source - k, first : first + reach]
                below = padded[source + k, first : first + reach]
                for x in range(reach):
                    column[x] += weight * (above[x] + below[x])
            blur_row(column, kernels[level], radius, bank[level, y])


@compiled
def spread_tile(bank, halo, kernels, radii, scratch, out):
    """Add the adjoint of :func:`blur_tile` of a bank to `out`, (height + 2 halo, width + 2 halo)."""
    levels, height, width = bank.shape
    for level in range(levels):
        radius = radii[level]
        first = halo - radius
        reach = width + 2 * radius
        framed = scratch[0, : reach + 2 * radius]  # a row of the bank between zeros
        framed[:] = 0.0
        for y in range(height):
            row = bank[level, y]
            for x in range(width):
                framed[2 * radius + x] = row[x]
            blur_row(framed, kernels[level], radius, scratch[1 + y, :reach])
        for y in range(-radius, height + radius):
            target = out[halo + y, first : first + reach]
            source = max(0, y - radius)
            last = min(height - 1, y + radius)
            while source + 3 <= last:  # four at a time: the target is read and written a quarter as often
                w0 = kernels[level, abs(y - source)]
                w1 = kernels[level, abs(y - source - 1)]
                w2 = kernels[level, abs(y - source - 2)]
                w3 = kernels[level, abs(y - source - 3)]
                r0 = scratch[1 + source, :reach]
                r1 = scratch[2 + source, :reach]
                r2 = scratch[3 + source, :reach]
                r3 = scratch[4 + source, :reach]
                for x in range(reach):
                    target[x] += w0 * r0[x] + w1 * r1[x] + w2 * r2[x] + w3 * r3[x]
                source += 4
            while source <= last:
                add_row(target, kernels[level, abs(y - source)], scratch[1 + source, :reach])
                source += 1


def scratch_shape(height: int, width: int, halo: int) -> tuple[int, int]:
    """Shape of the float32 scratch array that the kernels need for a tile."""
    return height + 1, width + 4 * halo


@compiled
def level_row(coordinate, slope, center, table, offset, size, entry, weight):
    """Where a row of pixels stands in a flat bank in one plane, and the mixture weight of the level above.

    `coordinate` are the blur coordinates of the row, `offset` its place within a level, `size` the pixels of
    a level; `entry` (uint32) and `weight` are written.
    """
    last = np.float32(len(table) - 1.001)
    for x in range(len(coordinate)):
        position = min(slope * abs(coordinate[x] - center) * PER_STEP, last)
        i = np.uint32(position)
        level = table[i] + (position - np.float32(i)) * (table[i + ONE] - table[i])
        below = np.uint32(level)
        weight[x] = level - np.float32(below)
        entry[x] = below * size + offset + np.uint32(x)


@compiled
def mix_row(bank, size, entry, weight, out):
    """Mix the entries of a flat bank for a row of pixels."""
    for x in range(len(out)):
        near = bank[entry[x]]
        out[x] = near + weight[x] * (bank[entry[x] + size] - near)


@compiled
def unmix_row(row, size, entry, weight, bank):
    """Adjoint of :func:`mix_row`: add a row to the entries of a flat bank."""
    for x in range(len(row)):
        far = weight[x] * row[x]
        bank[entry[x]] += row[x] - far
        bank[entry[x] + size] += far


@compiled
def forward_tile(
    padded,
    coordinate,
    slopes,
    centers,
    table,
    kernels,
    radii,
    halo,
    y0,
    x0,
    bank,
    entry,
    weight,
    scratch,
    out,
):
    """Predict a tile of every plane, into `out` (planes, channels, height, width)."""
    planes, channels, height, width = out.shape
    flat = bank.reshape(bank.size)
    size = np.uint32(height * width)
    for c in range(channels):
        blur_tile(padded[c], halo, kernels, radii, y0, x0, scratch, bank)
        for f in range(planes):
            for y in range(height):
                row = coordinate[y0 + y, x0 : x0 + width]
                level_row(row, slopes[f], centers[f], table, np.uint32(y * width), size, entry, weight)
                mix_row(flat, size, entry, weight, out[f, c, y])


@compiled
def adjoint_tile(
    residual,
    coordinate,
    slopes,
    centers,
    table,
    kernels,
    radii,
    halo,
    y0,
    x0,
    bank,
    entry,
    weight,
    scratch,
    out,
):
    """Adjoint of :func:`forward_tile`: `residual` (planes, channels, Y, X), whole image, to `out`.

    `out` is (channels, height + 2 halo, width + 2 halo), the tile with its halo, and is added to.
    """
    planes, channels = residual.shape[:2]
    height = out.shape[1] - 2 * halo
    width = out.shape[2] - 2 * halo
    flat = bank.reshape(bank.size)
    size = np.uint32(height * width)
    for c in range(channels):
        bank[:] = 0.0
        for f in range(planes):
            for y in range(height):
                row = coordinate[y0 + y, x0 : x0 + width]
                level_row(row, slopes[f], centers[f], table, np.uint32(y * width), size, entry, weight)
                unmix_row(residual[f, c, y0 + y, x0 : x0 + width], size, entry, weight, flat)
        spread_tile(bank, halo, kernels, radii, scratch, out[c])


@compiled
def gradient_tile(
    padded,
    stack,
    scale,
    coordinate,
    slopes,
    centers,
    table,
    kernels,
    radii,
    halo,
    y0,
    x0,
    banks,
    backs,
    entry,
    weight,
    scratch,
    out,
):
    """Residual of a tile and, unless `backs` is empty, its adjoint, without storing the residual.

    `stack` (planes, channels, Y, X) holds the observed planes in their own type; `scale` brings them to
    [0, 1], and 0 leaves them out (the operator's normal matrix). `banks` and `backs` are scratch, (channels,
    levels, height, width). Returns the sum of squared residuals.
    """
    planes, channels = stack.shape[:2]
    levels, height, width = banks.shape[1:]
    adjoint = len(backs) > 0
    flat = banks.reshape((channels, levels * height * width))
    flat_back = backs.reshape((len(backs), levels * height * width))
    size = np.uint32(height * width)
    residual = scratch[0, :width]
    backs[:] = 0.0
    total = 0.0
    for c in range(channels):
        blur_tile(padded[c], halo, kernels, radii, y0, x0, scratch, banks[c])
    for f in range(planes):
        for y in range(height):
            row = coordinate[y0 + y, x0 : x0 + width]
            level_row(row, slopes[f], centers[f], table, np.uint32(y * width), size, entry, weight)
            for c in range(channels):
                mix_row(flat[c], size, entry, weight, residual)
                observed = stack[f, c, y0 + y, x0 : x0 + width]
                squares = np.float32(0.0)
                for x in range(width):
                    residual[x] -= scale * np.float32(observed[x])
                    squares += residual[x] * residual[x]
                total += squares
                if adjoint:
                    unmix_row(residual, size, entry, weight, flat_back[c])
    for c in range(len(backs)):
        spread_tile(backs[c], halo, kernels, radii, scratch, out[c])
    return total
