"""Compiled kernels that follow rays again where one pixel has another level; they release the GIL.

A *pair* is an output pixel in one plane, whose rays were traced; windows, pixels and offsets are those of
:mod:`napari_defocus.optics.ray_kernels`. The rays that pass over a pixel are found once for all the levels
that are tried there. Which ray passes over it on which levels, if nothing stops it before, is the same for
all pixels: these *runs* are listed once for each plane, and what belongs to their pairs is put side by side,
in a *slot* for each step from a pair to the pixel.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.optics.ray_kernels import U, march

ZERO, ONE = np.float32(0.0), np.float32(1.0)


@compiled
def find_runs(offsets, first, last, pixels, runs, begins, ends, slot_at):
    """Pixels that the rays of a plane cross between two levels, by the level at which they enter them.

    `offsets` (rays, levels) are those of the plane. `runs` (6, most) gets the ray, the step from its output
    pixel, the level at which it enters that pixel, the one at which it leaves it, the slot, and the step in
    a table (rays, pixels) from the pixel to the ray's place; `begins` and `ends` (levels + 1,) the first of
    them that is not left, and the first that is not entered, before each level. `slot_at`, as long as steps
    lead from its middle either way, is scratch. Returns the number of slots.
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
            runs[4, count], runs[5, count] = slot_at[middle + step], ray * pixels - step
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
    """Put the levels at which rays stop, `stops` (rays, pairs), into `stop_at` (planes, rays * pixels)."""
    size = stop_at.shape[1] // len(stops)
    for ray in range(len(stops)):
        row = stops[ray]
        for pair in range(len(pixels)):
            stop_at[planes[pair], ray * size + pixels[pair]] = row[pair]


@compiled
def find_running(pixel, nearest, first, last, runs, stop_at, found):
    """Find the runs from `first` to `last` that are not stopped or left before, into `found`; how many."""
    enter, leave, where = runs[2, first:last], runs[3, first:last], runs[5, first:last]
    count = U(0)
    for index in range(len(enter)):
        found[count] = first + index  # the next one is written over it if this one has
        stop = stop_at[U(pixel + where[index])]
        count += U((stop >= max(enter[index], nearest)) & (leave[index] > nearest))
    return np.int64(count)


@compiled
def find_passing(
    pixel, nearest, farthest, used, runs, begins, ends, pair_of, hits, stop_at, residual, passing, bounds,
    before, rest,
):  # fmt: skip
    """Rays that pass over a pixel between two levels, if not stopped before, plane by plane of those `used`.

    One that ends before `nearest`, behind something nearer than all that is tried, is left out, though it may
    show the pixel: to count it takes a twentieth more time, and the depth is no better for it.

    `passing` (3, most) gets the run and the pixel and the level at which the ray stops, `bounds` (planes +
    1,) the number of rays before each plane, `before` (planes, channels, slots) the residuals of their
    pairs, else 0, and `rest` (planes + 1,) the sums of their squares from each plane on.
    """
    count = 0
    for place in range(len(used)):
        plane = used[place]
        bounds[place] = count
        begin, end = begins[plane, nearest], ends[plane, min(farthest, ends.shape[1] - 1)]
        few = find_running(pixel, nearest, begin, end, runs[plane], stop_at[plane], passing[0, count:])
        ray, step, slot, where = runs[plane, 0], runs[plane, 1], runs[plane, 4], runs[plane, 5]
        stop, pairs, own = stop_at[plane], pair_of[plane], before[place]
        for channel in range(len(own)):
            row = own[channel]
            for index in range(len(row)):
                row[index] = ZERO
        found, hit, last = passing[0, count : count + few], passing[1, count:], passing[2, count:]
        for index in range(len(found)):
            run = U(found[index])
            pair = U(pairs[U(pixel - step[run])])
            hit[index], last[index] = hits[U(ray[run]), pair], stop[U(pixel + where[run])]
            for channel in range(len(own)):
                own[channel, U(slot[run])] = residual[pair, channel]
        count += few
    bounds[len(used)], rest[len(used)] = count, ZERO
    for place in range(len(used) - 1, -1, -1):
        total = ZERO
        for channel in range(before.shape[1]):
            own = before[place, channel]
            for index in range(len(own)):
                total += own[index] * own[index]
        rest[place] = rest[place + 1] + total


@compiled
def follow(pixel, labels, steps, level, leave, end, tolerance, beside, hit, stop):
    """Pixel and level at which a ray stops now, that passes over a pixel with a new level.

    It is over the pixel from `level` up to `leave`, and stopped before at `stop` with the hit `hit`. Only
    where it stopped there and does so no more has it to be followed.
    """
    step = steps[U(level)]
    start = pixel - step
    while leave < end and steps[U(leave)] == step:
        leave += 1
    meets = max(level, labels[U(pixel)])
    if meets < leave:
        if meets - labels[U(pixel)] <= tolerance:
            return pixel, meets
        if steps[U(max(level - 1, 0))] == step:  # the run begins late: the ray was over the pixel before
            return pixel, np.int64(labels[U(pixel)])
        return start + steps[U(max(level - 1, 0))] + beside, meets
    if stop >= leave:
        return hit, stop
    return march(labels, start, steps, leave, end, tolerance, beside)


@compiled
def reroute(
    pixel, nearest, farthest, labels, source, offsets, end, tolerance, beside, side_light, runs, passing,
    image, change, share, new_hits, new_stops,
):  # fmt: skip
    """Follow again the rays of a plane that pass over a pixel, whose own level has changed.

    `change` (channels, slots) gets what that does to the predictions as long as the pixel keeps its colour,
    `share` (slots,) the weight of that colour in what they hit now. `offsets` (rays, levels), `end` and
    `runs` are those of the plane; `new_hits` and `new_stops` get where the rays stop, -1 where nothing
    changes.
    """
    for slot in range(len(share)):
        share[slot] = ZERO
    for channel in range(len(change)):
        own = change[channel]
        for slot in range(len(own)):
            own[slot] = ZERO
    part, side = ONE / np.float32(len(offsets)), pixel + beside
    found, old_hits, old_stops = passing[0], passing[1], passing[2]
    for index in range(len(found)):
        run, old, last = U(found[index]), U(old_hits[index]), old_stops[index]
        level, leave = max(runs[2, run], nearest), runs[3, run]
        new_hits[index] = -1
        if level >= min(leave, farthest) or last < level:
            continue
        hit, stop = follow(
            pixel, labels, offsets[U(runs[0, run])], level, leave, end, tolerance, beside, old_hits[index],
            last,
        )  # fmt: skip
        new, slot = U(source[U(hit)]), U(runs[4, run])
        if new == old and new != U(pixel) and new != U(side):
            continue
        new_hits[index], new_stops[index] = new, stop
        if new == U(pixel):
            share[slot] += part
        elif new == U(side):
            share[slot] += part * side_light
        if image.shape[1] == 3:
            change[0, slot] += part * (image[new, 0] - image[old, 0])
            change[1, slot] += part * (image[new, 1] - image[old, 1])
            change[2, slot] += part * (image[new, 2] - image[old, 2])
        else:
            for channel in range(image.shape[1]):
                change[channel, slot] += part * (image[new, channel] - image[old, channel])
