"""Processes that solve scenes: one that crashes or is killed costs its scene, and the others go on."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import TYPE_CHECKING

from napari_defocus.cli.experiment import Experiment, run_scene
from napari_defocus.errors import CancelledError, one_sentence

if TYPE_CHECKING:
    from napari_defocus.solver import SolverState


@dataclass(frozen=True)
class Task:
    """One scene of an experiment and the folder for its result."""

    experiment: Experiment
    key: tuple[str, ...]
    directory: Path


class _Worker:
    """A process that solves one task after the other."""

    def __init__(self, *, verbose: bool) -> None:
        # Not forked: a fork would copy the threads' locks, and the other workers' ends of their pipes.
        context = get_context("spawn")
        self.connection, other = context.Pipe()
        self.process = context.Process(target=_serve, args=(other, verbose), daemon=True)
        self.process.start()
        other.close()  # so that the end of the process ends the pipe
        self.task: Task | None = None

    def begin(self, task: Task) -> None:
        self.task = task
        with suppress(OSError):  # it has ended, which outcome() will tell
            self.connection.send(task)

    def outcome(self) -> str | None:
        """Why the task failed, None if it did not; :class:`EOFError` when the process has ended."""
        failure: str | None = self.connection.recv()
        return failure

    def stop(self) -> None:
        self.connection.close()
        self.process.terminate()
        self.process.join()


def solve_tasks(
    tasks: Sequence[Task], jobs: int, *, verbose: bool = False
) -> Iterator[tuple[Task, str | None]]:
    """Solve tasks in up to `jobs` processes at a time.

    Yields
    ------
    Task, str or None
        Each task once it is done or has failed, and then why it failed.
    """
    waiting = list(tasks)
    workers: list[_Worker] = []
    try:
        while waiting or workers:
            while waiting and len(workers) < jobs:
                workers.append(_Worker(verbose=verbose))
                workers[-1].begin(waiting.pop(0))
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                task = worker.task
                assert task is not None
                try:
                    failure = worker.outcome()
                except (EOFError, OSError):
                    worker.process.join()
                    failure = f"Its process ended with code {worker.process.exitcode}."
                    worker.stop()
                    workers.remove(worker)
                else:
                    if waiting:
                        worker.begin(waiting.pop(0))
                    else:
                        worker.stop()
                        workers.remove(worker)
                yield task, failure
    finally:
        for worker in workers:
            worker.stop()


def _serve(connection: Connection, verbose: bool) -> None:
    """Solve tasks until the pipe is closed; the body of a worker process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent, which then ends this process
    try:
        while True:
            connection.send(_attempt(connection.recv(), verbose=verbose))
    except (EOFError, OSError, CancelledError):
        return


def _attempt(task: Task, *, verbose: bool) -> str | None:
    """Solve one task; return why it failed, None if it did not."""
    from napari_defocus.io.result_directory import remove_leftovers

    remove_leftovers(task.directory)
    show = partial(_show, task.directory.name) if verbose else None
    try:
        run_scene(task.experiment, task.key, task.directory, progress=_stop_without_parent, show=show)
    except CancelledError:
        raise
    except Exception as error:  # whatever it is, the other scenes go on
        return one_sentence(error)
    return None


def _stop_without_parent(fraction: float, message: str) -> None:
    """Progress callback that ends the computation once the parent was killed: another may have taken over."""
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        raise CancelledError


def _show(name: str, state: "SolverState") -> None:
    print(f"{name}: epoch {state.epoch}, {state.step}: loss {state.loss:.6e}", file=sys.stderr, flush=True)
