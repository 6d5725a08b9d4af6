"""Compiled kernel of the local regression; releases the GIL."""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO

ROUND = np.float32(0.1)
"""Added to the variances of the places, so that no plane is tilted across places in a line, px squared."""


LEAST = np.float32(1e-12)
"""Variance that is none, in units of the squared width within which values count."""


@compiled
def regression_rows(
    values, first, fall, stride, steepness, steepest, scatter, quiet, passes, sums, plane, out
):
    """Values at some rows of the planes fitted around their pixels; the window is cut at the frame.

    Parameters
    ----------
    values : (Y, X)
        What to fit.
    first : int
        Row of `values` that is the first of `out`.
    fall : (2 radius + 1,)
        Weight of a row or column of the window.
    stride : int
        Of its rows and columns every so many count, from the middle on.
    steepness, steepest : float
        Weight ``max(0, 1 - steepness * d2) ** 2`` at a squared distance `d2` from the plane, in the first
        pass; later as much steeper as the values scatter less, up to `steepest`.
    scatter : float
        Steepness times the variance around the plane, in later passes.
    quiet : float
        Variance around the plane at which a value goes half the way to it.
    passes : int
        How often each plane is fitted, to what the last one leaves weight; the first is level.
    sums, plane : (10, X), (5, X)
        Scratch.
    out : (y, X)
        Gets the values.
    """
    height, width = values.shape
    radius = len(fall) // 2
    reach = radius // stride * stride
    level, right, down, steep, noisy = plane[0], plane[1], plane[2], plane[3], plane[4]
    mass, at_x, at_y, at_z = sums[0], sums[1], sums[2], sums[3]
    xx, xy, yy, xz, yz, zz = sums[4], sums[5], sums[6], sums[7], sums[8], sums[9]
    for i in range(len(out)):
        y = first + i
        plane[:] = ZERO
        steep[:] = steepness
        for _ in range(passes):
            sums[:] = ZERO
            for dy in range(-reach, reach + 1, stride):
                v = y + dy
                if v < 0 or v >= height:
                    continue
                for dx in range(-reach, reach + 1, stride):
                    near = fall[dy + radius] * fall[dx + radius]
                    step_x, step_y = np.float32(dx), np.float32(dy)
                    for x in range(max(-dx, 0), min(width - dx, width)):
                        value = values[v, x + dx] - values[y, x]
                        apart = value - level[x] - right[x] * step_x - down[x] * step_y
                        alike = max(ONE - steep[x] * apart * apart, ZERO)
                        weight = near * alike * alike
                        weight_x, weight_y = weight * step_x, weight * step_y
                        mass[x] += weight
                        at_x[x] += weight_x
                        at_y[x] += weight_y
                        at_z[x] += weight * value
                        xx[x] += weight_x * step_x
                        xy[x] += weight_x * step_y
                        yy[x] += weight_y * step_y
                        xz[x] += weight_x * value
                        yz[x] += weight_y * value
                        zz[x] += weight * value * value
            for x in range(width):
                share = ONE / max(mass[x], np.float32(1e-6))
                mean_x, mean_y, mean_z = at_x[x] * share, at_y[x] * share, at_z[x] * share
                spread_x = xx[x] * share - mean_x * mean_x + ROUND
                spread_y = yy[x] * share - mean_y * mean_y + ROUND
                both = xy[x] * share - mean_x * mean_y
                rise_x, rise_y = xz[x] * share - mean_x * mean_z, yz[x] * share - mean_y * mean_z
                area = spread_x * spread_y - both * both
                right[x] = (spread_y * rise_x - both * rise_y) / area
                down[x] = (spread_x * rise_y - both * rise_x) / area
                varies = zz[x] * share - mean_z * mean_z - right[x] * rise_x - down[x] * rise_y
                varies = max(varies, LEAST)
                steep[x] = min(max(scatter / varies, steepness), steepest)
                level[x] = mean_z - right[x] * mean_x - down[x] * mean_y
                noisy[x] = varies / (varies + quiet)
        for x in range(width):
            out[i, x] = values[y, x] + noisy[x] * level[x]
