"""Compiled kernels of the depth step with a cost window, on one tile; all release the GIL.

Shapes and names are those of :mod:`depth_kernels`.
"""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE, TWO
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO, evaluate_row, read_row, row_cost


@compiled
def sweep_tile(
    banks, stack, scale, y0, x0, values, below, weights, roots, scratch, steps, seen, last, cost, cross
):
    """Costs of a tile's candidates (candidates, h, w) and products of neighbours (candidates - 1, h, w)."""
    order = banks.shape[1]
    for y in range(cost.shape[1]):
        read_row(stack, scale, y0 + y, x0, seen)
        evaluate_row(banks, y, values, scratch[:order], steps)
        sweep_row_crossed(steps, seen, below, weights, roots, last, y, cost, cross)


@compiled
def sweep_row_crossed(steps, seen, below, weights, trust, last, y, cost, cross):
    """Like :func:`sweep_row`, with the product of each candidate's residual and the next one's.

    `cost` (candidates, h, w) and `cross` (candidates - 1, h, w) are written in row `y`;
    `last` (planes * channels, w) is scratch.
    """
    channels, _, width = steps.shape
    candidates, planes = below.shape
    for k in range(candidates):
        total = cost[k, y]
        product = cross[max(k - 1, 0), y]
        for x in range(width):
            total[x] = ZERO
            product[x] = ZERO if k > 0 else product[x]
        for f in range(planes):
            at, weight, root = below[k, f], weights[k, f], trust[k, f]
            for c in range(channels):
                near, far, one = steps[c, at], steps[c, at + 1], seen[f * channels + c]
                before = last[f * channels + c]
                if k == 0:
                    for x in range(width):
                        r0 = root * (near[x] + weight * (far[x] - near[x]) - one[x])
                        total[x] += r0 * r0
                        before[x] = r0
                else:
                    for x in range(width):
                        r0 = root * (near[x] + weight * (far[x] - near[x]) - one[x])
                        total[x] += r0 * r0
                        product[x] += r0 * before[x]
                        before[x] = r0


@compiled
def box_mean(volume, window, inner_y, inner_x, sums, out):
    """Average each slice over a square window that ends at the slice's borders.

    `out` (slices, height, width) begins at row `inner_y` and column `inner_x` of `volume`;
    `sums` (columns of the volume) is scratch.
    """
    slices, rows, columns = volume.shape
    height, width = out.shape[1:]
    before, after = (window - 1) // 2, window // 2
    for k in range(slices):
        for y in range(height):
            first = max(inner_y + y - before, 0)
            last = min(inner_y + y + after, rows - 1)
            source = volume[k, first]
            for x in range(columns):
                sums[x] = source[x]
            for i in range(first + 1, last + 1):
                source = volume[k, i]
                for x in range(columns):
                    sums[x] += source[x]
            share = ONE / np.float32(last - first + 1)
            target = out[k, y]
            for x in range(width):
                target[x] = ZERO
            # columns whose window lies inside the slice, a whole row at a time; then those it is cut off at
            left = min(max(before - inner_x, 0), width)
            right = max(min(columns - after - inner_x, width), left)
            for i in range(-before, after + 1):
                shifted = sums[inner_x + left + i : inner_x + right + i]
                inside = target[left:right]
                for x in range(right - left):
                    inside[x] += shifted[x]
            for x in range(left, right):
                target[x] *= share / np.float32(window)
            for x in range(left):
                target[x] = share * mean_between(sums, inner_x + x - before, inner_x + x + after)
            for x in range(right, width):
                target[x] = share * mean_between(sums, inner_x + x - before, inner_x + x + after)


@compiled
def mean_between(row, first, last):
    """Mean of a row from `first` to `last`, both included, as far as they lie in it."""
    first, last = max(first, 0), min(last, len(row) - 1)
    total = ZERO
    for i in range(first, last + 1):
        total += row[i]
    return total / np.float32(last - first + 1)


@compiled
def best_in_segments(cost, cross, candidates, anchor, coupling, work, coordinate, contrast):
    """Where between the candidates the cost is least.

    The windowed costs of two neighbouring candidates and the windowed product of their residuals make the
    windowed cost a quadratic between them, whose minimum is known in closed form: what a golden-section
    search would converge to, at no further look at the window. The anchor's term is a quadratic as well.
    `coordinate` (h, w) holds the current blur coordinates and is overwritten where another one costs less;
    `contrast` gets one minus the ratio of least to mean residual; `work` (3, w) is scratch.
    """
    count, height, width = cost.shape
    for y in range(height):
        now, pulled, mean = coordinate[y], anchor[y], contrast[y]
        least, found, residual = work[0], work[1], work[2]
        for x in range(width):
            least[x] = np.float32(np.inf)
            residual[x] = cost[0, y, x]
            mean[x] = residual[x]
        # the cost of the current depth, on whatever segment it lies
        for k in range(count - 1):
            low, high = candidates[k], candidates[k + 1]
            start, end, product = cost[k, y], cost[k + 1, y], cross[k, y]
            per_step = ONE / (high - low)
            for x in range(width):
                share = min(max((now[x] - low) * per_step, ZERO), ONE)
                rest = ONE - share
                value = rest * rest * start[x] + TWO * share * rest * product[x] + share * share * end[x]
                away = now[x] - pulled[x]
                inside = (now[x] >= low or k == 0) and (now[x] <= high or k == count - 2)
                least[x] = min(least[x], value + coupling * away * away) if inside else least[x]
        for x in range(width):
            found[x] = now[x]
        for k in range(count - 1):
            low, high = candidates[k], candidates[k + 1]
            starts, ends, products = cost[k, y], cost[k + 1, y], cross[k, y]
            for x in range(width):
                here, there = low - pulled[x], high - pulled[x]
                start = starts[x] + coupling * here * here
                end = ends[x] + coupling * there * there
                product = products[x] + coupling * here * there
                curvature = start - TWO * product + end
                at_end = ZERO if start <= end else ONE
                share = min(max((start - product) / curvature, ZERO), ONE) if curvature > 0 else at_end
                rest = ONE - share
                value = rest * rest * start + TWO * share * rest * product + share * share * end
                better = value < least[x]
                least[x] = value if better else least[x]
                found[x] = low + share * (high - low) if better else found[x]
                residual[x] = min(residual[x], ends[x])
                mean[x] += ends[x]
        for x in range(width):
            now[x] = found[x]
            contrast[y, x] = ONE - residual[x] * count / mean[x] if mean[x] > 0 else ZERO


@compiled
def tile_costs(
    banks,
    stack,
    scale,
    y0,
    x0,
    slopes,
    centers,
    law,
    anchor,
    coupling,
    scratch,
    trust,
    seen,
    coordinate,
    cost,
):
    """Cost of each pixel of a tile at its own blur coordinate, into `cost` (h, w)."""
    for y in range(coordinate.shape[0]):
        read_row(stack, scale, y0 + y, x0, seen)
        row_cost(
            banks,
            y,
            seen,
            coordinate[y],
            slopes,
            centers,
            law,
            scratch,
            trust,
            anchor[y],
            coupling,
            cost[y],
        )
