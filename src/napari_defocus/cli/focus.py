"""``napari-defocus focus``: classic depth from focus, in seconds."""

import argparse

from napari_defocus.cli.alignment import add_align_option
from napari_defocus.cli.arguments import Subparsers, add_stack
from napari_defocus.cli.stack import open_stack, warn_uncalibrated, write_result


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "focus",
        help="depth from focus: the classic measure, in seconds",
        description="Depth and all-in-focus image by the sum-modified Laplacian of each plane.",
    )
    add_stack(parser)
    add_align_option(parser)
    parser.add_argument("--window", type=int, default=3, metavar="PX", help="side of the summing window (3)")
    parser.add_argument("--step", type=int, default=1, metavar="PX", help="step of the Laplacian (1)")
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
            window=args.window,
            step=args.step,
            median=args.median,
            white=stack.metadata.get("white"),
            progress=bar,
        )
    write_result(result, stack, directory, args)
