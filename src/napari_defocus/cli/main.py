"""The command ``napari-defocus``: its parser, and what users see of errors."""

import argparse
import logging
import sys
import traceback
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn

import napari_defocus
from napari_defocus.cli import alignment, compare, demo, focus, mesh, prepare, run, solve, stacks
from napari_defocus.errors import InputError, SolverError

EXIT_OK, EXIT_FAILURE, EXIT_BAD_INPUT, EXIT_INTERRUPTED = 0, 1, 2, 130


class _Parser(argparse.ArgumentParser):
    """A parser that reports a wrong argument like any other bad input: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message[:1].upper()}{message[1:]} (see {self.prog} --help).")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the command and its subcommands."""
    parser = _Parser(
        prog="napari-defocus",
        description="Depth, all-in-focus image, outliers and confidence from a focal stack.",
        epilog="Exit codes: 0 done, 1 the computation failed, 2 bad input, 130 interrupted.",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {napari_defocus.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for command in (solve, stacks, focus, alignment, compare, mesh, run, prepare, demo):
        command.add_parser(commands)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments without the program's name; None: those of the process.

    Returns
    -------
    int
        0 done, 1 the computation failed, 2 bad input, 130 interrupted. What went wrong stands on stderr, in
        one sentence.
    """
    verbose = False
    try:
        args = build_parser().parse_args(argv)
        verbose = args.verbose
        with _libraries_quiet(unless=verbose):
            args.run(args)
    except InputError as error:
        return _report(error, EXIT_BAD_INPUT)
    except SolverError as error:
        return _report(error, EXIT_FAILURE)
    except KeyboardInterrupt as interruption:
        return _report(str(interruption) or "Interrupted; no result was written.", EXIT_INTERRUPTED)
    except Exception as error:
        if verbose:
            traceback.print_exc()
        name = type(error).__name__
        hint = "" if verbose else " (--verbose shows where)"
        return _report(f"The computation failed with {name}: {error}{hint}.", EXIT_FAILURE)
    return EXIT_OK


@contextmanager
def _libraries_quiet(*, unless: bool) -> Iterator[None]:
    """Keep back what is warned and logged of broken files and failed stacks; it is for developers."""
    if unless:
        yield
        return
    loggers = [logging.getLogger(name) for name in ("tifffile", "napari_defocus")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _report(message: object, code: int) -> int:
    print("napari-defocus:", " ".join(str(message).split()), file=sys.stderr)
    return code
