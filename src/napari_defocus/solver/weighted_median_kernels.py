"""Compiled kernels of the weighted median; they release the GIL."""

import numpy as np

from napari_defocus.optics.basis_kernels import ONE
from napari_defocus.optics.compiling import compiled
from napari_defocus.solver.depth_kernels import ZERO

HALF, SIXTH = np.float32(0.5), np.float32(1 / 6)
LEAST = np.float32(1e-3)


@compiled
def vote(levels, image, y, x, fall, sharpness, votes, room):
    """Weight of each level around a pixel; the window is cut at the frame.

    Parameters
    ----------
    levels : (Y, X), int32
        What is voted on, from 0.
    image : (channels, Y, X)
        All-in-focus image.
    y, x : int
        The pixel.
    fall : (2 radius + 1,)
        Weight of a row or column of the window.
    sharpness : float
        A pixel weighs ``exp(-sharpness * d2)`` with the squared difference `d2` of its colour.
    votes, room : (levels,)
        Get the weights, and what they would be if all looked alike.

    Returns
    -------
    float, float
        Their sums.
    """
    height, width = levels.shape
    radius = len(fall) // 2
    votes[:] = ZERO
    room[:] = ZERO
    total = whole = ZERO
    for v in range(max(y - radius, 0), min(y + radius + 1, height)):
        for u in range(max(x - radius, 0), min(x + radius + 1, width)):
            apart = ZERO
            for c in range(len(image)):
                difference = image[c, v, u] - image[c, y, x]
                apart += difference * difference
            place = fall[v - y + radius] * fall[u - x + radius]
            weight = place * np.exp(-sharpness * apart)
            votes[levels[v, u]] += weight
            room[levels[v, u]] += place
            total += weight
            whole += place
    return total, whole


@compiled
def near(votes, level, tolerance):
    """Sum of the votes for levels that differ by no more than `tolerance`."""
    total = ZERO
    for other in range(max(level - tolerance, 0), min(level + tolerance + 1, len(votes))):
        total += votes[other]
    return total


@compiled
def support(votes, room, median, own, tolerance, share, likeness, plenty):
    """How far the votes are for the median against the pixel's own level.

    The weight of the levels near it over that of those near the own level, times the same per room to the
    power of `likeness` (how much more the pixels there look like this one; it does not count itself), times
    the share of all votes in all room to the power of `plenty` (where little looks alike, chance decides).
    """
    new, old = near(votes, median, tolerance), near(votes, own, tolerance)
    others = max(near(room, own, tolerance) - ONE, LEAST)
    likelier = new / near(room, median, tolerance) / max((old - ONE) / others, LEAST)
    return new / old * likelier**likeness * share**plenty


@compiled
def median_rows(
    levels, image, wanted, first, fall, sharpness, majorities, powers, tolerance, votes, room, out
):
    """Weighted median of the levels around the wanted pixels of some rows.

    Parameters
    ----------
    levels, image, fall, sharpness, votes, room
        As for :func:`vote`.
    wanted : (y, X), bool
        Pixels of the rows for which it is taken; elsewhere the level stays.
    first : int
        Row of `levels` that is the first of `out`.
    majorities : float, float
        Support (:func:`support`) that the median needs where it is lower than the pixel's own level, and
        where it is higher.
    powers : float, float
        Those of the support.
    tolerance : int
        Levels that differ by no more are near.
    out : (y, X), int32
        Gets the levels.
    """
    for i in range(len(out)):
        y = first + i
        for x in range(levels.shape[1]):
            own = levels[y, x]
            out[i, x] = own
            if not wanted[i, x]:
                continue
            total, whole = vote(levels, image, y, x, fall, sharpness, votes, room)
            median, below = 0, votes[0]
            while below < HALF * total and median < len(votes) - 1:
                median += 1
                below += votes[median]
            if abs(median - own) <= tolerance:
                continue
            found = support(votes, room, median, own, tolerance, total / whole, *powers)
            if found > majorities[int(median > own)]:
                out[i, x] = median


@compiled
def fading(square):
    """``exp(-square)`` to 1e-6, without a call, so that rows are vectorised."""
    x = min(square, np.float32(16)) * np.float32(1 / 16)
    e = ONE - x * (ONE - x * (HALF - x * (SIXTH - x * (np.float32(1 / 24) - x * np.float32(1 / 120)))))
    e *= e
    e *= e
    e *= e
    return e * e


@compiled
def agreement_rows(levels, image, wanted, first, fall, sharpness, tolerance, apart, total, out):
    """Share of the votes around the wanted pixels of some rows that are near their own level; elsewhere 1.

    Parameters as for :func:`median_rows`, but `wanted` (Y, X) is of the whole image; `apart` and `total` (X,)
    are scratch, `out` (y, X) gets the shares.
    """
    height, width = levels.shape
    radius = len(fall) // 2
    for i in range(len(out)):
        y, shares = first + i, out[i]
        begin, end = 0, width
        while begin < width and not wanted[y, begin]:
            begin += 1
        while end > begin and not wanted[y, end - 1]:
            end -= 1
        total[:] = ZERO
        shares[:] = ZERO
        for v in range(max(y - radius, 0), min(y + radius + 1, height)):
            for across in range(-radius, radius + 1):
                distance = fall[v - y + radius] * fall[across + radius]
                low, high = max(begin, -across), min(end, width - across)
                count = high - low
                if count <= 0:
                    continue
                for c in range(len(image)):
                    here, there = image[c, y, low:high], image[c, v, low + across : high + across]
                    for x in range(count):
                        difference = there[x] - here[x]
                        before = apart[x] if c > 0 else ZERO
                        apart[x] = before + difference * difference
                own, other = levels[y, low:high], levels[v, low + across : high + across]
                sums, nears = total[low:high], shares[low:high]
                for x in range(count):
                    weight = distance * fading(sharpness * apart[x])
                    sums[x] += weight
                    nears[x] += weight if abs(other[x] - own[x]) <= tolerance else ZERO
        for x in range(width):
            shares[x] = shares[x] / total[x] if wanted[y, x] else ONE
