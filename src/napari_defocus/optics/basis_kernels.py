"""Compiled kernels on rows of pixels: from blur coordinates to predictions, and back.

A *bank* (order, height, width) holds the coefficients ``Y_k`` of the Chebyshev polynomials for one channel of
a tile. The prediction of a pixel whose blur has the position t is ``sum_k T_k(t) Y_k``: no look-ups, so that
whole rows are computed in vector registers.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled

TWO = np.float32(2.0)
ONE = np.float32(1.0)


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
    polynomial_rows(law[9], basis[order + 1], basis, order)
    if len(law) > 11:
        second = order + 2
        position_row(coordinate, slope, center, law, law[11], law[12], basis[order + 1], basis[second + 1])
        polynomial_rows(law[11], basis[order + 1], basis[second:], order)
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
def polynomial_rows(weight, position, basis, order):
    """Weighted Chebyshev polynomials from 2 on, by their recurrence, into rows of `basis`."""
    for k in range(2, order):
        one, two, target = basis[k - 1], basis[k - 2], basis[k]
        if k == 2:
            for x in range(len(position)):
                target[x] = TWO * position[x] * one[x] - weight
        else:
            for x in range(len(position)):
                target[x] = TWO * position[x] * one[x] - two[x]


@compiled
def trust_rows(coordinate, slopes, centers, law, trust):
    """Weights of the planes in the squared residual of a row of pixels, into `trust` (planes + 1, w).

    Each is ``1 / (1 + law[8] * variance)**2`` (:func:`blur_operator.trust_slope`), brought to a mean of 1
    over the planes of a pixel; all are 1 where ``law[8]`` is 0.
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
            falling = ONE + per_variance * variance
            row[x] = ONE / (falling * falling)
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
