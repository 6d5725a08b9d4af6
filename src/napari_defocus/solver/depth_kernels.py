"""Compiled kernels of the depth step, on one tile; all release the GIL.

Shapes: ``banks`` (channels, levels, h, w) is the all-in-focus image of the tile at every blur level,
``observed`` (planes, channels, h, w) the planes in [0, 1], ``cost`` (candidates, h, w). ``anchor`` (h, w) and
``coupling`` add ``coupling * (coordinate - anchor) ** 2`` to the cost of a pixel.
"""

import numpy as np

from napari_defocus.optics.tile_kernels import ONE, PER_STEP, compiled

GOLDEN = np.float32((np.sqrt(5.0) - 1) / 2)


@compiled
def scale_tile(stack, scale, y0, x0, observed):
    """Copy a tile of the stack (planes, channels, Y, X) into `observed`, brought to [0, 1]."""
    planes, channels, height, width = observed.shape
    for f in range(planes):
        for c in range(channels):
            for y in range(height):
                source = stack[f, c, y0 + y, x0 : x0 + width]
                target = observed[f, c, y]
                for x in range(width):
                    target[x] = scale * np.float32(source[x])


@compiled
def sweep_tile(banks, observed, below, weights, previous, cost, cross):
    """Squared residual of every candidate, and its product with the next candidate's residual.

    `below` and `weights` (candidates, planes) say where each candidate's blur lies between the levels; they
    are the same for all pixels, so that a row is mixed without look-ups. `cross` (candidates - 1, h, w) is
    left out when it is empty. `previous` (planes * channels, w) is scratch.
    """
    channels, _, height, width = banks.shape
    candidates, planes = below.shape
    crossed = cross.size > 0
    for y in range(height):
        for k in range(candidates):
            total = cost[k, y]
            total[:] = 0.0
            product = cross[max(k - 1, 0), y] if crossed else total
            if crossed and k > 0:
                product[:] = 0.0
            for f in range(planes):
                level = below[k, f]
                weight = weights[k, f]
                for c in range(channels):
                    near = banks[c, level, y]
                    far = banks[c, level + 1, y]
                    seen = observed[f, c, y]
                    if not crossed:
                        for x in range(width):
                            residual = near[x] + weight * (far[x] - near[x]) - seen[x]
                            total[x] += residual * residual
                        continue
                    last = previous[f * channels + c]
                    if k == 0:
                        for x in range(width):
                            residual = near[x] + weight * (far[x] - near[x]) - seen[x]
                            total[x] += residual * residual
                            last[x] = residual
                    else:
                        for x in range(width):
                            residual = near[x] + weight * (far[x] - near[x]) - seen[x]
                            total[x] += residual * residual
                            product[x] += residual * last[x]
                            last[x] = residual


@compiled
def box_mean(volume, window, inner_y, inner_x, sums, out):
    """Average each slice over a square window that ends at the slice's borders.

    `out` (slices, height, width) begins at row `inner_y` and column `inner_x` of `volume`;
    `sums` (rows of the volume, width) is scratch.
    """
    slices, rows, columns = volume.shape
    height, width = out.shape[1:]
    before, after = (window - 1) // 2, window // 2
    for k in range(slices):
        for y in range(rows):
            source = volume[k, y]
            for x in range(width):
                first = max(inner_x + x - before, 0)
                last = min(inner_x + x + after, columns - 1)
                if x == 0 or window <= 9:
                    total = 0.0
                    for i in range(first, last + 1):
                        total += source[i]
                else:
                    if inner_x + x + after <= columns - 1:
                        total += source[inner_x + x + after]
                    if first > 0 and inner_x + x - before > 0:
                        total -= source[first - 1]
                sums[y, x] = total / (last - first + 1)
        for y in range(height):
            first = max(inner_y + y - before, 0)
            last = min(inner_y + y + after, rows - 1)
            target = out[k, y]
            target[:] = 0.0
            for i in range(first, last + 1):
                source = sums[i]
                for x in range(width):
                    target[x] += source[x]
            share = np.float32(1.0 / (last - first + 1))
            for x in range(width):
                target[x] *= share


@compiled
def best_candidate(cost, candidates, anchor, coupling, best, contrast):
    """Index of the candidate of least cost, and one minus the ratio of least to mean residual."""
    count, height, width = cost.shape
    for y in range(height):
        for x in range(width):
            least = np.float32(np.inf)
            least_residual = np.float32(np.inf)
            mean = np.float32(0.0)
            for k in range(count):
                residual = cost[k, y, x]
                mean += residual
                least_residual = min(residual, least_residual)
                value = residual + coupling * (candidates[k] - anchor[y, x]) ** 2
                if value < least:
                    least = value
                    best[y, x] = k
            mean /= count
            contrast[y, x] = 1.0 - least_residual / mean if mean > 0 else 0.0


@compiled
def segment_of(candidates, coordinate):
    """Index of the segment between candidates that holds a coordinate, or of the nearest one."""
    low, high = 0, len(candidates) - 1
    while high - low > 1:
        middle = (low + high) // 2
        if candidates[middle] <= coordinate:
            low = middle
        else:
            high = middle
    return low


@compiled
def segment_cost(start, end, product, share):
    """Cost between two candidates when the prediction is mixed in proportion: an exact quadratic."""
    rest = np.float32(1.0) - share
    return rest * rest * start + 2 * share * rest * product + share * share * end


