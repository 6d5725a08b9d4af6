"""Compiled kernels on one tile of the image; all release the GIL.

A tile holds, for each channel, a *bank* (order, height, width): first the all-in-focus image blurred at every
node of the :class:`BlurBasis`, then, transformed in place, the coefficients ``Y_k`` of the Chebyshev
polynomials. The prediction of a pixel whose blur has the position t is ``sum_k T_k(t) Y_k``: no look-ups, so
that whole rows are computed in vector registers.

Inner loops run over rows taken out as views: with signed indices into more axes the compiler has to allow for
negative ones, and vectorises nothing (ten times slower, measured).
"""

from typing import Any

import numpy as np
from numba import njit

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

TWO = np.float32(2.0)
ONE = np.float32(1.0)


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


@compiled
def basis_row(coordinate, slope, center, law, basis):
    """Weights of the polynomials 1, 2, ... in the kernels of a row of pixels in one plane.

    For a Gaussian they are the Chebyshev polynomials of its blur position, for a sum of Gaussians the sum of
    theirs (the weight of polynomial 0 is 1 for both).

    `coordinate` are the blur coordinates of the row, `law` see :meth:`BlurOperator.plane_arguments`; `basis`
    see :func:`basis_rows`.
    """
    width = len(coordinate)
    order = (len(basis) - 2) // 2
    position_row(coordinate, slope, center, law, law[9], law[10], basis[order + 1], basis[1])
    polynomial_rows(law[9], basis[order + 1], basis, 0, order)
    if len(law) > 11:
        second = order + 2
        position_row(coordinate, slope, center, law, law[11], law[12], basis[order + 1], basis[second + 1])
        polynomial_rows(law[11], basis[order + 1], basis, second, order)
        for k in range(1, order):
            one, two = basis[k], basis[second + k]
            for x in range(width):
                one[x] += two[x]


def basis_rows(order: int) -> int:
    """Rows of the array that :func:`basis_row` needs: weights, one spare, positions, and a second set."""
    return 2 * order + 2


@compiled
def position_row(coordinate, slope, center, law, weight, width2, position, first):
    """Position of one Gaussian's blur for a row of pixels, and the weighted first polynomial."""
    blur_scale2, in_focus2, low, high = law[0] * width2, law[1], law[2], law[3]
    scale, alpha, beta = law[4], law[5], law[6]
    if law[7] > 0:
        for x in range(len(coordinate)):
            radius = slope * (coordinate[x] - center)
            variance = min(max(blur_scale2 * radius * radius + in_focus2, low), high)
            position[x] = alpha - beta / (np.sqrt(variance) + scale)
            first[x] = weight * position[x]
    else:
        for x in range(len(coordinate)):
            radius = slope * (coordinate[x] - center)
            variance = min(max(blur_scale2 * radius * radius + in_focus2, low), high)
            position[x] = alpha - beta / (variance + scale)
            first[x] = weight * position[x]


@compiled
def polynomial_rows(weight, position, basis, start, order):
    """Weighted Chebyshev polynomials from 2 on, by their recurrence, into the rows from `start` on."""
    for k in range(2, order):
        one, two, target = basis[start + k - 1], basis[start + k - 2], basis[start + k]
        if k == 2:
            for x in range(len(position)):
                target[x] = TWO * position[x] * one[x] - weight
        else:
            for x in range(len(position)):
                target[x] = TWO * position[x] * one[x] - two[x]


@compiled
def trust_rows(coordinate, slopes, centers, law, trust):
    """Weights of the planes in the squared residual of a row of pixels, into `trust` (planes + 1, w).

    Each is ``1 / (1 + variance / trusted variance)``, brought to a mean of 1 over the planes of a pixel; all
    are 1 where ``law[8]``, one over the trusted variance, is 0.
    """
    planes = len(slopes)
    width = len(coordinate)
    total = trust[planes]
    blur_scale2, in_focus2, low, high, per_variance = law[0], law[1], law[2], law[3], law[8]
    for x in range(width):
        total[x] = 0.0
    for f in range(planes):
        row, slope, center = trust[f], slopes[f], centers[f]
        if per_variance == 0:
            for x in range(width):
                row[x] = ONE
            continue
        for x in range(width):
            radius = slope * (coordinate[x] - center)
            variance = min(max(blur_scale2 * radius * radius + in_focus2, low), high)
            row[x] = ONE / (ONE + per_variance * variance)
            total[x] += row[x]
    if per_variance > 0:
        for f in range(planes):
            row = trust[f]
            for x in range(width):
                row[x] *= np.float32(planes) / total[x]


