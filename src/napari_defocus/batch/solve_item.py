"""One stack of a queue: read, solved and written, or found done."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from napari_defocus import solver
from napari_defocus.alignment import align_focal_stack
from napari_defocus.batch.inspection import offer_optics, open_item
from napari_defocus.batch.item import Item, State
from napari_defocus.batch.plan import Plan
from napari_defocus.errors import InputError
from napari_defocus.io import save_result
from napari_defocus.io.aligned_files import aligned_stack
from napari_defocus.io.parameters import read_record
from napari_defocus.io.result_directory import check_target, remove_leftovers, resolve_target
from napari_defocus.solver.partial_progress import part_of
from napari_defocus.solver.result import Progress

RECORD = "batch"
"""Entry of ``parameters.json`` that a batch makes."""

ALIGNING = 0.3
"""Share of the progress that goes to aligning the planes."""

Show = Callable[[Item], object]
"""Called with an item whenever it has changed, several times a second while it runs; must not raise."""


def solve_item(item: Item, plan: Plan, show: Show, progress: Progress) -> Item:
    """Run one stack.

    Parameters
    ----------
    item : Item
        The stack.
    plan : Plan
        What to do.
    show : callable
        See :data:`Show`.
    progress : callable
        See :data:`Progress`; it may raise :class:`CancelledError`.

    Returns
    -------
    Item
        Done, done before, or without the optics it needs.

    Raises
    ------
    InputError, SolverError
        If it fails.
    """
    start = time.perf_counter()
    show(item.to(State.READING))
    progress(0.0, "reading")
    item, stack = open_item(item)
    item = offer_optics(item, plan.fallback, plan.fallback_name)
    if item.state is State.NEEDS_OPTICS:
        return item
    optics = stack.optics or plan.fallback(stack.planes)
    assert optics is not None  # else it would need optics
    settings = plan.settings_for(optics, stack.metadata.get("white"))
    directory = resolve_target(plan.output) / item.name
    record = plan.record(stack, optics)
    if not plan.again and is_done(directory, record):
        return item.to(State.DONE_BEFORE, fraction=1.0, result=directory)
    remove_leftovers(directory)
    check_target(directory, overwrite=True)  # rather than after the run

    def follow(fraction: float, message: str) -> None:
        progress(fraction, message)
        seconds = time.perf_counter() - start
        show(item.to(State.RUNNING, message, fraction=fraction, seconds=seconds))

    rest: Progress = follow
    notes: tuple[str, ...] = ()
    if plan.align is not None:
        aligned = align_focal_stack(stack.images, motion=plan.align, progress=part_of(follow, 0, ALIGNING))
        stack, notes, rest = aligned_stack(stack, aligned), aligned.notes, part_of(follow, ALIGNING, 1)
    for state in solver.alternating_minimization(stack.images, optics, settings, progress=rest):
        last = state
    result = solver.finish(last)
    result = replace(result, notes=(*notes, *result.notes))
    progress(1.0, "writing")
    seconds = round(time.perf_counter() - start, 2)
    save_result(
        result,
        directory,
        images_dtype=stack.images.dtype,
        overwrite=True,
        extra_parameters=stack.origin | {RECORD: record | {"seconds": seconds}},
        save_plots=plan.save_plots,
    )
    return item.to(State.DONE, fraction=1.0, seconds=seconds, result=directory)


def is_done(directory: Path, record: dict[str, Any]) -> bool:
    """Whether the directory holds the complete result of this very run.

    Raises
    ------
    InputError
        If it holds another result; the message says in what it differs.
    """
    parameters = read_record(directory)
    if parameters is None:
        return False
    found = parameters.get(RECORD, {})
    differing = [name for name in record if found.get(name) != record[name]]
    if differing:
        what = {"source": "another stack", "optics": "other optics", "settings_digest": "other settings"}
        raise InputError(
            f"{directory} holds a result of {what[differing[0]]}; overwrite it, or choose another "
            "output folder."
        )
    return True
