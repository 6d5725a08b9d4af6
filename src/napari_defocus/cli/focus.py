"""``napari-defocus focus``: classic depth from focus, in seconds."""

import argparse

from napari_defocus.cli.alignment import add_align_option
from napari_defocus.cli.arguments import Subparsers, add_stack
from napari_defocus.cli.stack import open_stack, warn_uncalibrated, write_result

# As in solver.focus_measure, which is not imported for --help: it is heavy.
MEASURES = (
    "sum_modified_laplacian",
    "tenengrad",
    "variance_of_laplacian",
    "local_variance",
    "modified_laplacian",
)


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "focus",
        help="depth from focus: the classic measure, in seconds",
        description="Depth and all-in-focus image from the plane in which each pixel is sharpest.",
    )
    add_stack(parser)
    add_align_option(parser)
    parser.add_argument(
        "--measure", choices=MEASURES, default=MEASURES[0], help=f"focus measure ({MEASURES[0]})"
    )
    parser.add_argument(
        "--window",
        type=int,
        default=3,
        metavar="PX",
        help="side of the window that the focus is measured in (3); does not count for modified_laplacian",
    )
    parser.add_argument(
        "--step",
        type=int,
        default=1,
        metavar="PX",
        help="distance of the pixels that are compared (1); does not count for local_variance",
    )
    parser.add_argument("--median", type=int, default=3, metavar="PX", help="side of the median filter (3)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Measure the focus of the stack and write the result."""
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.solver import depth_from_focus

    stack, directory = open_stack(args, args.optics)
    if stack.unit == "plane":
        warn_uncalibrated(args)
    with ProgressBar(quiet=args.quiet, verbose=args.verbose) as bar:
        result = depth_from_focus(
            stack.images,
            stack.focus,
            unit=stack.unit,
            measure=args.measure,
            window=args.window,
            step=args.step,
            median=args.median,
            white=stack.metadata.get("white"),
            progress=bar,
        )
    write_result(result, stack, directory, args)
