"""Options of ``solve`` for a part of the images."""

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from napari_defocus.errors import InputError

if TYPE_CHECKING:
    from napari_defocus.io import FocalStack
    from napari_defocus.io.parameters import RecordedRun
    from napari_defocus.io.stack_part import Rectangle, StackPart


def add_part_options(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    part = parser.add_mutually_exclusive_group()
    part.add_argument(
        "--region",
        nargs=4,
        type=int,
        metavar=("TOP", "BOTTOM", "LEFT", "RIGHT"),
        help="solve these pixels only: from the first row and column to before the last, from 0",
    )
    part.add_argument(
        "--whole",
        action="store_true",
        help="solve all pixels, though the run of --parameters was of a region or a preview",
    )


def wanted_part(args: argparse.Namespace, record: "RecordedRun | None") -> "StackPart":
    """Return the part that the command line names, else that of the recorded run, which is told of.

    Raises
    ------
    InputError
        If the image is to be solved block by block, which is for all pixels only.
    """
    from napari_defocus.cli.blocks import in_blocks
    from napari_defocus.io.stack_part import StackPart

    if args.region is not None:
        top, bottom, left, right = args.region
        part = StackPart((slice(top, bottom), slice(left, right)))
    elif record is None or args.whole:
        part = StackPart()
    else:
        part = record.part
        if not part.is_whole and not args.quiet:
            print(f"Solving {part.in_words}, as that run did; --whole solves all pixels.")
    if in_blocks(args) and not part.is_whole:
        raise InputError(
            f"Leave out --block, --store and --scheduler, or add --whole: {part.in_words} is solved at once."
        )
    return part


def cut_out(stack: "FocalStack", part: "StackPart") -> "tuple[FocalStack, Rectangle | None]":
    """Return the images that a part is solved from, and which pixels of them get results; None for all.

    Raises
    ------
    InputError
        If a region is not on the images.
    """
    from napari_defocus.io.stack_part import cut, joined, lies_on, with_rim
    from napari_defocus.optics.binning import binned

    images, optics, inside = stack.images, stack.optics, None
    region, shape = part.region, images.shape[1:3]
    if region is not None:
        if not lies_on(region, shape):
            raise _not_on(region, shape)
        if part.binning == 1:
            region, inside = with_rim(region, shape)
        images = cut(images, region)
    if part.binning > 1:
        images = joined(images, part.binning)
        optics = None if optics is None else binned(optics, part.binning)
    return replace(stack, images=images, optics=optics, metadata=stack.metadata | part.to_dict()), inside


def _not_on(region: "Rectangle", shape: tuple[int, int]) -> InputError:
    """Error for a region that is not on images of some rows and columns."""
    rows, columns = (f"{side.start} to {side.stop}" for side in region)
    return InputError(
        f"The region, rows {rows} and columns {columns}, is not on the images of {shape[0]} x {shape[1]} px; "
        f"give 0 <= TOP < BOTTOM <= {shape[0]} and 0 <= LEFT < RIGHT <= {shape[1]} with --region."
    )
