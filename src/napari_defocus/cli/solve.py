"""``napari-defocus solve``: depth from defocus."""

import argparse
from typing import TYPE_CHECKING

from napari_defocus.cli.alignment import add_align_option, wanted_motion
from napari_defocus.cli.arguments import Subparsers, add_stack, parse_setting
from napari_defocus.cli.blocks import add_blocks, check_blocks, in_blocks, solve_in_blocks, write_store
from napari_defocus.cli.part import add_part_options, cut_out, wanted_part
from napari_defocus.cli.stack import open_stack, warn_uncalibrated, write_result

if TYPE_CHECKING:
    from napari_defocus.io.parameters import RecordedRun
    from napari_defocus.optics import Optics
    from napari_defocus.solver import SolverSettings

PRESETS = ("default", "simulation", "nyuv2", "make3d", "mobiledepth")


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "solve",
        help="depth from defocus: the full solver",
        description="Depth, all-in-focus image, outliers and confidence by depth from defocus.",
    )
    add_stack(parser)
    add_align_option(parser)
    add_part_options(parser)
    add_settings(parser)
    add_blocks(parser)
    parser.set_defaults(run=run)


def add_settings(parser: argparse.ArgumentParser) -> None:
    """Add what :func:`requested` makes settings of."""
    start = parser.add_mutually_exclusive_group()
    start.add_argument("--preset", choices=PRESETS, default="default", help="settings to start from")
    start.add_argument(
        "--parameters", metavar="FILE", help="parameters.json of an earlier run, to run it again"
    )
    parser.add_argument("--epochs", type=int, metavar="N", help="rounds of depth step and all-in-focus step")
    parser.add_argument(
        "--depth-range",
        nargs=2,
        type=float,
        metavar=("NEAR", "FAR"),
        help="depths to search, in the unit of depth",
    )
    parser.add_argument(
        "--estimate-blur",
        action=argparse.BooleanOptionalAction,
        help="estimate the blur scale of the optics from the stack, where it determines it; "
        "default: with the settings for real photographs",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="any other setting of the solver, as in --set cost_window=7 --set initialization=focus",
    )


def run(args: argparse.Namespace) -> None:
    """Solve the stack and write the result."""
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.io.stack_part import result_inside
    from napari_defocus.optics import UncalibratedFocus
    from napari_defocus.solver import alternating_minimization, finish

    check_blocks(args)
    record, settings = requested(args)
    optics: Optics | str | None = args.optics
    if record is not None:
        optics = optics or record.whole_optics
    args.align = wanted_motion(args, record)
    part = wanted_part(args, record)
    stack, directory = open_stack(args, optics)
    stack, inside = cut_out(stack, part)
    optics = stack.optics
    if optics is None:
        optics = UncalibratedFocus(planes=stack.planes)
        warn_uncalibrated(args)
    if settings.white is None:
        settings = settings.replace(white=stack.metadata.get("white"))
    with ProgressBar(quiet=args.quiet, verbose=args.verbose) as bar:
        if in_blocks(args):
            result = solve_in_blocks(stack.images, optics, settings, args, bar)
        else:
            for state in alternating_minimization(stack.images, optics, settings, progress=bar):
                bar.show_state(state)
            result = finish(state)
    if inside is not None:
        result = result_inside(result, inside)
    if args.store is not None:
        write_store(result, stack, args)
    else:
        write_result(result, stack, directory, args)


def requested(args: argparse.Namespace) -> tuple["RecordedRun | None", "SolverSettings"]:
    """Return the run of ``--parameters``, None where none is named, and the settings of the command line.

    Raises
    ------
    InputError
        If a file cannot be read, or a setting is unknown or out of bounds.
    """
    from napari_defocus.io.parameters import load_run
    from napari_defocus.solver import SolverSettings

    record = None if args.parameters is None else load_run(args.parameters)
    if record is not None:
        settings = record.settings
    elif args.preset == "default":
        settings = SolverSettings()
    else:
        settings = getattr(SolverSettings, args.preset)()
    changes = dict(parse_setting(text) for text in args.overrides)
    if args.epochs is not None:
        changes["epochs"] = args.epochs
    if args.estimate_blur is not None:
        changes["estimate_blur"] = args.estimate_blur
    if args.depth_range is not None:
        changes["depth_range"] = args.depth_range
    return record, SolverSettings.from_dict(settings.to_dict() | changes)
