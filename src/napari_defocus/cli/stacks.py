"""``napari-defocus batch``: depth from defocus of many focal stacks, one after the other."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_defocus.cli.alignment import add_align_option, wanted_motion
from napari_defocus.cli.arguments import Subparsers, add_output
from napari_defocus.cli.solve import add_settings, requested
from napari_defocus.errors import InputError, SolverError

if TYPE_CHECKING:
    from napari_defocus.batch import Item, Plan
    from napari_defocus.optics import Optics


SETTLED = ("done", "done before", "failed", "needs optics")
"""States that an item stays in."""


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "batch",
        help="solve for many focal stacks, with a table of them all",
        description="Depth from defocus of many focal stacks, one after the other. Called again, it goes on "
        "where it was stopped: what is done is not done again.",
    )
    parser.add_argument(
        "stacks",
        metavar="PATH",
        nargs="+",
        help="a stack as for solve, or a folder that holds stacks: files, or subfolders of images",
    )
    optics = parser.add_mutually_exclusive_group()
    optics.add_argument(
        "--optics", metavar="FILE", help="optics as .toml or .json for the stacks that bring none"
    )
    optics.add_argument(
        "--uncalibrated", action="store_true", help="depth in plane steps for the stacks that bring no optics"
    )
    add_align_option(parser)
    add_settings(parser)
    parser.add_argument(
        "--range-unit", metavar="UNIT", help="unit of the depth range; stacks may have different ones"
    )
    add_output(parser, default="experiments/batch/stacks_TIME")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Solve the stacks and write the summary.

    Raises
    ------
    InputError
        If there are no stacks, or the folder cannot be written.
    SolverError
        If stacks failed or lack optics; all others are solved.
    """
    from napari_defocus.batch import SUMMARY_FILE, find_stacks, new_items, run_queue
    from napari_defocus.cli.output import new_directory
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.io.plots import check_matplotlib

    if args.save_plots:
        check_matplotlib()
    output = Path(args.output) if args.output else new_directory("batch", "stacks")
    plan = make_plan(args, output)
    items = new_items(find_stacks(args.stacks))
    settled = 0
    with ProgressBar(quiet=args.quiet) as bar:

        def show(item: "Item") -> None:
            nonlocal settled
            if item.state in SETTLED:
                settled += 1
                if not args.quiet:
                    bar.say(f"[{settled}/{len(items)}] {' '.join([item.name + ':', *told(item)])}")

        try:
            items = run_queue(items, plan, show=show, progress=bar)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(f"Interrupted; the same command with -o {output} goes on.") from None
    if not args.quiet:
        print(f"Results and {SUMMARY_FILE} are in {output}.")
    left = [item for item in items if not item.done]
    if left:
        raise SolverError(
            f"{len(left)} of {len(items)} stacks have no result, the first ({left[0].name}) since: "
            f"{left[0].message} The same command with -o {output} tries them again."
        )


def told(item: "Item") -> list[str]:
    """Return what to say of a stack that has been dealt with."""
    seconds = [f"({item.seconds:.0f} s, optics from {item.optics_from})"] if item.seconds else []
    return [str(item.state), *seconds, *([f"- {item.message}"] if item.message else [])]


def make_plan(args: argparse.Namespace, output: Path) -> "Plan":
    """Return what the command line asks for.

    Raises
    ------
    InputError
        If a setting is out of bounds, or there is a depth range without its unit.
    """
    from napari_defocus.batch import Plan
    from napari_defocus.optics import UncalibratedFocus, load_optics

    named = None if args.optics is None else load_optics(args.optics)

    def fallback(planes: int) -> "Optics | None":
        if named is not None:
            named.check_planes(planes)
        return UncalibratedFocus(planes=planes) if args.uncalibrated else named

    record, settings = requested(args)
    if record is not None:  # of another stack, whose blur, range and white level need not be these
        settings = settings.replace(white=None, estimate_blur=args.estimate_blur is not False)
        if args.depth_range is None:
            settings = settings.replace(depth_range=None)
    if settings.depth_range is not None and args.range_unit is None:
        raise InputError("Give the unit of the depth range with --range-unit, as in --range-unit mm.")
    return Plan(
        output=output,
        settings=settings,
        range_unit=args.range_unit,
        fallback=fallback,
        fallback_name="--uncalibrated" if args.uncalibrated else Path(args.optics or "").name,
        align=wanted_motion(args, record),
        again=args.overwrite,
        save_plots=args.save_plots,
    )
