"""Compiled kernels of the depth step: rows, and the plain search of a tile; all release the GIL.

Shapes: ``banks`` (channels, order, h, w) are the Chebyshev coefficients of the all-in-focus image of the tile
(see :mod:`basis_kernels`), ``seen`` (planes * channels, w) a row of the planes in [0, 1], ``cost``
(candidates, h, w). ``anchor`` (h, w) and ``coupling`` add ``coupling * (coordinate - anchor) ** 2`` to the
cost of a pixel. Everything works on whole rows, so that it runs in vector registers.
"""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE, basis_row, mix_row, trust_rows
from napari_defocus.optics.blur_kernels import combine_row
from napari_defocus.optics.compiling import compiled

GOLDEN = np.float32((np.sqrt(5.0) - 1) / 2)
ZERO = np.float32(0.0)


@compiled
def read_row(stack, scale, y, x0, seen):
    """Bring a row of every plane and channel to [0, 1], into `seen` (planes * channels, w)."""
    planes, channels = stack.shape[:2]
    width = seen.shape[1]
    for f in range(planes):
        for c in range(channels):
            source = stack[f, c, y, x0 : x0 + width]
            target = seen[f * channels + c]
            for x in range(width):
                target[x] = scale * np.float32(source[x])


@compiled
def evaluate_row(banks, y, values, scratch, steps):
    """Prediction of a row at equidistant blur positions, into `steps` (channels, positions, w).

    `values` (positions, order) are the Chebyshev polynomials there; `scratch` (order, w).
    """
    channels, order = banks.shape[:2]
    width = steps.shape[2]
    for c in range(channels):
        for k in range(order):
            source, target = banks[c, k, y], scratch[k]
            for x in range(width):
                target[x] = source[x]
        for position in range(len(values)):
            combine_row(scratch, values[position], steps[c, position])


@compiled
def sweep_row(steps, seen, below, weights, trust, cost):
    """Squared residual of every candidate for a row, into `cost` (candidates, w).

    `below` and `weights` (candidates, planes) say where each candidate's blur lies between the positions of
    `steps`; they are the same for all pixels, so that a row is mixed without look-ups.
    `trust` (candidates, planes) are the roots of the planes' weights.
    """
    channels, _, width = steps.shape
    candidates, planes = below.shape
    for k in range(candidates):
        total = cost[k]
        for x in range(width):
            total[x] = ZERO
        for f in range(planes):
            at, weight, root = below[k, f], weights[k, f], trust[k, f]
            if channels == 3:
                near0, near1, near2 = steps[0, at], steps[1, at], steps[2, at]
                far0, far1, far2 = steps[0, at + 1], steps[1, at + 1], steps[2, at + 1]
                seen0, seen1, seen2 = seen[3 * f], seen[3 * f + 1], seen[3 * f + 2]
                for x in range(width):
                    r0 = root * (near0[x] + weight * (far0[x] - near0[x]) - seen0[x])
                    r1 = root * (near1[x] + weight * (far1[x] - near1[x]) - seen1[x])
                    r2 = root * (near2[x] + weight * (far2[x] - near2[x]) - seen2[x])
                    total[x] += r0 * r0 + r1 * r1 + r2 * r2
            else:
                for c in range(channels):
                    near, far, one = steps[c, at], steps[c, at + 1], seen[f * channels + c]
                    for x in range(width):
                        r0 = root * (near[x] + weight * (far[x] - near[x]) - one[x])
                        total[x] += r0 * r0


@compiled
def row_cost(banks, y, seen, coordinate, slopes, centers, law, basis, trust, anchor, coupling, cost):
    """Exact cost of a row of pixels at their own blur coordinates, into `cost` (w).

    `basis` and `trust` (planes + 1, w) are scratch.
    """
    planes, channels = len(slopes), len(banks)
    width = len(coordinate)
    predicted = basis[banks.shape[1]]
    for x in range(width):
        away = coordinate[x] - anchor[x]
        cost[x] = coupling * away * away
    trust_rows(coordinate, slopes, centers, law, trust)
    for f in range(planes):
        basis_row(coordinate, slopes[f], centers[f], law, basis)
        weight = trust[f]
        for c in range(channels):
            mix_row(banks[c], y, basis, predicted)
            one = seen[f * channels + c]
            for x in range(width):
                r0 = predicted[x] - one[x]
                cost[x] += weight[x] * r0 * r0


