"""How each plane lies over the reference: from its neighbours, then from the sharp image of all."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from napari_defocus.alignment.judging import alike, objection, stays
from napari_defocus.alignment.matching import (
    Floats,
    Match,
    MotionKind,
    comparable,
    match,
    radius_of,
    window_centres,
)
from napari_defocus.alignment.motion import Motion
from napari_defocus.alignment.poses import Pair, solve_poses, strain
from napari_defocus.alignment.refining import refine
from napari_defocus.alignment.result import PlaneAlignment
from napari_defocus.alignment.sharp_image import Agreement, agreements, correlation
from napari_defocus.alignment.warping import STILL, move
from napari_defocus.optics.lookahead import map_ahead
from napari_defocus.solver.progress import PassProgress

TELLING_WAY = 0.03
"""Way of a window against the plane it comes from, as a share of the stack's largest, from which on it is
asked whether it agrees better: in a stack of which one plane was pushed, most windows do not move."""

REACH = 2
"""Greatest difference of index between planes that are compared: more confirm each other, fewer are alike."""


def measure(
    planes: Sequence[Floats], motion: MotionKind, reference: int, factor: int, passes: PassProgress
) -> list[PlaneAlignment]:
    """Return what is found of each plane; a note tells why one is not to be moved.

    Parameters
    ----------
    planes : sequence of ndarray (Y, X)
        Grey planes, reduced by `factor`. What is returned is in pixels of the full ones.
    motion : str
        Kind of motion that is looked for.
    reference : int
        Index of the plane that stays as it is.
    factor : int
        Pixels of the full planes in a row of one of these.
    passes : PassProgress
        Is told what is under way, and 0.6 of the whole.
    """
    details = list(map_ahead(comparable, planes, threads=2))
    matches = _match_all(details, motion, passes.begin("measuring motion", 0.3))
    shape = planes[0].shape[0], planes[0].shape[1]
    found = _from_neighbours(details, matches, reference)
    for index, plane in enumerate(found):
        neighbour = index - 1 if index > reference else index + 1
        reason = objection(_enlarged(plane, factor), neighbour, (factor * shape[0], factor * shape[1]))
        if reason and index != reference:
            found[index] = replace(plane, note=stays(index, reason))
    same = [k for k, plane in enumerate(found) if k == reference or (alike(plane) and not plane.note)]
    report = passes.begin("comparing with the sharp image", 0.3)
    if len(same) > 1:
        used, rough = [planes[k] for k in same], [found[k] for k in same]
        refined = _from_sharp_image(used, rough, same.index(reference), motion, report)
        for k, plane in zip(same, refined, strict=True):
            found[k] = plane
    return [_enlarged(plane, factor) for plane in found]


def _match_all(
    details: Sequence[Floats], motion: MotionKind, report: Callable[[float], None]
) -> dict[Pair, Match]:
    """Compare each plane with the next ones."""
    count = len(details)
    pairs = [(k, k + step) for k in range(count) for step in range(1, REACH + 1) if k + step < count]

    def compare(pair: Pair) -> Match:
        return match(details[pair[0]], details[pair[1]], motion)

    matches = {}
    for pair, found in zip(pairs, map_ahead(compare, pairs, threads=2), strict=True):
        matches[pair] = found
        report(len(matches) / len(pairs))
    return matches


def _from_neighbours(
    details: Sequence[Floats], matches: dict[Pair, Match], reference: int
) -> list[PlaneAlignment]:
    """Return what the comparisons of neighbours tell of each plane."""
    shape = details[0].shape[0], details[0].shape[1]
    radius = radius_of(shape)
    poses, errors = solve_poses(matches, len(details), reference, radius)

    def describe(index: int) -> PlaneAlignment:
        before = after = 1.0
        if index != reference:
            neighbour = index - 1 if index > reference else index + 1
            between = poses[index].after(poses[neighbour].inverse())
            before = correlation(details[neighbour], details[index])
            after = correlation(details[neighbour], move(details[index], between))
        return PlaneAlignment(
            motion=poses[index],
            largest=poses[index].largest(shape),
            error=errors[index],
            strain=strain(matches, poses, index, reference, radius),
            agreement_before=before,
            agreement_after=after,
            accepted=False,
        )

    return list(map_ahead(describe, range(len(details)), threads=2))


def _from_sharp_image(
    planes: Sequence[Floats],
    found: Sequence[PlaneAlignment],
    reference: int,
    motion: MotionKind,
    report: Callable[[float], None],
) -> list[PlaneAlignment]:
    """Return what their sharp image tells of planes that show the same scene."""
    shape = planes[0].shape[0], planes[0].shape[1]
    motions, errors = refine(planes, [plane.motion for plane in found], reference, motion, report)
    twice = [each.after(each) for each in motions]
    before, after, beyond = (
        agreements(planes, moved, [*motions, *twice]) for moved in ([STILL] * len(planes), motions, twice)
    )
    votes = _votes(motions, shape, before, after, beyond)
    return [
        replace(
            plane,
            motion=motions[k],
            largest=motions[k].largest(shape),
            error=errors[k],
            agreement_before=before[k].correlation,
            agreement_after=after[k].correlation,
            votes=votes[k],
        )
        for k, plane in enumerate(found)
    ]


def _votes(
    motions: Sequence[Motion],
    shape: tuple[int, int],
    before: Sequence[Agreement],
    after: Sequence[Agreement],
    beyond: Sequence[Agreement],
) -> list[tuple[float, float, float]]:
    """Return the votes of each plane: of those windows that move against where they come from."""
    x, y = window_centres(shape).T
    ways = np.stack([(motion.factor - 1) * (x + 1j * y) + motion.offset for motion in motions])
    least = TELLING_WAY * max(motion.largest(shape) for motion in motions)
    votes = []
    for k, moved in enumerate(after):
        way = np.abs(ways[k] - ways[moved.source, np.arange(len(x))])
        asked = (way > least) & (before[k].source != k)  # there it would agree with itself
        trust = moved.weights * asked
        better, best = (trust[moved.misfits < other[k].misfits].sum() for other in (before, beyond))
        votes.append((float(better), float(best), float(trust.sum())))
    return votes


def _enlarged(plane: PlaneAlignment, factor: int) -> PlaneAlignment:
    """Return what was found of a reduced plane as it is for the full one."""
    motion = plane.motion
    return replace(
        plane,
        motion=replace(motion, shift_y=factor * motion.shift_y, shift_x=factor * motion.shift_x),
        largest=factor * plane.largest,
        error=factor * plane.error,
        strain=factor * plane.strain,
    )
