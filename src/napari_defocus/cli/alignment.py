"""``napari-defocus align``, and the option ``--align`` of the commands that solve."""

import argparse
from typing import TYPE_CHECKING, Any

from napari_defocus.cli.arguments import Subparsers, add_input, add_output

if TYPE_CHECKING:
    from napari_defocus.alignment import AlignmentResult, MotionKind
    from napari_defocus.io import FocalStack
    from napari_defocus.io.parameters import RecordedRun

MOTIONS = ("similarity", "breathing", "translation")
DEFAULT = MOTIONS[0]
MEANING = "translation: shifts; breathing: also a change of scale; similarity: also a rotation"


def add_align_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--align`` to a command that solves."""
    parser.add_argument(
        "--align",
        nargs="?",
        choices=(*MOTIONS, "off"),
        const=DEFAULT,
        help=f"align the planes first, as photographs often need; {MEANING} ({DEFAULT} if no kind is "
        "named; default: off, or as in --parameters)",
    )


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "align",
        help="take shifts, rotation and focus breathing out of a stack",
        description="Bring the planes of a stack over each other and write them as one TIFF. A plane that "
        "would not fit better stays as it is, and a stack that is aligned already is written as it was.",
    )
    add_input(parser)
    parser.add_argument("--motion", choices=MOTIONS, default=DEFAULT, help=f"{MEANING} ({DEFAULT})")
    parser.add_argument(
        "--reference", type=int, metavar="K", help="plane that stays, from 0 (default: the middle one)"
    )
    parser.add_argument("--crop", action="store_true", help="cut off borders that not every plane shows")
    add_output(parser, default="experiments/aligned/NAME_TIME", plots=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Align the stack, write it and print what was found."""
    from napari_defocus.cli.output import output_directory
    from napari_defocus.cli.stack import read_stack
    from napari_defocus.io import save_alignment
    from napari_defocus.io.aligned_files import ALIGNMENT_FILES

    stack = read_stack(args, args.optics)
    directory = output_directory(args, "aligned", stack.name, names=ALIGNMENT_FILES)
    result = measure(stack, args, args.motion, reference=args.reference, crop=args.crop)
    save_alignment(result, stack, directory, overwrite=args.overwrite)
    if not args.quiet:
        print(f"The aligned stack is in {directory}:")
        print(*(f"  {path.name}" for path in sorted(directory.iterdir())), sep="\n")


def wanted_motion(args: argparse.Namespace, record: "RecordedRun | None" = None) -> "MotionKind | None":
    """Return the kind of motion that ``--align`` names, else that of a recorded run; None: planes stay."""
    motion: Any = args.align
    if motion is None and record is not None:
        motion = record.motion
    return None if motion == "off" else motion


def aligned(stack: "FocalStack", args: argparse.Namespace) -> "FocalStack":
    """Return the stack as ``--align`` asks for it, with what was found in its metadata."""
    from napari_defocus.io.aligned_files import aligned_stack

    motion = wanted_motion(args)
    return stack if motion is None else aligned_stack(stack, measure(stack, args, motion))


def measure(
    stack: "FocalStack",
    args: argparse.Namespace,
    motion: "MotionKind",
    *,
    reference: int | None = None,
    crop: bool = False,
) -> "AlignmentResult":
    """Align with a progress bar and print the report."""
    from napari_defocus.alignment import align_focal_stack
    from napari_defocus.cli.progress import ProgressBar

    with ProgressBar(quiet=args.quiet, verbose=args.verbose) as bar:
        result = align_focal_stack(
            stack.images,
            motion=motion,
            reference=reference,
            crop=crop,
            progress=bar,
        )
    if not args.quiet:
        print(result.report())
    return result
