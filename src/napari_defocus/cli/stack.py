"""What the commands on a stack share: opening it, choosing its optics, writing the result."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from napari_defocus.cli.alignment import aligned
from napari_defocus.cli.output import describe_result, output_directory

if TYPE_CHECKING:
    from napari_defocus.io import FocalStack
    from napari_defocus.optics import Optics
    from napari_defocus.solver import DefocusResult

UNCALIBRATED_NOTE = (
    "No optics were given or found, so depth is in plane steps (0 is the first image), not in metres. "
    "For real units put an optics.toml beside the images or name one with --optics."
)


def open_stack(args: argparse.Namespace, optics: "Optics | str | None") -> tuple["FocalStack", Path]:
    """Open the stack of the command line, check that its results can be written, and align it if asked.

    Parameters
    ----------
    args : Namespace
        With `stack`, `align` and the arguments of ``add_output``.
    optics : Optics or path, optional
        Optics to use. None: those found with the stack.

    Returns
    -------
    FocalStack, Path
        The stack and the folder to write to.

    Raises
    ------
    InputError
        If the stack cannot be read, does not fit the optics, or the folder cannot be written.
    """
    stack = read_stack(args, optics)
    directory = output_directory(args, "stacks", stack.name)
    return aligned(stack, args), directory


def read_stack(args: argparse.Namespace, optics: "Optics | str | None") -> "FocalStack":
    """Open the stack of the command line."""
    from napari_defocus.io import read_focal_stack

    paths = [Path(name) for name in args.stack]
    return read_focal_stack(paths[0] if len(paths) == 1 else paths, optics=optics)


def warn_uncalibrated(args: argparse.Namespace) -> None:
    """Say that depth will be in plane steps, and how to have it in real units."""
    if not args.quiet:
        print(UNCALIBRATED_NOTE)


def write_result(
    result: "DefocusResult", stack: "FocalStack", directory: Path, args: argparse.Namespace
) -> None:
    """Write the result of a stack to its folder and describe it."""
    from napari_defocus.io import save_result

    save_result(
        result,
        directory,
        images_dtype=stack.images.dtype,
        overwrite=args.overwrite,
        extra_parameters=stack.origin,
        save_plots=args.save_plots,
    )
    if not args.quiet:
        print(describe_result(result, directory))
