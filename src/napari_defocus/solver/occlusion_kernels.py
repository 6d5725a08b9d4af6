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

GAIN = np.float32(0.1)
"""Most that a pixel's level is taken to lower the squared residuals of a plane by, as a share of those that
it touches. With 1 the bound is exact; few pixels get another depth, and it takes far longer."""


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
def add_plane(before, change, share, sums):
    """Add the slots of a plane to what the sum of squares does, a quadratic in the pixel's colour.

    `sums` (2 + channels,) are its curvature, its value where the colour is kept, and half its slopes there.
    """
    curvature = ZERO
    for slot in range(len(share)):
        curvature += share[slot] * share[slot]
    sums[0] += curvature
    for channel in range(len(change)):
        was, by = before[channel], change[channel]
        kept, slope = ZERO, ZERO
        for slot in range(len(share)):
            kept += by[slot] * (by[slot] + was[slot] + was[slot])
            slope += share[slot] * (by[slot] + was[slot])
        sums[1] += kept
        sums[2 + channel] += slope


@compiled
def best_colour(sums, now, target, pull, white, colour):
    """Colour of the pixel that costs least by that quadratic and the pull, within [0, white]; the cost."""
    total = sums[1]
    for channel in range(len(colour)):
        away, slope = target[channel] - now[channel], sums[2 + channel]
        wanted = now[channel] + (pull * away - slope) / (sums[0] + pull)
        colour[channel] = min(max(np.float32(wanted), ZERO), white)
        step = colour[channel] - now[channel]
        total += step * (slope + slope + sums[0] * step) + pull * (step - away) ** 2
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
def judge(
    pixel, nearest, farthest, labels, source, offsets, spans, tolerance, beside, side_light, used, runs,
    passing, bounds, image, target, pull, white, limit, before, rest, change, share, new_hits, new_stops,
    sums, colour,
):  # fmt: skip
    """Cost of a pixel's new level in residuals and pull, and its best colour; the rays go to `new_hits`.

    Plane by plane, as long as it may be below `limit`: the other planes can hardly gain more than a share
    `GAIN` of their residuals (`rest`).
    """
    sums[:] = 0.0
    cost = best_colour(sums, image[pixel], target, pull, white, colour)
    for place in range(len(used)):
        if cost - GAIN * rest[place] >= limit:
            break
        plane, first, last = used[place], bounds[place], bounds[place + 1]
        reroute(
            pixel, nearest, farthest, labels, source, offsets[plane], spans[plane], tolerance, beside,
            side_light, runs[plane], passing[:, first:last], image, change[place], share[place],
            new_hits[first:last], new_stops[first:last],
        )  # fmt: skip
        add_plane(before[place], change[place], share[place], sums)
        cost = best_colour(sums, image[pixel], target, pull, white, colour)
    return cost


@compiled
def take_over(
    pixel, used, runs, passing, bounds, new_hits, new_stops, change, share, colour, beside, side_light,
    pair_of, hits, stop_at, residual, image,
):  # fmt: skip
    """Make what was judged last the pixel's own."""
    for place in range(len(used)):
        plane = used[place]
        for index in range(bounds[place], bounds[place + 1]):
            run = passing[0, index]
            ray, slot, pair = (
                runs[plane, 0, run],
                runs[plane, 4, run],
                pair_of[plane, pixel - runs[plane, 1, run]],
            )
            if new_hits[index] >= 0:
                hits[ray, pair], stop_at[plane, pixel + runs[plane, 5, run]] = (
                    new_hits[index],
                    new_stops[index],
                )
            for channel in range(len(colour)):  # the first ray of a pair brings all that changes
                step = share[place, slot] * (colour[channel] - image[pixel, channel])
                residual[pair, channel] += change[place, channel, slot] + step
                change[place, channel, slot] = ZERO
            share[place, slot] = ZERO
    for channel in range(len(colour)):
        image[pixel, channel] = colour[channel]
        image[pixel + beside, channel] = side_light * colour[channel]


