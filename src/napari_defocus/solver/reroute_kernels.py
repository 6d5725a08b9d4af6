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
