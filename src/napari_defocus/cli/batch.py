"""All scenes of a split, solved in other processes; goes on where it was stopped."""

import argparse
import os
from dataclasses import replace
from pathlib import Path

from napari_defocus.cli.experiment import Experiment, is_done
from napari_defocus.cli.output import new_directory, newest_directory
from napari_defocus.cli.run import describe_metrics
from napari_defocus.cli.summary import SUMMARY_FILE, Row, write_summary
from napari_defocus.cli.workers import Task, solve_tasks
from napari_defocus.errors import InputError, SolverError


def run_batch(experiment: Experiment, split: str | None, args: argparse.Namespace) -> None:
    """Solve what is not solved yet and write the summary.

    Raises
    ------
    InputError
        If there are no scenes, the folder cannot be written, or it holds results of other settings.
    SolverError
        If scenes failed; all others are solved and the summary is written.
    """
    from napari_defocus.datasets import scene_keys
    from napari_defocus.datasets.catalogue import scene_name

    keys = scene_keys(experiment.dataset, experiment.data_dir, split)
    directory = batch_directory(experiment.dataset, keys[0][0] if len(keys[0]) > 1 else "all", args)
    tasks = [Task(experiment, key, directory / scene_name(experiment.dataset, key)) for key in keys]
    done = [not args.overwrite and is_done(experiment, task.key, task.directory) for task in tasks]
    todo = [_with_threads(task, args.jobs) for task, there in zip(tasks, done, strict=True) if not there]
    say = _silent if args.quiet else _say
    if any(done):
        say(f"{sum(done)} of {len(tasks)} scenes are in {directory} already.")
    failures: dict[str, str] = {}
    count = sum(done)
    try:
        for task, failure in solve_tasks(todo, args.jobs, verbose=args.verbose):
            count += 1
            name = task.directory.name
            if failure is not None:
                failures[name] = failure
            outcome = [f"failed: {failure}"] if failure else describe_metrics(task.directory) or ["done"]
            say(f"[{count}/{len(tasks)}] {name}: {outcome[0]}")
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Interrupted; {count - len(failures)} of {len(tasks)} scenes are in {directory}, and the same "
            f"command with -o {directory} goes on."
        ) from None
    rows = [Row.of(task.directory, failures.get(task.directory.name)) for task in tasks]
    write_summary(rows, directory / SUMMARY_FILE)
    say(f"Results and {SUMMARY_FILE} are in {directory}.")
    if failures:
        raise SolverError(
            f"{len(failures)} of {len(tasks)} scenes failed, the first ({next(iter(failures))}) since: "
            f"{next(iter(failures.values()))} The same command with -o {directory} tries them again."
        )


def batch_directory(dataset: str, name: str, args: argparse.Namespace) -> Path:
    """Return the folder of the batch: the one that is named, with ``--resume`` the last one, or a new one."""
    from napari_defocus.io.result_directory import check_writable

    directory = Path(args.output) if args.output else None
    if directory is None and args.resume:
        directory = newest_directory(dataset, name)
    directory = directory or new_directory(dataset, name)
    check_writable(directory)
    if directory.exists() and not directory.is_dir():
        raise InputError(f"{directory} is a file; name another folder with -o.")
    return directory


def _with_threads(task: Task, jobs: int) -> Task:
    """Return the task with its share of the cores."""
    if jobs == 1 or "threads" in task.experiment.overrides:
        return task
    share = max(1, (os.cpu_count() or 1) // jobs)
    overrides = task.experiment.overrides | {"threads": share}
    return replace(task, experiment=replace(task.experiment, overrides=overrides))


def _say(line: str) -> None:
    print(line, flush=True)


def _silent(line: str) -> None:
    pass