@compiled
def search(
    todo, width, labels, source, offsets, used, runs, begins, ends, spans, tolerance, beside, side_light,
    pair_of, hits, stop_at, residual, image, stack, sharpest, guide, neighbours, least_step, span, smoothness,
    spread, pull, white, candidates, colour, near, ties, bounds, rest, sums, passing, new_hits, new_stops,
    before, change, share,
):  # fmt: skip
    """Give each pixel of `todo` in turn the level of a neighbour where that lowers the objective.

    Parameters
    ----------
    todo : ndarray, (n,), int32
        Pixels to visit, in this order.
    width : int
        Columns of the window.
    labels, offsets, tolerance, hits
        As for :func:`ray_kernels.trace`; labels and hits are changed.
    source : ndarray, (pixels,) or (2 pixels,), int32
        Pixel that each pixel mirrors, and side that each side does.
    beside : int
        Number of pixels, or 0 where sides are nothing of their own.
    side_light : float32
        Light of sides as a share of that of what lies in front; 1 where they are nothing of their own.
    used : ndarray, (used planes,), int64
        Planes that count.
    spans : ndarray, (planes,), int32
        Level up to which the rays of a plane are followed.
    runs, begins, ends
        Pixels that the rays of each plane cross where they are so near that they count, each with the planes
        as first axis, see :func:`find_runs`.
    pair_of : ndarray, (planes, pixels), int32
        Pair of each pixel and plane, -1 for none.
    stop_at : ndarray, (planes, rays * pixels), int8
        Level at which each ray stops, -1 where there is no pair; changed.
    residual : ndarray, (pairs, channels), float32
        Prediction less observation; changed.
    image : ndarray, (pixels or 2 pixels, channels), float32
        The all-in-focus image, and what sides show of it; changed.
    guide : ndarray, (pixels, channels), float32
        The image whose edges the smoothness heeds.
    stack : ndarray, (planes, pixels, channels), float32
    sharpest : ndarray, (levels,), int32
        Plane that a colour is drawn to, by level.
    neighbours : ndarray, (m,), int32
        Steps to the neighbours whose levels are tried.
    least_step, span : int
        Least difference of levels that is tried, greatest that the smoothness counts.
    smoothness, spread, pull, white : float32
    candidates, colour, near, ties
        Scratch: levels, (channels,), eight neighbours (twice).
    bounds, rest, sums
        Scratch: (planes + 1,) int32 and float32, (2 + channels,) float64.
    passing, new_hits, new_stops
        Scratch as long as there are runs: (3, runs), (runs,), (runs,) int32.
    before, change, share
        Scratch: twice (planes, channels, slots), (planes, slots) float32.

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
        find_passing(
            pixel, nearest, farthest, used, runs, begins, ends, pair_of, hits, stop_at, residual, passing,
            bounds, before, rest,
        )  # fmt: skip
        tie_count = find_ties(pixel, width, source, guide, spread, smoothness, near, ties)
        gap = ZERO
        for channel in range(len(colour)):
            gap += (image[pixel, channel] - stack[sharpest[old], pixel, channel]) ** 2
        best, least = old, ZERO
        for trial in range(count + 1):
            taken = trial == count  # the last time round the best is taken over
            if taken and best == old:
                break
            new = best if taken else candidates[trial]
            others = roughness_change(old, new, tie_count, near, ties, labels, span) - pull * gap
            labels[pixel] = new
            cost = others + judge(
                pixel, min(old, new), farthest, labels, source, offsets, spans, tolerance, beside, side_light,
                used, runs, passing, bounds, image, stack[sharpest[new], pixel], pull, white,
                np.inf if taken else least - others, before, rest, change, share, new_hits, new_stops, sums,
                colour,
            )  # fmt: skip
            if taken:
                take_over(
                    pixel, used, runs, passing, bounds, new_hits, new_stops, change, share, colour,
                    beside, side_light, pair_of, hits, stop_at, residual, image,
                )  # fmt: skip
                changed += 1
            else:
                labels[pixel] = old
                if cost < least:
                    least, best = cost, new
    return changed