@compiled
def best_of_row(cost, candidates, anchor, coupling, least, bracket, contrast):
    """Candidate of least cost for each pixel of a row, and the bracket of its two neighbours.

    `cost` (candidates, w); `bracket` (3, w) gets candidate, lower and upper end; `contrast` one minus the
    ratio of least to mean residual; `least` (2, w) is scratch.
    """
    count, width = cost.shape
    best, residual, mean = least[0], least[1], contrast
    middle, low, high = bracket[0], bracket[1], bracket[2]
    for x in range(width):
        best[x] = np.float32(np.inf)
        residual[x] = np.float32(np.inf)
        mean[x] = ZERO
    for k in range(count):
        row, here = cost[k], candidates[k]
        left, right = candidates[max(k - 1, 0)], candidates[min(k + 1, count - 1)]
        for x in range(width):
            away = here - anchor[x]
            value = row[x] + coupling * away * away
            residual[x] = min(residual[x], row[x])
            mean[x] += row[x]
            better = value < best[x]
            best[x] = value if better else best[x]
            middle[x] = here if better else middle[x]
            low[x] = left if better else low[x]
            high[x] = right if better else high[x]
    for x in range(width):
        contrast[x] = ONE - residual[x] * count / mean[x] if mean[x] > 0 else ZERO


@compiled
def golden_row(
    banks,
    y,
    seen,
    slopes,
    centers,
    law,
    basis,
    trust,
    anchor,
    coupling,
    rounds,
    bracket,
    work,
    coordinate,
    cost,
):
    """Golden-section search of a row, all pixels in step; keep whichever costs least.

    `bracket` (3, w) holds candidate, lower and upper end; `coordinate` (w) the current blur coordinates,
    overwritten where the candidate or the refined value costs less; `cost` (2, h, w) gets the cost before and
    after; `work` (5, w) is scratch.
    """
    width = len(coordinate)
    low, high = bracket[1], bracket[2]
    left, right, at_left, at_right, trial = work[0], work[1], work[2], work[3], work[4]
    before, least = cost[0, y], cost[1, y]
    row_cost(banks, y, seen, coordinate, slopes, centers, law, basis, trust, anchor, coupling, before)
    row_cost(banks, y, seen, bracket[0], slopes, centers, law, basis, trust, anchor, coupling, least)
    for x in range(width):
        keep = before[x] <= least[x]
        least[x] = before[x] if keep else least[x]
        coordinate[x] = coordinate[x] if keep else bracket[0, x]
        left[x] = high[x] - GOLDEN * (high[x] - low[x])
        right[x] = low[x] + GOLDEN * (high[x] - low[x])
    row_cost(banks, y, seen, left, slopes, centers, law, basis, trust, anchor, coupling, at_left)
    row_cost(banks, y, seen, right, slopes, centers, law, basis, trust, anchor, coupling, at_right)
    values = bracket[0]
    for _ in range(rounds):
        for x in range(width):
            if at_left[x] < at_right[x]:
                high[x] = right[x]
                right[x] = left[x]
                at_right[x] = at_left[x]
                left[x] = high[x] - GOLDEN * (high[x] - low[x])
                trial[x] = left[x]
                at_left[x] = np.float32(-1.0)  # to be evaluated
            else:
                low[x] = left[x]
                left[x] = right[x]
                at_left[x] = at_right[x]
                right[x] = low[x] + GOLDEN * (high[x] - low[x])
                trial[x] = right[x]
                at_right[x] = np.float32(-1.0)
        row_cost(banks, y, seen, trial, slopes, centers, law, basis, trust, anchor, coupling, values)
        for x in range(width):
            at_left[x] = values[x] if at_left[x] < 0 else at_left[x]
            at_right[x] = values[x] if at_right[x] < 0 else at_right[x]
    for x in range(width):
        better = at_left[x] < least[x]
        least[x] = at_left[x] if better else least[x]
        coordinate[x] = left[x] if better else coordinate[x]
        better = at_right[x] < least[x]
        least[x] = at_right[x] if better else least[x]
        coordinate[x] = right[x] if better else coordinate[x]


@compiled
def search_tile(
    banks,
    stack,
    scale,
    y0,
    x0,
    values,
    below,
    weights,
    roots,
    slopes,
    centers,
    law,
    candidates,
    anchor,
    coupling,
    rounds,
    scratch,
    trust,
    steps,
    seen,
    row_costs,
    work,
    coordinate,
    cost,
    contrast,
):
    """Plain depth step of a tile: grid search over the candidates, then golden-section search.

    `coordinate` (h, w) holds the current blur coordinates and gets the new ones; `cost` (2, h, w) the cost
    before and after. `scratch` see :func:`basis_rows`,
    `trust` (planes + 1, w), `steps` (channels, positions, w), `seen` (planes * channels, w), `row_costs`
    (candidates, w) and `work` (8, w) are scratch.
    """
    order = banks.shape[1]
    for y in range(coordinate.shape[0]):
        read_row(stack, scale, y0 + y, x0, seen)
        evaluate_row(banks, y, values, scratch[:order], steps)
        sweep_row(steps, seen, below, weights, roots, row_costs)
        best_of_row(row_costs, candidates, anchor[y], coupling, work[3:5], work[:3], contrast[y])
        golden_row(
            banks,
            y,
            seen,
            slopes,
            centers,
            law,
            scratch,
            trust,
            anchor[y],
            coupling,
            rounds,
            work[:3],
            work[3:],
            coordinate[y],
            cost,
        )
