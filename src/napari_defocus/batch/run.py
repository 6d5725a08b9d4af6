"""All stacks of a queue, one after the other."""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from napari_defocus.batch.inspection import offer_optics
from napari_defocus.batch.item import Item, State
from napari_defocus.batch.plan import Plan
from napari_defocus.batch.solve_item import Show, solve_item
from napari_defocus.batch.summary import SUMMARY_FILE, Row, describe, earlier_rows, row_of, write_summary
from napari_defocus.errors import CancelledError, InputError, SolverError, one_sentence
from napari_defocus.io.result_directory import check_writable, resolve_target
from napari_defocus.solver.result import Progress

LOGGER = logging.getLogger(__name__)
"""Gets the traceback of an error that is no user's; the item tells it in one sentence."""


def run_queue(
    items: Sequence[Item], plan: Plan, *, show: Show | None = None, progress: Progress | None = None
) -> list[Item]:
    """Run the stacks of a queue; one that fails does not keep the others.

    After each stack the summary is written anew, so whatever ends the process loses one stack at most. Called
    again, what is done is found done. Rows of other stacks that the summary of the folder has already stay.

    Parameters
    ----------
    items : sequence of Item
        The queue; whatever has become of them before, all are tried.
    plan : Plan
        What to do.
    show : callable, optional
        Called with an item whenever it has changed; must not raise.
    progress : callable, optional
        ``progress(fraction, message)`` of the whole queue, several times a second. When it raises
        :class:`CancelledError` the present item is cancelled and the others are left waiting.

    Returns
    -------
    list of Item
        The queue as it is at the end.

    Raises
    ------
    InputError
        If the output folder cannot be written, or at the end the summary could not; the results are there.
    """
    output = resolve_target(plan.output)
    check_writable(output)
    waiting = [item.to(State.WAITING, fraction=0.0, seconds=None, result=None) for item in items]
    queue = [offer_optics(item, plan.fallback, plan.fallback_name) for item in waiting]
    tell = show or (lambda item: None)
    for item in queue:
        tell(item)
    path, digest = output / SUMMARY_FILE, plan.digest()
    earlier = earlier_rows(path)
    rows: list[Row] = [earlier.pop(item.name, {}) or row_of(item, digest) for item in queue]
    others = list(earlier.values())
    stopped: BaseException | None = None
    for index, item in enumerate(queue):
        try:
            queue[index] = solve_item(item, plan, tell, _share(progress, index, queue))
            rows[index] = row_of(queue[index], digest)
            if queue[index].done:
                queue[index] = replace(queue[index], message=describe(rows[index]))
        except (CancelledError, KeyboardInterrupt) as error:
            stopped, queue[index] = error, item.to(State.CANCELLED)
        except Exception as error:  # whatever it is, the other stacks go on
            if not isinstance(error, InputError | SolverError | MemoryError):
                LOGGER.error("The stack %s failed.", item.name, exc_info=error)
            queue[index] = item.to(State.FAILED, one_sentence(error))
        if not queue[index].done:
            rows[index] = row_of(queue[index], digest)
        with suppress(InputError):  # another program may hold it open for a while; tried again below
            write_summary([*others, *rows], path)
        tell(queue[index])
        if stopped is not None:
            break
    write_summary([*others, *rows], path)
    if isinstance(stopped, KeyboardInterrupt):
        raise stopped
    return queue


def _share(progress: Progress | None, index: int, queue: Sequence[Item]) -> Progress:
    """Return the progress of one item, told as that of the whole queue."""

    def follow(fraction: float, message: str) -> None:
        if progress is not None:
            name = queue[index].name
            progress((index + fraction) / len(queue), f"stack {index + 1} of {len(queue)}, {name}: {message}")

    return follow
