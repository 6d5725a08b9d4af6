"""Compiled kernels of the search for depth edges; they release the GIL.

A *pair* is an output pixel in one plane, whose rays were traced; windows, pixels and offsets are those of
:mod:`napari_defocus.optics.ray_kernels`. What a change of one pixel's level does to the rays is written down
first (:func:`reroute`), then judged, and taken over or dropped.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.optics.ray_kernels import march

ZERO, ONE = np.float32(0.0), np.float32(1.0)
DIAGONAL = np.float32(0.7)
"""Weight of a diagonal neighbour in the smoothness."""


@compiled
def find_candidates(pixel, labels, neighbours, least_step, candidates):
    """Levels of the neighbours that differ from the pixel's and from each other; count and farthest level."""
    own = labels[pixel]
    farthest, count = own, 0
    half = max(least_step // 2, 1)
    for index in range(len(neighbours)):
        level = labels[pixel + neighbours[index]]
        farthest = max(farthest, level)
        if abs(level - own) < least_step or count == len(candidates):
            continue
        new = True
        for earlier in range(count):
            new &= abs(candidates[earlier] - level) >= half
        if new:
            candidates[count] = level
            count += 1
    return count, farthest


@compiled
def reroute(
    pixel, nearest, farthest, labels, source, offsets, first, last, ends, tolerance, pair_of, hits, stops,
    image, change, share, touched, pairs, rays, new_hits, new_stops,
):  # fmt: skip
    """Trace again the rays that pass over a pixel between two levels, whose own level has changed.

    `change` (pairs, channels) gets what that does to the predictions but for the pixel's own colour, `share`
    (pairs,) the weight of that. Returns the numbers of pairs in `touched` and of rays that changed.
    """
    part = ONE / np.float32(hits.shape[1])
    touched_count, ray_count = 0, 0
    for plane in range(offsets.shape[0]):
        begin, end = max(first[plane], nearest), min(last[plane], farthest)
        for ray in range(offsets.shape[1]):
            steps = offsets[plane, ray]
            before = -1
            for level in range(begin, end):
                start = pixel - steps[level]
                if start == before:  # a ray passes over a pixel once, and is judged from its first level on
                    continue
                before = start
                pair = pair_of[plane, start]
                if pair < 0 or stops[pair, ray] < level:
                    continue
                hit, stop = march(labels, start, steps, level, ends[plane], tolerance)
                old, new = hits[pair, ray], source[hit]
                if (new == old and new != pixel) or ray_count == len(rays):
                    continue
                pairs[ray_count], rays[ray_count] = pair, ray
                new_hits[ray_count], new_stops[ray_count] = new, stop
                ray_count += 1
                if not touched[pair, 1]:
                    touched[pair, 1] = 1
                    touched[touched_count, 0] = pair
                    touched_count += 1
                for channel in range(image.shape[1]):
                    change[pair, channel] -= image[old, channel] * part
                if new == pixel:
                    share[pair] += part
                else:
                    for channel in range(image.shape[1]):
                        change[pair, channel] += image[new, channel] * part
    return touched_count, ray_count


@compiled
def best_colour(target, count, touched, weights, residual, change, share, pull, colour):
    """Colour of the pixel that fits the touched pairs and its target best, within [0, 1]."""
    total = pull
    for channel in range(len(colour)):
        colour[channel] = pull * target[channel]
    for index in range(count):
        pair = touched[index, 0]
        weight = weights[pair] * share[pair]
        total += weight * share[pair]
        for channel in range(len(colour)):
            colour[channel] -= weight * (residual[pair, channel] + change[pair, channel])
    for channel in range(len(colour)):
        colour[channel] = min(max(colour[channel] / total, ZERO), ONE)


@compiled
def misfit_change(count, touched, weights, residual, change, share, colour):
    """What the change does to the weighted sum of squared residuals."""
    total = ZERO
    for index in range(count):
        pair = touched[index, 0]
        for channel in range(len(colour)):
            step = change[pair, channel] + share[pair] * colour[channel]
            total += weights[pair] * step * (step + residual[pair, channel] + residual[pair, channel])
    return total


@compiled
def find_ties(pixel, width, source, guide, spread, smoothness, near, ties):
    """Weights of the eight neighbours in the smoothness, less across edges of the `guide`."""
    count = 0
    for dy in range(-1, 2):
        for dx in range(-1, 2):
            other = pixel + dy * width + dx
            if other == pixel or source[other] != other:
                continue
            away = ZERO
            for channel in range(guide.shape[1]):
                away += (guide[pixel, channel] - guide[other, channel]) ** 2
            tie = np.float32(0.1) + np.float32(0.9) * np.exp(-away * spread)
            near[count] = other
            ties[count] = smoothness * tie * (DIAGONAL if dy != 0 and dx != 0 else ONE)
            count += 1
    return count


@compiled
def roughness_change(old, new, count, near, ties, labels, span):
    """What another level does to the smoothness: differences of levels, truncated at `span`."""
    total = ZERO
    for index in range(count):
        level = labels[near[index]]
        total += ties[index] * np.float32(min(abs(new - level), span) - min(abs(old - level), span))
    return total / np.float32(span)


@compiled
def search(
    todo, width, labels, source, offsets, first, last, ends, tolerance, pair_of, hits, stops,
    weights, residual, image, stack, sharpest, guide, neighbours, least_step, span,
    smoothness, spread, pull,
    candidates, colour, near, ties, change, share, touched, pairs, rays, new_hits, new_stops,
):  # fmt: skip
    """Give each pixel of `todo` in turn the level of a neighbour where that lowers the objective.

    Parameters
    ----------
    todo : ndarray, (n,), int32
        Pixels to visit, in this order.
    width : int
        Columns of the window.
    labels, source, offsets, ends, tolerance, hits, stops
        As for :func:`ray_kernels.trace`; labels, hits and stops are changed.
    first, last : ndarray, (planes,), int32
        Levels between which a plane's rays are so near that they count.
    pair_of : ndarray, (planes, pixels), int32
        Pair of each pixel and plane, -1 for none.
    weights : ndarray, (pairs,), float32
    residual : ndarray, (pairs, channels), float32
        Prediction less observation; changed.
    image, guide : ndarray, (pixels, channels), float32
        The all-in-focus image, changed, and the image whose edges the smoothness heeds.
    stack : ndarray, (planes, pixels, channels), float32
    sharpest : ndarray, (levels,), int32
        Plane that a colour is drawn to, by level.
    neighbours : ndarray, (m,), int32
        Steps to the neighbours whose levels are tried.
    least_step, span : int
        Least difference of levels that is tried, greatest that the smoothness counts.
    smoothness, spread, pull : float32
    candidates, colour, near, ties, change, share, touched, pairs, rays, new_hits, new_stops
        Scratch: levels, (channels,), eight neighbours (twice), (pairs, channels) and (pairs,) float32 zeros,
        (pairs, 2) int32 zeros; and as long as many rays can pass over a pixel. `change`, `share` and
        `touched` are left as zeros.

    Returns
    -------
    int
        Number of pixels that changed.
    """
    changed = 0
    for index in range(len(todo)):
        pixel = todo[index]
        old = labels[pixel]
        count, farthest = find_candidates(pixel, labels, neighbours, least_step, candidates)
        if count == 0:
            continue
        farthest += tolerance + 2
        tie_count = find_ties(pixel, width, source, guide, spread, smoothness, near, ties)
        best, least = old, ZERO
        for trial in range(count + 1):
            taken = trial == count  # the last time round the best is taken over
            if taken and best == old:
                break
            new = best if taken else candidates[trial]
            labels[pixel] = new
            touched_count, ray_count = reroute(
                pixel, min(old, new), farthest, labels, source, offsets, first, last, ends, tolerance,
                pair_of, hits, stops, image, change, share, touched, pairs, rays, new_hits, new_stops,
            )  # fmt: skip
            target, before = stack[sharpest[new], pixel], stack[sharpest[old], pixel]
            best_colour(target, touched_count, touched, weights, residual, change, share, pull, colour)
            if taken:
                for ray in range(ray_count):
                    hits[pairs[ray], rays[ray]] = new_hits[ray]
                    stops[pairs[ray], rays[ray]] = new_stops[ray]
                for place in range(touched_count):
                    pair = touched[place, 0]
                    for channel in range(len(colour)):
                        residual[pair, channel] += change[pair, channel] + share[pair] * colour[channel]
                for channel in range(len(colour)):
                    image[pixel, channel] = colour[channel]
                changed += 1
            else:
                labels[pixel] = old
                cost = misfit_change(touched_count, touched, weights, residual, change, share, colour)
                cost += roughness_change(old, new, tie_count, near, ties, labels, span)
                for channel in range(len(colour)):
                    gain = (colour[channel] - target[channel]) ** 2
                    cost += pull * (gain - (image[pixel, channel] - before[channel]) ** 2)
                if cost < least:
                    least, best = cost, new
            for place in range(touched_count):
                pair = touched[place, 0]
                touched[pair, 1] = 0
                share[pair] = ZERO
                for channel in range(len(colour)):
                    change[pair, channel] = ZERO
    return changed
