"""Compiled kernels that blur a tile of a channel at every node of the basis, and their adjoint.

Inner loops run over rows taken out as views: with signed indices into more axes the compiler has to allow for
negative ones, and vectorises nothing (ten times slower, measured).
"""

from napari_defocus.optics.compiling import compiled


@compiled
def blur_row(row, kernel, radius, out):
    """Correlate a row, longer by `radius` at either end, with a kernel given by its right half."""
    reach = len(out)
    weight = kernel[0]
    middle = row[radius : radius + reach]
    for x in range(reach):
        out[x] = weight * middle[x]
    k = 1
    while k + 1 <= radius:  # two at a time: the output is read and written half as often
        near, far = kernel[k], kernel[k + 1]
        left1 = row[radius - k : radius - k + reach]
        right1 = row[radius + k : radius + k + reach]
        left2 = row[radius - k - 1 : radius - k - 1 + reach]
        right2 = row[radius + k + 1 : radius + k + 1 + reach]
        for x in range(reach):
            out[x] += near * (left1[x] + right1[x]) + far * (left2[x] + right2[x])
        k += 2
    if k == radius:
        weight = kernel[k]
        left1 = row[radius - k : radius - k + reach]
        right1 = row[radius + k : radius + k + reach]
        for x in range(reach):
            out[x] += weight * (left1[x] + right1[x])


@compiled
def blur_column(padded, source, first, kernel, radius, out):
    """Correlate columns around row `source` of a channel with a kernel, from column `first` on."""
    reach = len(out)
    row = padded[source, first : first + reach]
    weight = kernel[0]
    for x in range(reach):
        out[x] = weight * row[x]
    k = 1
    while k + 1 <= radius:
        near, far = kernel[k], kernel[k + 1]
        above1 = padded[source - k, first : first + reach]
        below1 = padded[source + k, first : first + reach]
        above2 = padded[source - k - 1, first : first + reach]
        below2 = padded[source + k + 1, first : first + reach]
        for x in range(reach):
            out[x] += near * (above1[x] + below1[x]) + far * (above2[x] + below2[x])
        k += 2
    if k == radius:
        weight = kernel[k]
        above1 = padded[source - k, first : first + reach]
        below1 = padded[source + k, first : first + reach]
        for x in range(reach):
            out[x] += weight * (above1[x] + below1[x])


@compiled
def blur_tile(padded, halo, kernels, radii, y0, x0, scratch, bank):
    """Blur the tile at (y0, x0) of a channel at every node.

    `padded` is the whole channel with `halo` pixels added on every side, `bank` (order, height, width),
    `scratch` see :func:`scratch_shape`.
    """
    order, height, width = bank.shape
    for node in range(order):
        radius = radii[node]
        first = x0 + halo - radius
        column = scratch[0, : width + 2 * radius]
        for y in range(height):
            blur_column(padded, y0 + y + halo, first, kernels[node], radius, column)
            blur_row(column, kernels[node], radius, bank[node, y])


@compiled
def spread_tile(bank, halo, kernels, radii, scratch, out):
    """Add the adjoint of :func:`blur_tile` of a bank to `out`, (height + 2 halo, width + 2 halo)."""
    order, height, width = bank.shape
    for node in range(order):
        radius = radii[node]
        first = halo - radius
        reach = width + 2 * radius
        framed = scratch[0, : reach + 2 * radius]  # a row of the bank between zeros
        framed[:] = 0.0
        for y in range(height):
            row = bank[node, y]
            for x in range(width):
                framed[2 * radius + x] = row[x]
            blur_row(framed, kernels[node], radius, scratch[1 + y, :reach])
        for y in range(-radius, height + radius):
            target = out[halo + y, first : first + reach]
            source = max(0, y - radius)
            last = min(height - 1, y + radius)
            while source + 3 <= last:  # four at a time: the target is read and written a quarter as often
                w0 = kernels[node, abs(y - source)]
                w1 = kernels[node, abs(y - source - 1)]
                w2 = kernels[node, abs(y - source - 2)]
                w3 = kernels[node, abs(y - source - 3)]
                r0 = scratch[1 + source, :reach]
                r1 = scratch[2 + source, :reach]
                r2 = scratch[3 + source, :reach]
                r3 = scratch[4 + source, :reach]
                for x in range(reach):
                    target[x] += w0 * r0[x] + w1 * r1[x] + w2 * r2[x] + w3 * r3[x]
                source += 4
            while source <= last:
                w0 = kernels[node, abs(y - source)]
                r0 = scratch[1 + source, :reach]
                for x in range(reach):
                    target[x] += w0 * r0[x]
                source += 1


def scratch_shape(height: int, width: int, halo: int, order: int) -> tuple[int, int]:
    """Shape of the float32 scratch array that the kernels need for a tile."""
    return max(height + 1, order), width + 4 * halo


@compiled
def transform_tile(bank, matrix, scratch):
    """Multiply the bank of each pixel by a matrix (order, order), in place."""
    order, height, width = bank.shape
    for y in range(height):
        for j in range(order):
            source, target = bank[j, y], scratch[j, :width]
            for x in range(width):
                target[x] = source[x]
        for k in range(order):
            combine_row(scratch, matrix[k], bank[k, y])


@compiled
def combine_row(rows, weights, out):
    """Sum of weighted rows, as many as there are weights."""
    count = len(weights)
    width = len(out)
    w0 = weights[0]
    r0 = rows[0, :width]
    for x in range(width):
        out[x] = w0 * r0[x]
    j = 1
    while j + 3 < count:
        w0, w1, w2, w3 = weights[j], weights[j + 1], weights[j + 2], weights[j + 3]
        r0, r1, r2, r3 = rows[j, :width], rows[j + 1, :width], rows[j + 2, :width], rows[j + 3, :width]
        for x in range(width):
            out[x] += w0 * r0[x] + w1 * r1[x] + w2 * r2[x] + w3 * r3[x]
        j += 4
    while j < count:
        w0 = weights[j]
        r0 = rows[j, :width]
        for x in range(width):
            out[x] += w0 * r0[x]
        j += 1
