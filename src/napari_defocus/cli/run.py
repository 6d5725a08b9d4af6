"""``napari-defocus run``: the published experiments, one scene or a whole split."""

import argparse
import json
import math
from pathlib import Path
from typing import Any

from napari_defocus.cli.arguments import Subparsers, add_output, parse_setting
from napari_defocus.cli.experiment import PRESETS, Experiment, is_done, run_scene
from napari_defocus.cli.prepare import add_data_dir
from napari_defocus.errors import InputError

SCENE_ARGUMENTS = {"nyuv2": ("SPLIT", "NUMBER"), "make3d": ("SPLIT", "IMAGE"), "mobiledepth": ("SCENE",)}
EXAMPLES = {"nyuv2": "test 0045", "make3d": "test math7-p-282t0", "mobiledepth": "keyboard"}


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "run",
        help="the published experiments on NYUv2, Make3D and MobileDepth",
        description="Solve a scene of a data set, or all of a split, with the published settings.",
    )
    datasets = parser.add_subparsers(dest="dataset", metavar="DATASET", required=True)
    for dataset, names in SCENE_ARGUMENTS.items():
        _add_dataset(datasets.add_parser(dataset, help=f"as in: run {dataset} {EXAMPLES[dataset]}"), names)


def _add_dataset(parser: argparse.ArgumentParser, names: tuple[str, ...]) -> None:
    for name in names:
        parser.add_argument(name.lower(), metavar=name, nargs="?", help=f"{name.lower()} of the scene")
    add_data_dir(parser)
    parser.add_argument(
        "--preset",
        choices=PRESETS,
        default="published",
        help="settings to start from (default: published)",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any setting of the solver, as in --set epochs=5",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="go on with the last run of this name: what is complete is not solved again",
    )
    batch = parser.add_argument_group("a whole split")
    batch.add_argument(
        "--all",
        action="store_true",
        help="solve all scenes on disk; the same command with the same -o goes on where it was stopped",
    )
    if "SPLIT" in names:
        batch.add_argument("--split", dest="batch_split", metavar="SPLIT", help="train or test (default)")
    batch.add_argument("--jobs", type=int, default=1, metavar="N", help="scenes to solve at a time (1)")
    add_output(parser, default="experiments/DATASET/NAME_TIME")
    parser.set_defaults(run=run, batch_split=None)


def run(args: argparse.Namespace) -> None:
    """Solve the scene or the split."""
    from napari_defocus.cli.batch import run_batch
    from napari_defocus.io.plots import check_matplotlib

    if args.save_plots:
        check_matplotlib()
    experiment = Experiment(
        dataset=args.dataset,
        data_dir=str(Path(args.data_dir).expanduser().resolve()),
        preset=args.preset,
        overrides=dict(parse_setting(text) for text in args.overrides),
        save_plots=args.save_plots,
    )
    experiment.settings()  # refused before anything is read
    given = [getattr(args, name.lower()) for name in SCENE_ARGUMENTS[args.dataset]]
    key = tuple(word for word in given if word is not None)
    if args.all:
        if len(key) > ("SPLIT" in SCENE_ARGUMENTS[args.dataset]):
            raise InputError(f"--all solves all scenes; leave out {key[-1]}, or --all.")
        if args.jobs < 1:
            raise InputError(f"--jobs must be at least 1, but is {args.jobs}.")
        run_batch(experiment, args.batch_split or (key[0] if key else None), args)
    elif len(key) < len(given):
        needed = " and ".join(SCENE_ARGUMENTS[args.dataset])
        raise InputError(
            f"run {args.dataset} needs {needed}, as in: run {args.dataset} {EXAMPLES[args.dataset]}; "
            "or --all for all of them."
        )
    else:
        run_one(experiment, key, args)


def run_one(experiment: Experiment, key: tuple[str, ...], args: argparse.Namespace) -> None:
    """Solve one scene and describe its result; with ``--resume`` only if that is not there yet."""
    from napari_defocus.cli.output import describe_result, newest_directory, output_directory
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.datasets.catalogue import scene_name

    name = scene_name(experiment.dataset, key)
    if args.resume:
        earlier = Path(args.output) if args.output else newest_directory(experiment.dataset, name)
        if earlier is not None and not args.overwrite and is_done(experiment, key, earlier):
            if not args.quiet:
                print("\n".join([f"{earlier} is complete.", *describe_metrics(earlier)]))
            return
    directory = output_directory(args, experiment.dataset, name)
    with ProgressBar(quiet=args.quiet, verbose=args.verbose) as bar:
        result = run_scene(experiment, key, directory, progress=bar, show=bar.show_state)
    if not args.quiet:
        print("\n".join([*describe_metrics(directory), describe_result(result, directory)]))


def read_metrics(directory: Path) -> dict[str, float]:
    """Return the metrics of a result; none where no truth is known."""
    try:
        values: dict[str, Any] = json.loads((directory / "metrics.json").read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {name: math.nan if value is None else value for name, value in values.items()}


def describe_metrics(directory: Path) -> list[str]:
    """Return a line with the metrics of a result, none where no truth is known."""
    metrics = read_metrics(directory)
    shown = {name: value for name, value in metrics.items() if not name.endswith("pixels")}
    return [", ".join(f"{name} {value:.5g}" for name, value in shown.items())] if shown else []