@compiled
def best_in_segments(cost, cross, candidates, anchor, coupling, coordinate):
    """Where between the candidates the cost is least.

    The windowed costs of two neighbouring candidates and the windowed product of their residuals make the
    windowed cost a quadratic between them, whose minimum is known in closed form: what a golden-section
    search would converge to, at no further look at the window. The anchor's term is a quadratic as well.
    `coordinate` holds the current blur coordinates and is overwritten where another one costs less.
    """
    count, height, width = cost.shape
    for y in range(height):
        for x in range(width):
            now = coordinate[y, x]
            k = segment_of(candidates, now)
            share = (now - candidates[k]) / (candidates[k + 1] - candidates[k])
            share = min(max(share, np.float32(0.0)), np.float32(1.0))
            least = segment_cost(cost[k, y, x], cost[k + 1, y, x], cross[k, y, x], share)
            least += coupling * (now - anchor[y, x]) ** 2
            for k in range(count - 1):
                here, there = candidates[k] - anchor[y, x], candidates[k + 1] - anchor[y, x]
                start = cost[k, y, x] + coupling * here * here
                end = cost[k + 1, y, x] + coupling * there * there
                product = cross[k, y, x] + coupling * here * there
                curvature = start - 2 * product + end
                share = np.float32(0.0) if start <= end else np.float32(1.0)
                if curvature > 0:
                    share = min(max((start - product) / curvature, np.float32(0.0)), np.float32(1.0))
                value = segment_cost(start, end, product, share)
                if value < least:
                    least = value
                    coordinate[y, x] = candidates[k] + share * (candidates[k + 1] - candidates[k])


@compiled
def pixel_cost(flat, size, observed, y, x, at, coordinate, slopes, centers, table, anchor, coupling):
    """Squared residual over planes and channels of one pixel at a blur coordinate, and its anchor's term."""
    planes, channels = observed.shape[:2]
    last = np.float32(len(table) - 1.001)
    total = coupling * (coordinate - anchor[y, x]) ** 2
    for f in range(planes):
        position = min(slopes[f] * abs(coordinate - centers[f]) * PER_STEP, last)
        i = np.uint32(position)
        level = table[i] + (position - np.float32(i)) * (table[i + ONE] - table[i])
        below = np.uint32(level)
        weight = level - np.float32(below)
        entry = below * size + at
        for c in range(channels):
            near = flat[c, entry]
            residual = near + weight * (flat[c, entry + size] - near) - observed[f, c, y, x]
            total += residual * residual
    return total


@compiled
def golden_section(
    banks, observed, slopes, centers, table, anchor, coupling, candidates, best, tolerance, coordinate, cost
):
    """Refine each pixel within one candidate on either side of the best; keep whichever costs least.

    `coordinate` holds the current blur coordinates and is overwritten where the best candidate or the refined
    value costs less; `cost` (2, h, w) gets the cost before and after. `tolerance` is the width at which the
    search stops, as a share of the bracket's half.
    """
    channels, levels, height, width = banks.shape
    size = np.uint32(height * width)
    flat = banks.reshape((channels, levels * height * width))
    for y in range(height):
        for x in range(width):
            at = np.uint32(y * width + x)
            k = best[y, x]
            now = coordinate[y, x]
            least = pixel_cost(flat, size, observed, y, x, at, now, slopes, centers, table, anchor, coupling)
            cost[0, y, x] = least
            grid = pixel_cost(
                flat, size, observed, y, x, at, candidates[k], slopes, centers, table, anchor, coupling
            )
            if grid < least:
                least, now = grid, candidates[k]
            low = candidates[max(k - 1, 0)]
            high = candidates[min(k + 1, len(candidates) - 1)]
            stop = tolerance * (high - low) / 2
            left = high - GOLDEN * (high - low)
            right = low + GOLDEN * (high - low)
            at_left = pixel_cost(
                flat, size, observed, y, x, at, left, slopes, centers, table, anchor, coupling
            )
            at_right = pixel_cost(
                flat, size, observed, y, x, at, right, slopes, centers, table, anchor, coupling
            )
            while high - low > stop:
                if at_left < at_right:
                    high, right, at_right = right, left, at_left
                    left = high - GOLDEN * (high - low)
                    at_left = pixel_cost(
                        flat, size, observed, y, x, at, left, slopes, centers, table, anchor, coupling
                    )
                else:
                    low, left, at_left = left, right, at_right
                    right = low + GOLDEN * (high - low)
                    at_right = pixel_cost(
                        flat, size, observed, y, x, at, right, slopes, centers, table, anchor, coupling
                    )
            if at_left < least:
                least, now = at_left, left
            if at_right < least:
                least, now = at_right, right
            coordinate[y, x] = now
            cost[1, y, x] = least


@compiled
def pixel_costs(banks, observed, slopes, centers, table, anchor, coupling, coordinate, out):
    """Cost of each pixel of a tile at its own blur coordinate, into `out` (h, w)."""
    channels, levels, height, width = banks.shape
    size = np.uint32(height * width)
    flat = banks.reshape((channels, levels * height * width))
    for y in range(height):
        for x in range(width):
            out[y, x] = pixel_cost(
                flat,
                size,
                observed,
                y,
                x,
                np.uint32(y * width + x),
                coordinate[y, x],
                slopes,
                centers,
                table,
                anchor,
                coupling,
            )
