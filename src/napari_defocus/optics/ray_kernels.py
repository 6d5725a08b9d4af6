"""Compiled kernels of the rays through the aperture; they release the GIL.

Pixels are flat indices of a window with a margin as wide as the rays go, so that a step is one addition:
``offsets[plane, ray, level]`` leads from a ray's output pixel to where it is at a level. Levels count from
near to far, and `labels` are the levels of the pixels' surfaces. What a ray takes, its hit, is a pixel; or a
pixel plus `beside` where it ducks behind an edge: then it sees the side of something, which looks like that
pixel but for its light. With the number of pixels as `beside`, an image or a mask that hits are looked up in
is twice as long, sides last; with 0 sides are nothing of their own.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled, compiled_exactly

U = np.uint64
"""Makes an index unsigned: the compiler has to allow for negative ones otherwise, which costs time."""

TOGETHER = 128
"""Pairs that are worked on together: their values stay in the first-level cache."""


@compiled_exactly
def march(labels, pixel, offsets, level, end, tolerance, beside):
    """Pixel and level at which a ray stops, from `level` on.

    At the first pixel whose surface it meets, at most `tolerance` levels behind it; a ray that is farther
    behind ducks behind an edge and takes the last pixel that it was in front of, plus `beside`.
    """
    while level < end:
        here = pixel + offsets[U(level)]
        behind = level - labels[U(here)]
        if behind >= 0:
            front = pixel + offsets[U(max(level - 1, 0))] + beside
            return (here if behind <= tolerance else front), level
        level += 1
    return pixel + offsets[U(max(level - 1, 0))], level


@compiled_exactly
def levels_to_follow(pixel, count, plane, first, last, nearest, spans):
    """Levels through which the rays of `count` pixels in a row have to be followed, and the number of ranges.

    They go into `spans` (ranges, 2). Nothing is met before the nearest surface within the range that the rays
    stay in.
    """
    ranges = len(first)
    level, filled = first[0, plane], 0
    for index in range(ranges):
        closest = nearest[index, pixel]
        for one in nearest[index, pixel : pixel + count]:
            closest = min(closest, one)
        level = max(level, min(closest, last[index, plane]))
        until = first[index + 1, plane] if index + 1 < ranges else last[0, plane]
        if level < until or index + 1 == ranges:
            spans[filled, 0], spans[filled, 1] = level, until
            level, filled = until, filled + 1
    return filled


@compiled_exactly
def stop_together(labels, pixel, steps, spans, end, stops):
    """Level at which one ray of each pixel in a row stops, into `stops`: `end` where it meets nothing."""
    for i in range(len(stops)):
        stops[i] = end
    for span in range(len(spans)):
        level, until = spans[span, 0], spans[span, 1]
        while level < until:
            leave = level + 1  # the ray is over the same pixel up to there
            while leave < until and steps[leave] == steps[level]:
                leave += 1
            start, first, beyond = pixel + steps[level], np.int32(level), np.int32(leave)
            here, last = labels[start : start + len(stops)], np.int32(0)
            for i in range(len(stops)):
                met = here[i] if here[i] > first else first
                met = met if met < beyond else end
                stops[i] = met if met < stops[i] else stops[i]
                last = stops[i] if stops[i] > last else last
            if last < end:
                return
            level = leave


@compiled_exactly
def trace(
    labels, source, offsets, first, last, tolerance, beside, planes, pixels, nearest, spans, row, hits, stops
):  # fmt: skip
    """Trace the rays of each pair of plane and pixel.

    Pairs of neighbouring pixels are followed together: their rays are side by side on every level, which
    makes vectors of them.

    Parameters
    ----------
    labels, source : ndarray, (pixels,), int32
        Level of each pixel of the window, and the pixel that it mirrors (itself within the frame).
    offsets : ndarray, (planes, rays, levels), int32
    first, last : ndarray, (ranges, planes), int32
        Levels between which the rays of a plane stay within a range, widest range first; they begin and end
        with that.
    tolerance, beside : int
    planes, pixels : ndarray, (pairs,), int32
        The pairs.
    nearest : ndarray, (ranges, pixels), int32
        Least level of all pixels within each range.
    spans : ndarray, (ranges, 2), int64
        Scratch.
    row : ndarray, int32
        Scratch, as long as the most pairs that are followed together.
    hits, stops : ndarray, (rays, pairs), int32 and int16
        Out: pixel that each ray takes, level at which it stops.
    """
    pair = 0
    while pair < len(pixels):
        plane, pixel, count = planes[pair], pixels[pair], 1
        while (
            count < len(row)
            and pair + count < len(pixels)
            and pixels[pair + count] == pixel + count
            and planes[pair + count] == plane
        ):
            count += 1
        ranges = levels_to_follow(pixel, count, plane, first, last, nearest, spans)
        end, together = last[0, plane], row[:count]
        for ray in range(len(hits)):
            steps = offsets[plane, ray]
            stop_together(labels, pixel, steps, spans[:ranges], end, together)
            own_hits, own_stops = hits[ray, pair : pair + count], stops[ray, pair : pair + count]
            for i in range(count):
                level = together[i]
                hit, side = pixel + i + steps[U(min(level, end - 1))], 0
                if level == end or level - labels[U(hit)] > tolerance:  # met nothing, or ducks behind an edge
                    hit = pixel + i + steps[U(max(level - 1, 0))]  # its own pixel where it begins behind it
                    side = beside if first[0, plane] < level < end else 0
                own_hits[i], own_stops[i] = source[U(hit)] + side, level
        pair += count


@compiled
def add_hits(hits, image, out):
    """Add the image (pixels, channels) at four hits (4, pairs) of each pair to `out` (pairs, channels)."""
    first, second, third, fourth = hits[0], hits[1], hits[2], hits[3]
    # four at a time, the sum is read and written a quarter as often; three channels at once, the hits a third
    if image.shape[1] == 3:
        for i in range(len(first)):
            a, b, c, d = U(first[i]), U(second[i]), U(third[i]), U(fourth[i])
            out[i, 0] += image[a, 0] + image[b, 0] + image[c, 0] + image[d, 0]
            out[i, 1] += image[a, 1] + image[b, 1] + image[c, 1] + image[d, 1]
            out[i, 2] += image[a, 2] + image[b, 2] + image[c, 2] + image[d, 2]
        return
    for k in range(image.shape[1]):
        for i in range(len(first)):
            near = image[U(first[i]), k] + image[U(second[i]), k]
            out[i, k] += near + image[U(third[i]), k] + image[U(fourth[i]), k]


@compiled
def add_to_hits(hits, values, out):
    """Add the values (pairs, channels) to `out` (pixels, channels) at four hits (4, pairs) of each pair."""
    first, second, third, fourth = hits[0], hits[1], hits[2], hits[3]
    if values.shape[1] == 3:
        for i in range(len(first)):
            red, green, blue = values[i, 0], values[i, 1], values[i, 2]
            add_colour(U(first[i]), red, green, blue, out)
            add_colour(U(second[i]), red, green, blue, out)
            add_colour(U(third[i]), red, green, blue, out)
            add_colour(U(fourth[i]), red, green, blue, out)
        return
    for k in range(values.shape[1]):
        for i in range(len(first)):
            value = values[i, k]
            out[U(first[i]), k] += value
            out[U(second[i]), k] += value
            out[U(third[i]), k] += value
            out[U(fourth[i]), k] += value


@compiled
def add_colour(pixel, red, green, blue, out):
    """Add a colour to a pixel of `out` (pixels, 3)."""
    out[pixel, 0] += red
    out[pixel, 1] += green
    out[pixel, 2] += blue


@compiled
def gather(hits, image, out):
    """Mean of the image (pixels, channels) at the hits of each pair, into `out` (pairs, channels).

    `hits` are (rays, pairs), with a number of rays that is a multiple of four.
    """
    rays, pairs = hits.shape
    share = np.float32(1.0 / rays)
    for first in range(0, pairs, TOGETHER):
        some = out[first : first + TOGETHER]
        some[:] = np.float32(0.0)
        for ray in range(0, rays, 4):
            add_hits(hits[ray : ray + 4, first : first + TOGETHER], image, some)
        for i in range(len(some)):
            for channel in range(some.shape[1]):
                some[i, channel] *= share


@compiled
def gradient(hits, weights, image, observed, seen, out):
    """Add the adjoint of :func:`gather` of weighted residuals to `out`: one pass, no residual is stored.

    `weights` (pairs,); `image` and `out` (pixels, channels); `observed` (pairs, channels), or (0, channels)
    where nothing is taken away; `seen` (pairs together, channels) is scratch. Where none of the pairs
    together has weight, they cost nothing.
    """
    rays, pairs = hits.shape
    share = np.float32(1.0 / rays)
    for first in range(0, pairs, TOGETHER):
        most = np.float32(0.0)
        for weight in weights[first : first + TOGETHER]:
            most = max(most, weight)
        if most == 0:
            continue
        some = seen[: min(TOGETHER, pairs - first)]
        some[:] = np.float32(0.0)
        for ray in range(0, rays, 4):
            add_hits(hits[ray : ray + 4, first : first + TOGETHER], image, some)
        for i in range(len(some)):
            weight = weights[first + i] * share
            for channel in range(some.shape[1]):
                away = observed[first + i, channel] if len(observed) > 0 else np.float32(0.0)
                some[i, channel] = weight * (share * some[i, channel] - away)
        for ray in range(0, rays, 4):
            add_to_hits(hits[ray : ray + 4, first : first + TOGETHER], some, out)


@compiled
def sees(hits, mask, out):
    """Whether a ray of each pair hits a pixel of the mask (pixels,), bool, into `out` (pairs,), bool."""
    rays, pairs = hits.shape
    for pair in range(pairs):
        out[pair] = False
    for ray in range(rays):
        row = hits[ray]
        for pair in range(pairs):
            out[pair] |= mask[U(row[pair])]


@compiled
def share_behind(hits, stops, labels, out):
    """Share of the rays of each pair that stop nearer than what they hit, into `out` (pairs,)."""
    rays, pairs = hits.shape
    for pair in range(pairs):
        out[pair] = np.float32(0.0)
    for ray in range(rays):
        row, levels = hits[ray], stops[ray]
        for pair in range(pairs):
            out[pair] += np.float32(labels[U(row[pair])] > levels[pair]) / np.float32(rays)
