"""Compiled kernels that follow rays again where one pixel has another level; they release the GIL.

A *pair* is an output pixel in one plane, whose rays were traced; windows, pixels and offsets are those of
:mod:`napari_defocus.optics.ray_kernels`. The rays that pass over a pixel are found once for all the levels
that are tried there, and what belongs to their pairs is put side by side, in *slots*.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled
from napari_defocus.optics.ray_kernels import march

ZERO, ONE = np.float32(0.0), np.float32(1.0)


@compiled
def find_runs(offsets, first, last, steps, enters, counts, run_at):
    """Pixels that each ray crosses between the levels `first` and `last` of its plane, one after the other.

    `steps` (planes, rays, runs) gets the step from the ray's output pixel to each of them, `enters` (planes,
    rays, runs + 1) the levels at which the ray enters them and leaves the last one, `counts` (planes, rays)
    their number, `run_at` (planes, rays, levels) the first of them that the ray has not left at a level.
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
            run = 0
            for level in range(offsets.shape[2]):
                while run < count and enters[plane, ray, run + 1] <= level:
                    run += 1
                run_at[plane, ray, level] = run


@compiled
def find_passing(
    pixel, nearest, farthest, order, steps, enters, counts, run_at, pair_of, hits, stops, slot_of,
    passing, met, ends,
):  # fmt: skip
    """Rays that pass over a pixel between two levels and have not stopped before, plane by plane in `order`.

    `passing` (most, 6) gets ray, the levels at which they enter the pixel and leave it, the slot of their
    pair, and the pixel and the level at which they stop. `met` (most,) gets the pair of each slot; `slot_of`
    (pairs,) is -1 before and after. `ends` (planes + 1, 2) gets the numbers of rays and of slots before each
    plane.
    """
    count, slots = 0, 0
    for place in range(len(order)):
        plane = order[place]
        ends[place, 0], ends[place, 1] = count, slots
        pairs = pair_of[plane]
        for ray in range(steps.shape[1]):
            step, enter, stop = steps[plane, ray], enters[plane, ray], stops[ray]
            for run in range(run_at[plane, ray, nearest], counts[plane, ray]):
                if enter[run] >= farthest:
                    break
                pair = pairs[pixel - step[run]]
                if pair < 0 or stop[pair] < max(enter[run], nearest):
                    continue
                if slot_of[pair] < 0:
                    slot_of[pair], met[slots] = slots, pair
                    slots += 1
                row = passing[count]
                row[0], row[1], row[2] = ray, enter[run], enter[run + 1]
                row[3], row[4], row[5] = slot_of[pair], hits[ray, pair], stop[pair]
                count += 1
    ends[len(order), 0], ends[len(order), 1] = count, slots
    for slot in range(slots):
        slot_of[met[slot]] = -1


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
    pixel, nearest, farthest, labels, source, offsets, end, tolerance, passing, image, change, share,
    new_hits, new_stops,
):  # fmt: skip
    """Follow again the rays of a plane that pass over a pixel between two levels, whose own level has changed.

    To `change` (channels, slots) is added what that does to the predictions as long as the pixel keeps its
    colour, to `share` (slots,) the weight of that colour in what they hit now. `offsets` (rays, levels) and
    `end` are those of the plane; `new_hits` and `new_stops` get where the rays stop, -1 where nothing changes.
    """
    part = ONE / np.float32(len(offsets))
    for index in range(len(passing)):
        row = passing[index]
        ray, leave, slot, old, last = row[0], row[2], row[3], row[4], row[5]
        level = max(row[1], nearest)
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
