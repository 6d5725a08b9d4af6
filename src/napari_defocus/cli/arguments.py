"""Arguments that several commands share."""

import argparse
import json
from typing import Any

from napari_defocus.errors import InputError

Subparsers = Any
"""What ``ArgumentParser.add_subparsers`` returns; argparse keeps its type private."""


def add_stack(parser: argparse.ArgumentParser) -> None:
    """Add the stack itself, its optics and the arguments of :func:`add_output`."""
    add_input(parser)
    add_output(parser, default="experiments/stacks/NAME_TIME")


def add_input(parser: argparse.ArgumentParser) -> None:
    """Add the stack itself and its optics."""
    parser.add_argument(
        "stack",
        metavar="STACK",
        nargs="+",
        help="a folder or .zip of images, a multi-page or OME TIFF, a .npy array, or several image files",
    )
    parser.add_argument(
        "--optics",
        metavar="FILE",
        help="optics as .toml or .json (default: optics.toml beside the images, then the files' metadata)",
    )


def add_output(parser: argparse.ArgumentParser, *, default: str, plots: bool = True) -> None:
    """Add where results go and how much is said meanwhile."""
    parser.add_argument("-o", "--output", metavar="DIR", help=f"folder for the results (default: {default})")
    parser.add_argument("--overwrite", action="store_true", help="replace results that are in DIR already")
    if plots:
        parser.add_argument("--save-plots", action="store_true", help="also write plots (needs matplotlib)")
    talk = parser.add_mutually_exclusive_group()
    talk.add_argument("--verbose", action="store_true", help="print each step, and errors in full")
    talk.add_argument("--quiet", action="store_true", help="print errors only")


def parse_setting(text: str) -> tuple[str, Any]:
    """Split the ``name=value`` of ``--set``; the value is a number, true, false, none, a list or a word.

    Raises
    ------
    InputError
        If there is no name, no equals sign or no value.
    """
    name, _, word = text.partition("=")
    name, word = name.strip(), word.strip()
    if not name or not word:
        raise InputError(f"--set takes name=value, as in --set cost_window=7, but got {text!r}.")
    literal = {"none": "null", "true": "true", "false": "false"}.get(word.lower(), word)
    try:
        return name, json.loads(literal)
    except ValueError:
        return name, word
