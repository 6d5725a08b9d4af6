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
    last = pixel + offsets[max(level - 1, 0)]
    while level < end:
        here = pixel + offsets[level]
        behind = level - labels[here]
        if behind >= 0:
            return (here if behind <= tolerance else last), level
        last = here
        level += 1
    return last, end


@compiled_exactly
def trace(labels, source, offsets, first, last, tolerance, planes, pixels, nearest, hits, stops):
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
    hits, stops : ndarray, (pairs, rays), int32 and int16
        Out: pixel that each ray takes, level at which it stops.
    """
    ranges = len(first)
    for pair in range(len(pixels)):
        plane, pixel = planes[pair], pixels[pair]
        end = last[0, plane]
        for ray in range(hits.shape[1]):
            steps = offsets[plane, ray]
            level = first[0, plane]
            hit, stop = pixel, level
            for index in range(ranges):
                # nothing is met before the nearest surface within the range
                level = max(level, min(nearest[index, pixel], last[index, plane]))
                until = first[index + 1, plane] if index + 1 < ranges else end
                if until <= level and index + 1 < ranges:
                    continue
                hit, stop = march(labels, pixel, steps, level, until, tolerance)
                if stop < until:
                    break
                level = until
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
