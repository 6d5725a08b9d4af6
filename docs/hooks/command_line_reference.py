"""The reference of the command line, made from its parsers."""

import argparse
from collections.abc import Iterator

from napari_defocus.cli.main import build_parser

WIDTH = 100


def command_line_reference() -> str:
    """Return a section for each command in Markdown."""
    return "\n\n".join(_section(parser) for parser in _commands(build_parser()))


def _commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield the commands that can be called: those without subcommands of their own."""
    # argparse has no public way to ask a parser for what it takes.
    choices = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if not choices:
        yield parser
    for action in choices:
        for command in action.choices.values():
            yield from _commands(command)


def _section(parser: argparse.ArgumentParser) -> str:
    parts = [f"## {parser.prog}", parser.description or "", f"```text\n{_usage(parser)}\n```"]
    rows: list[str] = []
    for group in parser._action_groups:
        if group.description:
            rows.append(f"| **{group.title}** | {_cell(group.description)} |")
        rows += [_row(item) for item in group._group_actions if not isinstance(item, argparse._HelpAction)]
    return "\n\n".join([*filter(None, parts), "\n".join(["| argument | meaning |", "|---|---|", *rows])])


def _usage(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(parser.prog, width=WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups)
    return formatter.format_help().strip().removeprefix("usage: ")


def _row(action: argparse.Action) -> str:
    names = ", ".join(f"`{name}{_values(action)}`" for name in action.option_strings or [""])
    text = (action.help or "") % {**vars(action), "prog": "napari-defocus"}
    if action.choices:
        text += ": " + ", ".join(f"`{choice}`" for choice in action.choices)
    return f"| {names} | {_cell(text)} |"


def _values(action: argparse.Action) -> str:
    """What goes behind the name of an option, or stands in the place of a positional argument."""
    if action.nargs == 0:
        return ""
    metavar = action.metavar or action.dest.upper()
    text = metavar if isinstance(metavar, str) else " ".join(metavar)
    text = {argparse.OPTIONAL: f"[{text}]", argparse.ONE_OR_MORE: f"{text} ..."}.get(str(action.nargs), text)
    return f" {text}" if action.option_strings else text


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
