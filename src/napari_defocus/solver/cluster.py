"""Where the tasks of a blockwise run are computed: here, or on a cluster through dask.distributed."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import uuid4

from numpy.typing import DTypeLike

from napari_defocus.errors import InputError, SolverError
from napari_defocus.solver.block_arrays import Kept, Target, assembled, values
from napari_defocus.solver.block_tasks import Job, Share
from napari_defocus.solver.blocks import Block

PATIENCE = 0.25
"""Seconds between two calls of the progress callback while a cluster computes."""


@dataclass(frozen=True, eq=False)
class Task:
    """A function of :mod:`block_tasks` to be called on one block.

    Attributes
    ----------
    function : callable
        Called as ``function(job, block, *windows, progress=..., **options)``.
    job, block
        Its first two arguments.
    windows : tuple
        What :func:`block_arrays.window` returned, or values as they are.
    options : dict
        Further arguments.
    targets : tuple of Target
        Where the kept arrays are written to, in the order in which the function returns them.
    """

    function: Callable[..., Any]
    job: Job
    block: Block
    windows: tuple[Any, ...]
    options: dict[str, Any] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()


class Local:
    """Computes one task after the other in this thread; each uses all the cores that its settings allow."""

    def share(self, value: Any) -> Any:
        """Return a value as tasks take it that all need it."""
        return value

    def run(self, tasks: Sequence[Task], report: Share) -> Iterator[tuple[int, Any]]:
        """Yield the place and the outcome of each task; `report` gets the share done and may raise to stop.

        The outcome is what the function returned; with targets its summary alone.
        """
        for place, task in enumerate(tasks):

            def share(part: float, done: int = place) -> None:
                report((done + part) / len(tasks))

            share(0.0)
            call = partial(perform, task.function, task.job, task.block, task.targets)
            yield place, call(*task.windows, progress=share, **task.options)


class Cluster:
    """Computes tasks on the workers of a ``dask.distributed`` cluster.

    Tasks of a worker that dies go to the others, and so do values that it kept: the scheduler computes them
    again from what they came from.

    Parameters
    ----------
    client : distributed.Client
        Connection to the scheduler.

    Raises
    ------
    InputError
        If it is no such client, or an asynchronous one.
    """

    def __init__(self, client: Any) -> None:
        try:
            from distributed import Client
        except ImportError:
            raise InputError(
                "A cluster needs dask.distributed, which is not installed: "
                "pip install 'napari-defocus[cluster]'."
            ) from None
        if not isinstance(client, Client) or client.asynchronous:
            raise InputError(
                f"client must be a dask.distributed Client that is not asynchronous, but is {client!r}."
            )
        self.client = client

    def run(self, tasks: Sequence[Task], report: Share) -> Iterator[tuple[int, Any]]:
        """Yield the place and the outcome of each task as they come; see :meth:`Local.run`."""
        return self._outcomes([self._delayed(task) for task in tasks], report)

    def keep(
        self, tasks: Sequence[Task], shape: tuple[int, ...], dtype: DTypeLike, report: Share
    ) -> tuple[list[Any], Kept]:
        """Compute tasks, one a block of the grid, and leave what they keep in the memory of the workers.

        Returns
        -------
        summaries : list
            Of each task, in order.
        array : Kept
            The arrays that the tasks keep, (..., Y, X), put together.
        """
        pairs = self.client.persist([self._delayed(task) for task in tasks])
        try:
            summaries = dict(self._outcomes([pair[0] for pair in pairs], report))
        except BaseException:
            self.client.cancel(pairs)
            raise
        array = assembled([pair[1][0] for pair in pairs], [task.block for task in tasks], shape, dtype)
        # kept as chunks, and not put together from the pairs in the graph of each block again
        return [summaries[place] for place in range(len(tasks))], self.keep_array(array, lambda share: None)

    def keep_array(self, array: Any, report: Share) -> Kept:
        """Compute the chunks of a dask array and leave them in the memory of the workers."""
        from distributed import futures_of

        kept = self.client.persist(array)
        for _ in self._batches(futures_of(kept), report):
            pass
        return Kept(kept)

    def share(self, value: Any) -> Any:
        """Return a value as tasks take it that all need it: sent once."""
        from dask.delayed import delayed

        return delayed(value, pure=False)

    def reaches(self, path: str) -> bool:
        """Whether all workers see a path of this machine."""
        from os.path import exists

        return all(self.client.run(exists, path).values())

    def _delayed(self, task: Task) -> Any:
        from dask.delayed import delayed

        # a partial, for dask looks through all other arguments for what is to be computed before
        call = partial(perform, task.function, task.job, task.block, task.targets)
        name = f"{task.function.__name__}-{uuid4().hex}"
        return delayed(call, name=f"call-{name}")(*task.windows, dask_key_name=name, **task.options)

    def _outcomes(self, wanted: list[Any], report: Share) -> Iterator[tuple[int, Any]]:
        futures = self.client.compute(wanted)
        places = {future.key: place for place, future in enumerate(futures)}
        for batch in self._batches(futures, report):
            outcomes = self.client.gather(batch)
            for future in batch:
                # Now, not when Python's collector comes by: should its worker die, it would be computed again
                # and written, when what it is made from is gone.
                future.release()
            for future, outcome in zip(batch, outcomes, strict=True):
                yield places[future.key], outcome

    def _batches(self, futures: Sequence[Any], report: Share) -> Iterator[list[Any]]:
        """Yield futures as they finish; if `report` raises, or one of them failed, drop the others."""
        from distributed import KilledWorker, wait

        waiting = set(futures)
        try:
            while waiting:
                report(1 - len(waiting) / len(futures))
                try:
                    with self.client.as_current():  # it need not be the default client
                        done, waiting = wait(waiting, timeout=PATIENCE, return_when="FIRST_COMPLETED")
                except TimeoutError:
                    continue
                for future in done:
                    if future.status == "error":
                        future.result()  # raises
                yield list(done)
        except KilledWorker as error:
            raise SolverError(
                f"A block was given up because the workers that had it died one after the other ({error}); "
                "if they ran out of memory, use smaller blocks or fewer threads a worker."
            ) from None
        finally:
            if waiting:
                self.client.cancel(list(waiting))


def perform(
    function: Callable[..., Any],
    job: Job,
    block: Block,
    targets: Sequence[Target],
    *windows: Any,
    progress: Share = lambda share: None,
    **options: Any,
) -> Any:
    """Read the windows, call the function and write what is to be kept; see :class:`Task`."""
    outcome = function(job, block, *(values(given) for given in windows), progress=progress, **options)
    if not targets:
        return outcome
    summary, kept = outcome
    for target, part in zip(targets, kept, strict=True):
        target.write(block.inner, part)
    return summary
