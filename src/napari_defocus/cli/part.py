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
        part = StackPart(((top, bottom), (left, right)))
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
    from napari_defocus.io.stack_part import cut, joined, with_rim
    from napari_defocus.optics.binning import binned

    images, optics, inside = stack.images, stack.optics, None
    region = part.rectangle
    if region is not None:
        _check(region, images.shape[1:3])
        if part.binning == 1:
            region, inside = with_rim(region, images.shape[1:3])
        images = cut(images, region)
    if part.binning > 1:
        images = joined(images, part.binning)
        optics = None if optics is None else binned(optics, part.binning)
    return replace(stack, images=images, optics=optics, metadata=stack.metadata | part.to_dict()), inside


def _check(region: "Rectangle", shape: tuple[int, int]) -> None:
    """Raise :class:`InputError` if a region is not on images of some rows and columns."""
    (top, bottom), (left, right) = ((side.start, side.stop) for side in region)
    if not (0 <= top < bottom <= shape[0] and 0 <= left < right <= shape[1]):
        raise InputError(
            f"The region, rows {top} to {bottom} and columns {left} to {right}, is not on the images of "
            f"{shape[0]} x {shape[1]} px; give 0 <= TOP < BOTTOM <= {shape[0]} and "
            f"0 <= LEFT < RIGHT <= {shape[1]} with --region."
        )
