"""Whether planes are moved at all, and which are better left as they are."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from napari_defocus.alignment.matching import Floats
from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.result import PlaneAlignment
from napari_defocus.alignment.warping import STILL, common_frame, move

LEAST_MOTION = 0.25
"""Motion of the corner that moves most below which a stack counts as aligned, px (half of it on average)."""

SURE = 3.0
"""How many standard errors a motion must have to be believed."""

TELLING = 0.01
"""By how much moving must lower what the planes disagree by (1 - correlation), as a share of it."""

PEAKED = 0.5
"""By how much, as a share of what was gained, they must disagree again when moved twice as far. A real motion
is where agreement peaks. In still stacks a sharp zone that wanders over a slope looks like motion, but there
agreement goes on rising: the microscope sample gains 2.6 % by a false motion, more by twice of it."""

WORSE = 0.05
"""By how much a single plane may come to disagree more, as a share: what is within the noise."""

GREATEST_STRAIN = 1.0
"""Contradiction between comparisons of a plane above which it counts as not measured, px."""

LEAST_AGREEMENT = 0.2
"""Correlation with the neighbour below which a plane, once moved, shows another scene or only noise."""

GREATEST_ERROR = 2.0
"""Standard error above which a plane counts as not measured, px."""

GREATEST_GROWTH = 0.05
"""Change of scale beyond which a motion is implausible; focus breathing is a few per cent."""

GREATEST_TURN = 5.0
"""Rotation beyond which a motion is implausible, degrees."""

GREATEST_SHIFT = 0.1
"""Shift beyond which a motion is implausible, as a share of the longer side."""


def agreement(first: Floats, second: Floats, between: Motion) -> tuple[float, float, float]:
    """Return the correlation of two planes as they are, with the second moved by `between`, and twice so.

    Compared are the pixels that both planes show in all three cases.
    """
    twice = between.after(between)
    (top, bottom), (left, right) = common_frame([between, twice], (first.shape[0], first.shape[1]))
    if bottom - top < 2 or right - left < 2:
        return _correlation(first, second), -1.0, -1.0
    inside = slice(top, bottom), slice(left, right)
    before, after, beyond = (
        _correlation(first[inside], move(second, motion)[inside]) for motion in (STILL, between, twice)
    )
    return before, after, beyond


def judge(planes: Sequence[PlaneAlignment], reference: int, shape: tuple[int, int]) -> list[PlaneAlignment]:
    """Decide for each plane, measured but not yet accepted, whether it is moved, and say why not.

    Parameters
    ----------
    planes : sequence of PlaneAlignment
        As measured.
    reference : int
        The plane that stays.
    shape : (int, int)
        Height and width of the planes, px.
    """
    judged = []
    for index, plane in enumerate(planes):
        neighbour = index - 1 if index > reference else index + 1
        reason = "" if plane.largest < LEAST_MOTION else _objection(plane, neighbour, shape)
        note = f"Plane {index} stays as it is: {reason}." if reason else ""
        judged.append(replace(plane, accepted=not reason and index != reference, note=note))
    return judged if worth_it(judged) else [replace(plane, accepted=False) for plane in judged]


def telling(plane: PlaneAlignment) -> bool:
    """Whether a plane's motion is more than what may be found in one that did not move."""
    return plane.largest >= max(LEAST_MOTION, SURE * plane.error)


def worth_it(planes: Sequence[PlaneAlignment]) -> bool:
    """Whether the planes that are to be moved have a motion that tells, and agree best with it taken out."""
    moved = [plane for plane in planes if plane.accepted]
    before, after, beyond = (
        sum(1 - getattr(plane, f"agreement_{when}") for plane in moved)
        for when in ("before", "after", "beyond")
    )
    gain = before - after
    return any(map(telling, moved)) and gain > TELLING * before and beyond - after > PEAKED * gain


def summary(planes: Sequence[PlaneAlignment]) -> str:
    """Return in one sentence what became of the stack; of moved planes as short as napari shows whole."""
    moved = [plane for plane in planes if plane.accepted]
    if moved:
        largest = max(plane.largest for plane in moved)
        return f"{len(moved)} of {len(planes)} planes moved, by up to {largest:.1f} px."
    still = [plane for plane in planes if not plane.note]
    most = max(still, key=lambda plane: plane.largest)
    found = f"the largest motion found is {most.largest:.2f} px, ± {most.error:.2f} px"
    if any(map(telling, still)):
        return (
            f"The planes count as aligned, moved they would hardly agree better ({found}); nothing was done."
        )
    return f"The planes are aligned already as far as can be measured ({found}); nothing was changed."


def _objection(plane: PlaneAlignment, neighbour: int, shape: tuple[int, int]) -> str:
    motion = plane.motion
    shift = max(abs(motion.shift_y), abs(motion.shift_x))
    if plane.error > GREATEST_ERROR:
        return f"its motion cannot be measured to better than {plane.error:.1f} px"
    if plane.strain > max(GREATEST_STRAIN, SURE * plane.error):
        return f"comparisons with its neighbours contradict each other by {plane.strain:.1f} px"
    if abs(motion.scale - 1) > GREATEST_GROWTH:
        return f"a change of scale of {100 * (motion.scale - 1):+.1f} % is implausible"
    if abs(motion.rotation) > GREATEST_TURN:
        return f"a rotation of {motion.rotation:+.1f} degrees is implausible"
    if shift > GREATEST_SHIFT * max(shape):
        return f"a shift of {shift:.0f} px is implausible"
    if plane.agreement_after < LEAST_AGREEMENT:
        return f"even moved it agrees too little with plane {neighbour} ({plane.agreement_after:.2f} of 1)"
    if 1 - plane.agreement_after > (1 + WORSE) * (1 - plane.agreement_before):
        return (
            f"moved it would agree less with plane {neighbour} "
            f"({plane.agreement_after:.4f} instead of {plane.agreement_before:.4f})"
        )
    return ""


def _correlation(first: Floats, second: Floats) -> float:
    one, two = (image.astype(np.float64) - image.mean(dtype=np.float64) for image in (first, second))
    power = np.sqrt(np.vdot(one, one) * np.vdot(two, two))
    return float(np.vdot(one, two) / power) if power > 0 else 0.0
