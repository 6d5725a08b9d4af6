"""Rows of pixels (compiled): rays through the aperture, averaged."""

from math import cos, inf, pi, sin, sqrt

from napari_defocus.simulation.compiling import inlined, kernel
from napari_defocus.simulation.intersection import first_hit
from napari_defocus.simulation.shading import illumination
from napari_defocus.simulation.texturing import texel_channel


@kernel
def trace_rows(  # type: ignore[no-untyped-def]
    image,
    p,
    t,
    texels,
    heights,
    light,
    samples,
    shifts,
    factor,
    first,
    last,
    telecentric,
    center,
    scale,
    focus,
    aperture,
    s_min,
):
    """Fill rows `first` to `last` of a (rows, columns, channels) image; return how many rays met nothing.

    A pixel of the result is a block of `factor` x `factor` sub-pixels of `image`. `samples`, (sub-pixels, n,
    6) in [0, 1), hold two numbers each for the aperture, the place in the sub-pixel, and the light. A pixel
    adds its own `shifts`, (pixels, pixels, 6), modulo 1, so that neighbours do not share a pattern.
    """
    lost = 0
    count = samples.shape[1]
    for row in range(first, last):
        for column in range(image.shape[1]):
            part = row % factor * factor + column % factor
            pixel_shifts = shifts[row // factor, column // factor]
            for k in range(count):
                lens_u = _turn(samples[part, k, 0], pixel_shifts[0])
                lens_v = _turn(samples[part, k, 1], pixel_shifts[1])
                y = row + _turn(samples[part, k, 2], pixel_shifts[2]) - 0.5
                x = column + _turn(samples[part, k, 3], pixel_shifts[3]) - 0.5
                radius, angle = aperture * sqrt(lens_u), 2 * pi * lens_v
                ox, oy, oz, dx, dy, dz = pixel_ray(
                    telecentric,
                    x - center[1],
                    y - center[0],
                    scale,
                    focus,
                    radius * cos(angle),
                    radius * sin(angle),
                )
                i, s, a, b = first_hit(p, t, texels, heights, ox, oy, oz, dx, dy, dz, s_min, inf)
                if i < 0:
                    lost += 1
                    continue
                footprint = scale if telecentric else scale * focus * s
                light_u = _turn(samples[part, k, 4], pixel_shifts[4])
                light_v = _turn(samples[part, k, 5], pixel_shifts[5])
                irradiance = illumination(
                    p,
                    t,
                    texels,
                    heights,
                    light,
                    i,
                    s,
                    a,
                    b,
                    ox,
                    oy,
                    oz,
                    dx,
                    dy,
                    dz,
                    footprint,
                    light_u,
                    light_v,
                )
                for channel in range(image.shape[2]):
                    image[row, column, channel] += (
                        irradiance * texel_channel(p, t, texels, i, a, b, channel) / count
                    )
    return lost


@kernel
def trace_chief_rays(depth, surface, p, t, texels, heights, telecentric, center, scale, focus, s_min):  # type: ignore[no-untyped-def]
    """Fill the depth, and which surface is seen (-1: none), on the chief rays of all pixel centres."""
    for row in range(depth.shape[0]):
        for column in range(depth.shape[1]):
            ox, oy, oz, dx, dy, dz = pixel_ray(
                telecentric, column - center[1], row - center[0], scale, focus, 0.0, 0.0
            )
            i, s, _, _ = first_hit(p, t, texels, heights, ox, oy, oz, dx, dy, dz, s_min, inf)
            depth[row, column] = oz + s * dz
            surface[row, column] = i


@inlined
def pixel_ray(telecentric, x, y, scale, focus, lens_x, lens_y):  # type: ignore[no-untyped-def]
    """Return origin and direction of the ray of a pixel, `x` and `y` from the middle, and an aperture point.

    A camera's ray starts on the lens and is in focus at ``s = 1``; a microscope's is in focus at ``s = 0``.
    """
    if telecentric:
        return x * scale, y * scale, focus, lens_x, lens_y, -1.0
    return (
        lens_x,
        lens_y,
        0.0,
        x * scale * focus - lens_x,
        y * scale * focus - lens_y,
        focus,
    )


@inlined
def _turn(number, shift):  # type: ignore[no-untyped-def]
    """Sum modulo 1 of two numbers in [0, 1)."""
    total = number + shift
    return total - 1 if total >= 1 else total
