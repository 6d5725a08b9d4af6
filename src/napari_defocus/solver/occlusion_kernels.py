"""Compiled kernels of the search for depth edges; they release the GIL.

A *pair* is an output pixel in one plane, whose rays were traced; windows, pixels and offsets are those of
:mod:`napari_defocus.optics.ray_kernels`. What a change of one pixel's level does to the rays is written down
first (:func:`reroute_kernels.reroute`), then judged, and taken over or dropped.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.reroute_kernels import ONE, ZERO, find_passing, reroute

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
def best_colour(target, residual, change, share, pull, colour):
    """Colour of the pixel that fits the pairs and its target best, within [0, 1]."""
    total = pull
    for slot in range(len(share)):
        total += share[slot] * share[slot]
    for channel in range(len(colour)):
        wanted = pull * target[channel]
        before, by = residual[channel], change[channel]
        for slot in range(len(share)):
            wanted -= share[slot] * (before[slot] + by[slot])
        colour[channel] = min(max(wanted / total, ZERO), ONE)


@compiled
def misfit_change(residual, change, share, colour):
    """What the change does to the sum of squared residuals."""
    total = ZERO
    for channel in range(len(colour)):
        before, by, own = residual[channel], change[channel], colour[channel]
        for slot in range(len(share)):
            step = by[slot] + share[slot] * own
            total += step * (step + before[slot] + before[slot])
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
    todo, width, labels, source, offsets, steps, enters, counts, ends, tolerance, pair_of, hits, stops,
    residual, image, stack, sharpest, guide, neighbours, least_step, span, smoothness, spread, pull,
    candidates, colour, near, ties, slot_of, passing, met, new_hits, new_stops, own_residual, change, share,
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
    steps, enters, counts
        Pixels that each ray crosses where it is so near that it counts, see :func:`find_runs`.
    pair_of : ndarray, (planes, pixels), int32
        Pair of each pixel and plane, -1 for none.
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
    candidates, colour, near, ties
        Scratch: levels, (channels,), eight neighbours (twice).
    slot_of : ndarray, (pairs,), int32
        Scratch, -1 before and after.
    passing, met, new_hits, new_stops, own_residual, change, share
        Scratch as long as many rays can pass over a pixel: (rays, 7) and (rays,) int32, twice (channels,
        rays) and (rays,) float32.

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
        nearest = old
        for trial in range(count):
            nearest = min(nearest, candidates[trial])
        ray_count, slots = find_passing(
            pixel, nearest, farthest, steps, enters, counts, pair_of, hits, stops, slot_of, passing, met
        )
        before, by, own = own_residual[:, :slots], change[:, :slots], share[:slots]
        for slot in range(slots):
            for channel in range(len(colour)):
                before[channel, slot] = residual[met[slot], channel]
        tie_count = find_ties(pixel, width, source, guide, spread, smoothness, near, ties)
        best, least = old, ZERO
        for trial in range(count + 1):
            taken = trial == count  # the last time round the best is taken over
            if taken and best == old:
                break
            new = best if taken else candidates[trial]
            labels[pixel] = new
            reroute(
                pixel, min(old, new), farthest, labels, source, offsets, ends, tolerance,
                passing[:ray_count], image, by, own, new_hits, new_stops,
            )  # fmt: skip
            target = stack[sharpest[new], pixel]
            best_colour(target, before, by, own, pull, colour)
            if taken:
                for ray in range(ray_count):
                    if new_hits[ray] >= 0:
                        pair = met[passing[ray, 4]]
                        hits[pair, passing[ray, 1]] = new_hits[ray]
                        stops[pair, passing[ray, 1]] = new_stops[ray]
                for channel in range(len(colour)):
                    for slot in range(slots):
                        step = by[channel, slot] + own[slot] * colour[channel]
                        residual[met[slot], channel] += step
                    image[pixel, channel] = colour[channel]
                changed += 1
            else:
                labels[pixel] = old
                cost = misfit_change(before, by, own, colour)
                cost += roughness_change(old, new, tie_count, near, ties, labels, span)
                former = stack[sharpest[old], pixel]
                for channel in range(len(colour)):
                    gain = (colour[channel] - target[channel]) ** 2
                    cost += pull * (gain - (image[pixel, channel] - former[channel]) ** 2)
                if cost < least:
                    least, best = cost, new
    return changed