@compiled
def mix_row(bank, y, basis, out):
    """Prediction of a row of pixels: the polynomial with the bank's coefficients."""
    order = len(bank)
    width = len(out)
    c0 = bank[0, y]
    for x in range(width):
        out[x] = c0[x]
    k = 1
    while k + 3 < order:  # four at a time: the output is read and written a quarter as often
        c0, c1, c2, c3 = bank[k, y], bank[k + 1, y], bank[k + 2, y], bank[k + 3, y]
        t0, t1, t2, t3 = basis[k], basis[k + 1], basis[k + 2], basis[k + 3]
        for x in range(width):
            out[x] += t0[x] * c0[x] + t1[x] * c1[x] + t2[x] * c2[x] + t3[x] * c3[x]
        k += 4
    while k < order:
        c0, t0 = bank[k, y], basis[k]
        for x in range(width):
            out[x] += t0[x] * c0[x]
        k += 1


@compiled
def unmix_row(row, basis, bank, y):
    """Adjoint of :func:`mix_row`: add a row to the bank's coefficients."""
    order = len(bank)
    width = len(row)
    c0 = bank[0, y]
    for x in range(width):
        c0[x] += row[x]
    k = 1
    while k + 2 < order:  # three at a time: the row is read a third as often
        c0, c1, c2 = bank[k, y], bank[k + 1, y], bank[k + 2, y]
        t0, t1, t2 = basis[k], basis[k + 1], basis[k + 2]
        for x in range(width):
            value = row[x]
            c0[x] += t0[x] * value
            c1[x] += t1[x] * value
            c2[x] += t2[x] * value
        k += 3
    while k < order:
        c0, t0 = bank[k, y], basis[k]
        for x in range(width):
            c0[x] += t0[x] * row[x]
        k += 1


@compiled
def bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks):
    """Coefficients of the tile at (y0, x0), all channels, into `banks` (channels, order, height, width)."""
    for c in range(len(padded)):
        blur_tile(padded[c], halo, kernels, radii, y0, x0, scratch, banks[c])
        transform_tile(banks[c], to_chebyshev, scratch)


@compiled
def forward_tile(
    padded,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    to_chebyshev,
    halo,
    y0,
    x0,
    banks,
    scratch,
    basis,
    out,
):
    """Predict a tile of every plane, into `out` (planes, channels, height, width)."""
    planes, channels, height, width = out.shape
    bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks)
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            for c in range(channels):
                mix_row(banks[c], y, basis, out[f, c, y])


@compiled
def adjoint_tile(
    planes_in,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    from_chebyshev,
    halo,
    y0,
    x0,
    backs,
    scratch,
    basis,
    out,
):
    """Adjoint of :func:`forward_tile`: `planes_in` (planes, channels, Y, X), whole image, to `out`.

    `from_chebyshev` is the transposed `to_chebyshev`; `out` is (channels, height + 2 halo, width + 2 halo),
    the tile with its halo, and is added to.
    """
    planes, channels = planes_in.shape[:2]
    height, width = backs.shape[2:]
    backs[:] = 0.0
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            for c in range(channels):
                unmix_row(planes_in[f, c, y0 + y, x0 : x0 + width], basis, backs[c], y)
    for c in range(channels):
        transform_tile(backs[c], from_chebyshev, scratch)
        spread_tile(backs[c], halo, kernels, radii, scratch, out[c])


@compiled
def gradient_tile(
    padded,
    stack,
    scale,
    coordinate,
    slopes,
    centers,
    law,
    kernels,
    radii,
    to_chebyshev,
    from_chebyshev,
    halo,
    y0,
    x0,
    banks,
    backs,
    scratch,
    basis,
    trust,
    out,
):
    """Residual of a tile and, unless `backs` is empty, its adjoint, without storing the residual.

    `stack` (planes, channels, Y, X) holds the observed planes in their own type; `scale` brings them to
    [0, 1], and 0 leaves them out (the operator's normal matrix). `banks` and `backs` are scratch, (channels,
    order, height, width), so are `basis`, see :func:`basis_rows`, and `trust` (planes + 1, width). Returns
    the sum of squared residuals, each weighted with the trust in its plane.
    """
    planes = len(slopes)
    channels = len(banks)
    order, height, width = banks.shape[1:]
    adjoint = len(backs) > 0
    backs[:] = 0.0
    total = 0.0
    bank_tile(padded, halo, kernels, radii, to_chebyshev, y0, x0, scratch, banks)
    residual = basis[order]
    for y in range(height):
        row = coordinate[y0 + y, x0 : x0 + width]
        trust_rows(row, slopes, centers, law, trust)
        for f in range(planes):
            basis_row(row, slopes[f], centers[f], law, basis)
            weight = trust[f]
            for c in range(channels):
                mix_row(banks[c], y, basis, residual)
                if scale > 0:
                    observed = stack[f, c, y0 + y, x0 : x0 + width]
                    for x in range(width):
                        residual[x] -= scale * np.float32(observed[x])
                squares = np.float32(0.0)
                for x in range(width):
                    weighted = weight[x] * residual[x]
                    squares += weighted * residual[x]
                    residual[x] = weighted
                total += squares
                if adjoint:
                    unmix_row(residual, basis, backs[c], y)
    for c in range(len(backs)):
        transform_tile(backs[c], from_chebyshev, scratch)
        spread_tile(backs[c], halo, kernels, radii, scratch, out[c])
    return total
