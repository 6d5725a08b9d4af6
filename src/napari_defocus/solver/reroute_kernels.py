"""Compiled kernels that follow rays again where one pixel has another level; they release the GIL.

A *pair* is an output pixel in one plane, whose rays were traced; windows, pixels and offsets are those of
:mod:`napari_defocus.optics.ray_kernels`. The rays that pass over a pixel are found once for all the levels
that are tried there. Which ray passes over it on which levels, if nothing stops it before, is the same for all
pixels: these *runs* are listed once for each plane, and what belongs to their pairs is put side by side, in a
*slot* for each step from a pair to the pixel.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.optics.ray_kernels import march

ZERO, ONE = np.float32(0.0), np.float32(1.0)


@compiled
def find_runs(offsets, first, last, runs, begins, ends, slot_at):
    """Pixels that the rays of a plane cross between the levels `first` and `last`, by the level they enter at.

    `offsets` (rays, levels) are those of the plane. `runs` (5, most) gets the ray, the step from its output
    pixel, the level at which it enters that pixel, the one at which it leaves it, and the slot; `begins` and
    `ends` (levels + 1,) the first of them that is not left, and the first that is not entered, before each
    level. `slot_at`, as long as steps lead from its middle either way, is scratch. Returns the number of slots.
    """
    count, slots, middle = 0, 0, len(slot_at) // 2
    slot_at[:] = -1
    for level in range(first, last):
        ends[level] = count
        for ray in range(len(offsets)):
            step = offsets[ray, level]
            if level > first and step == offsets[ray, level - 1]:
                continue
            leave = level + 1
            while leave < last and offsets[ray, leave] == step:
                leave += 1
            if slot_at[middle + step] < 0:
                slot_at[middle + step] = slots
                slots += 1
            runs[0, count], runs[1, count], runs[2, count], runs[3, count] = ray, step, level, leave
            runs[4, count] = slot_at[middle + step]
            count += 1
    ends[:first], ends[last:] = 0, count
    run = 0
    for level in range(len(begins)):
        while run < count and runs[3, run] <= level:
            run += 1
        begins[level] = run
    return slots


@compiled
def find_stops(planes, pixels, stops, stop_at):
    """Levels at which the rays of pairs stop, `stops` (rays, pairs), into `stop_at` (planes, rays, pixels)."""
    for ray in range(len(stops)):
        row = stops[ray]
        for pair in range(len(pixels)):
            stop_at[planes[pair], ray, pixels[pair]] = row[pair]


@compiled
def find_passing(
    pixel, nearest, farthest, order, runs, begins, ends, pair_of, hits, stop_at, residual, passing, bounds,
    before, rest,
):  # fmt: skip
    """Rays that pass over a pixel between two levels and have not stopped before, plane by plane in `order`.

    `passing` (most, 3) gets the run and the pixel and the level at which the ray stops, `bounds` (planes +
    1,) the number of rays before each plane, `before` (planes, channels, slots) the residuals of their
    pairs, else 0, and `rest` (planes + 1,) the sums of their squares from each plane on.
    """
    count = 0
    for place in range(len(order)):
        plane = order[place]
        bounds[place] = first = count
        ray, step, enter, leave = runs[plane, 0], runs[plane, 1], runs[plane, 2], runs[plane, 3]
        stop, pairs, own, slot = stop_at[plane], pair_of[plane], before[place], runs[plane, 4]
        for run in range(begins[plane, nearest], ends[plane, min(farthest, ends.shape[1] - 1)]):
            last = stop[ray[run], pixel - step[run]]
            passing[count, 0], passing[count, 2] = run, last  # overwritten by the next one if it does not pass
            count += (last >= max(enter[run], nearest)) & (leave[run] > nearest)
        for channel in range(len(own)):
            for index in range(own.shape[1]):
                own[channel, index] = ZERO
        for index in range(first, count):
            run = passing[index, 0]
            pair = pairs[pixel - step[run]]
            passing[index, 1] = hits[ray[run], pair]
            for channel in range(len(own)):
                own[channel, slot[run]] = residual[pair, channel]
    bounds[len(order)], rest[len(order)] = count, ZERO
    for place in range(len(order) - 1, -1, -1):
        total = ZERO
        for channel in range(before.shape[1]):
            own = before[place, channel]
            for index in range(len(own)):
                total += own[index] * own[index]
        rest[place] = rest[place + 1] + total


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
    pixel, nearest, farthest, labels, source, offsets, end, tolerance, runs, passing, image, change, share,
    new_hits, new_stops,
):  # fmt: skip
    """Follow again the rays of a plane that pass over a pixel between two levels, whose own level has changed.

    `change` (channels, slots) gets what that does to the predictions as long as the pixel keeps its colour,
    `share` (slots,) the weight of that colour in what they hit now. `offsets` (rays, levels), `end` and `runs`
    are those of the plane; `new_hits` and `new_stops` get where the rays stop, -1 where nothing changes.
    """
    for slot in range(len(share)):
        share[slot] = ZERO
    for channel in range(len(change)):
        own = change[channel]
        for slot in range(len(own)):
            own[slot] = ZERO
    part = ONE / np.float32(len(offsets))
    for index in range(len(passing)):
        run, old, last = passing[index, 0], passing[index, 1], passing[index, 2]
        ray, leave, slot = runs[0, run], runs[3, run], runs[4, run]
        level = max(runs[2, run], nearest)
        new_hits[index] = -1
        if level >= min(leave, farthest) or last < level:
            continue
        hit, stop = follow(pixel, labels, offsets[ray], level, leave, end, tolerance, old, last)
        new = source[hit]
        if new == old and new != pixel:
            continue
        new_hits[index], new_stops[index] = new, stop
        if new == pixel:
            share[slot] += part
        if image.shape[1] == 3:
            change[0, slot] += part * (image[new, 0] - image[old, 0])
            change[1, slot] += part * (image[new, 1] - image[old, 1])
            change[2, slot] += part * (image[new, 2] - image[old, 2])
        else:
            for channel in range(image.shape[1]):
                change[channel, slot] += part * (image[new, channel] - image[old, channel])
