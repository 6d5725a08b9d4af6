"""Compiled kernels of the rays through the aperture; they release the GIL.

Pixels are flat indices of a window with a margin as wide as the rays go, so that a step is one addition:
``offsets[plane, ray, level]`` leads from a ray's output pixel to where it is at a level. Levels count from
near to far, and `labels` are the levels of the pixels' surfaces.
"""

import numpy as np

from napari_defocus.optics.compiling import compiled, compiled_exactly


@compiled_exactly
def march(labels, pixel, offsets, level, end, tolerance):
    """Pixel and level at which a ray stops, from `level` on.

    At the first pixel whose surface it meets, at most `tolerance` levels behind it; a ray that is farther
    behind ducks behind an edge and takes the last pixel that it was in front of.
    """
    while level < end:
        here = pixel + offsets[level]
        behind = level - labels[here]
        if behind >= 0:
            return (here if behind <= tolerance else pixel + offsets[max(level - 1, 0)]), level
        level += 1
    return pixel + offsets[max(level - 1, 0)], level


@compiled_exactly
def spans_of_pixel(pixel, plane, first, last, nearest, spans):
    """Levels through which rays of a pixel have to be followed, into `spans` (ranges, 2); their number.

    Nothing is met before the nearest surface within the range that the rays stay in.
    """
    ranges = len(first)
    level, count = first[0, plane], 0
    for index in range(ranges):
        level = max(level, min(nearest[index, pixel], last[index, plane]))
        until = first[index + 1, plane] if index + 1 < ranges else last[0, plane]
        if level < until or index + 1 == ranges:
            spans[count, 0], spans[count, 1] = level, until
            level, count = until, count + 1
    return count


@compiled_exactly
def trace(labels, source, offsets, first, last, tolerance, planes, pixels, nearest, spans, hits, stops):
    """Trace the rays of each pair of plane and pixel.

    Parameters
    ----------
    labels, source : ndarray, (pixels,), int32
        Level of each pixel of the window, and the pixel that it mirrors (itself within the frame).
    offsets : ndarray, (planes, rays, levels), int32
    first, last : ndarray, (ranges, planes), int32
        Levels between which the rays of a plane stay within a range, widest range first; they begin and end
        with that.
    tolerance : int
    planes, pixels : ndarray, (pairs,), int32
        The pairs.
    nearest : ndarray, (ranges, pixels), int32
        Least level of all pixels within each range.
    spans : ndarray, (ranges, 2), int64
        Scratch.
    hits, stops : ndarray, (pairs, rays), int32 and int16
        Out: pixel that each ray takes, level at which it stops.
    """
    for pair in range(len(pixels)):
        plane, pixel = planes[pair], pixels[pair]
        count = spans_of_pixel(pixel, plane, first, last, nearest, spans)
        for ray in range(hits.shape[1]):
            steps = offsets[plane, ray]
            hit, stop = march(labels, pixel, steps, spans[0, 0], spans[0, 1], tolerance)
            for span in range(1, count):
                if stop < spans[span - 1, 1]:
                    break
                hit, stop = march(labels, pixel, steps, spans[span, 0], spans[span, 1], tolerance)
            hits[pair, ray] = source[hit]
            stops[pair, ray] = stop


@compiled
def gather(hits, image, out):
    """Mean of the image (pixels, channels) at the hits of each pair, (pairs, channels)."""
    pairs, rays = hits.shape
    share = np.float32(1.0 / rays)
    for pair in range(pairs):
        if image.shape[1] == 3:  # all three at once: the hits are read a third as often
            red, green, blue = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for ray in range(rays):
                pixel = hits[pair, ray]
                red += image[pixel, 0]
                green += image[pixel, 1]
                blue += image[pixel, 2]
            out[pair, 0], out[pair, 1], out[pair, 2] = red * share, green * share, blue * share
        else:
            for channel in range(image.shape[1]):
                total = np.float32(0.0)
                for ray in range(rays):
                    total += image[hits[pair, ray], channel]
                out[pair, channel] = total * share


@compiled
def scatter(hits, values, out):
    """Add the adjoint of :func:`gather` of `values` (pairs, channels) to `out` (pixels, channels)."""
    pairs, rays = hits.shape
    share = np.float32(1.0 / rays)
    for pair in range(pairs):
        if values.shape[1] == 3:
            red, green, blue = values[pair, 0] * share, values[pair, 1] * share, values[pair, 2] * share
            for ray in range(rays):
                pixel = hits[pair, ray]
                out[pixel, 0] += red
                out[pixel, 1] += green
                out[pixel, 2] += blue
        else:
            for channel in range(values.shape[1]):
                value = values[pair, channel] * share
                for ray in range(rays):
                    out[hits[pair, ray], channel] += value


@compiled
def normal(hits, weights, image, out):
    """Add the adjoint of :func:`gather` of the weighted :func:`gather` of an image to `out`: one pass.

    `weights` (pairs,), pairs without weight cost nothing; `image` and `out` (pixels, channels).
    """
    pairs, rays = hits.shape
    share = np.float32(1.0 / rays)
    for pair in range(pairs):
        weight = weights[pair] * share * share
        if weight == 0:
            continue
        if image.shape[1] == 3:
            red, green, blue = np.float32(0.0), np.float32(0.0), np.float32(0.0)
            for ray in range(rays):
                pixel = hits[pair, ray]
                red += image[pixel, 0]
                green += image[pixel, 1]
                blue += image[pixel, 2]
            red, green, blue = red * weight, green * weight, blue * weight
            for ray in range(rays):
                pixel = hits[pair, ray]
                out[pixel, 0] += red
                out[pixel, 1] += green
                out[pixel, 2] += blue
        else:
            for channel in range(image.shape[1]):
                total = np.float32(0.0)
                for ray in range(rays):
                    total += image[hits[pair, ray], channel]
                total *= weight
                for ray in range(rays):
                    out[hits[pair, ray], channel] += total


@compiled
def share_in(hits, mask, out):
    """Share of the rays of each pair that hit a pixel of the mask (pixels,), bool, into `out` (pairs,)."""
    pairs, rays = hits.shape
    for pair in range(pairs):
        count = 0
        for ray in range(rays):
            count += mask[hits[pair, ray]]
        out[pair] = np.float32(count) / np.float32(rays)


@compiled
def share_behind(hits, stops, labels, out):
    """Share of the rays of each pair that stop nearer than what they hit, into `out` (pairs,)."""
    pairs, rays = hits.shape
    for pair in range(pairs):
        count = 0
        for ray in range(rays):
            count += labels[hits[pair, ray]] > stops[pair, ray]
        out[pair] = np.float32(count) / np.float32(rays)
