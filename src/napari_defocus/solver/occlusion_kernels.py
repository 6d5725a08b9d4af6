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
def find_runs(offsets, first, last, steps, enters, counts):
    """Pixels that each ray crosses between the levels `first` and `last` of its plane, one after the other.

    `steps` (planes, rays, runs) gets the step from the ray's output pixel to each of them, `enters` (planes,
    rays, runs + 1) the levels at which the ray enters them and leaves the last one, `counts` (planes, rays)
    their number.
    """
    for plane in range(offsets.shape[0]):
        for ray in range(offsets.shape[1]):
            count = 0
            for level in range(first[plane], last[plane]):
                step = offsets[plane, ray, level]
                if count > 0 and step == steps[plane, ray, count - 1]:
                    continue
                if count == steps.shape[2]:
                    break
                steps[plane, ray, count], enters[plane, ray, count] = step, level
                count += 1
            counts[plane, ray], enters[plane, ray, count] = count, last[plane]


@compiled
def find_passing(
    pixel, nearest, farthest, steps, enters, counts, pair_of, hits, stops, slot_of, passing, met
):  # fmt: skip
    """Rays that pass over a pixel between two levels and have not stopped before.

    `passing` (most, 7) gets plane, ray, the levels at which they enter the pixel and leave it, the slot of
    their pair, and the pixel and the level at which they stop. `met` (most,) gets the pair of each slot;
    `slot_of` (pairs,) is -1 before and after. Returns the numbers of rays and of slots.
    """
    count, slots = 0, 0
    for plane in range(steps.shape[0]):
        for ray in range(steps.shape[1]):
            step, enter = steps[plane, ray], enters[plane, ray]
            for run in range(counts[plane, ray]):
                if enter[run] >= farthest:
                    break
                if enter[run + 1] <= nearest:
                    continue
                pair = pair_of[plane, pixel - step[run]]
                if pair < 0 or stops[pair, ray] < max(enter[run], nearest):
                    continue
                if slot_of[pair] < 0:
                    slot_of[pair], met[slots] = slots, pair
                    slots += 1
                row = passing[count]
                row[0], row[1], row[2], row[3] = plane, ray, enter[run], enter[run + 1]
                row[4], row[5], row[6] = slot_of[pair], hits[pair, ray], stops[pair, ray]
                count += 1
    for slot in range(slots):
        slot_of[met[slot]] = -1
    return count, slots


@compiled
def follow(pixel, labels, steps, level, leave, end, tolerance, hit, stop):
    """Pixel and level at which a ray stops now, that passes over a pixel with a new level.

    It is over the pixel from `level` up to `leave`, and stopped before at `stop` with the pixel `hit`. Only
    where it stopped there and does so no more has it to be followed.
    """
    start = pixel - steps[level]
    while leave < end and steps[leave] == steps[level]:
        leave += 1
    meets = max(level, labels[pixel])
    if meets < leave:
        if meets - labels[pixel] <= tolerance:
            return pixel, meets
        return start + steps[max(level - 1, 0)], meets
    if stop >= leave:
        return hit, stop
    return march(labels, start, steps, leave, end, tolerance)


@compiled
def reroute(
    pixel, nearest, farthest, labels, source, offsets, ends, tolerance, passing, image, change, share,
    new_hits, new_stops,
):  # fmt: skip
    """Follow again the rays that pass over a pixel between two levels, whose own level has changed.

    `change` (channels, slots) gets what that does to the predictions but for the pixel's own colour, `share`
    (slots,) the weight of that; `new_hits` and `new_stops` where the rays stop, -1 where nothing changes.
    """
    channels, slots = change.shape
    part = ONE / np.float32(offsets.shape[1])
    for slot in range(slots):
        share[slot] = ZERO
    for channel in range(channels):
        row = change[channel]
        for slot in range(slots):
            row[slot] = ZERO
    for index in range(len(passing)):
        row = passing[index]
        plane, ray, leave, slot, old, last = row[0], row[1], row[3], row[4], row[5], row[6]
        level = max(row[2], nearest)
        new_hits[index] = -1
        if level >= min(leave, farthest) or last < level:
            continue
        hit, stop = follow(
            pixel, labels, offsets[plane, ray], level, leave, ends[plane], tolerance, old, last
        )
        new = source[hit]
        if new == old and new != pixel:
            continue
        new_hits[index], new_stops[index] = new, stop
        for channel in range(channels):
            change[channel, slot] -= image[old, channel] * part
        if new == pixel:
            share[slot] += part
        else:
            for channel in range(channels):
                change[channel, slot] += image[new, channel] * part


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
