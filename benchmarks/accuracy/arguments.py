"""What the command lines of this folder have in common."""

import argparse
from collections.abc import Collection
from pathlib import Path

from benchmarks.accuracy.rendering import default_cache


def parser_of(
    module: str, about: str | None, scenes: Collection[str] = (), default: Collection[str] | None = None
) -> argparse.ArgumentParser:
    """A parser with --cache, and --scenes where there are some: all of them unless told otherwise.

    Parameters
    ----------
    module : str
        Name of the module that is run.
    about : str
        Docstring of the module.
    scenes : collection of str
        Names to choose from.
    default : collection of str, optional
        Names that are taken without a choice.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    if scenes:
        chosen = scenes if default is None else default
        parser.add_argument("--scenes", nargs="+", choices=scenes, default=chosen, metavar="NAME")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="FOLDER", help="%(default)s")
    return parser
