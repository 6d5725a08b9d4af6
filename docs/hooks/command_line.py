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
    parts = [f"## {parser.prog}", parser.description or "", _fenced(_usage(parser))]
    for group in parser._action_groups:
        actions = [action for action in group._group_actions if not isinstance(action, argparse._HelpAction)]
        if not actions:
            continue
        if group.description:
            parts.append(f"*{str(group.title).capitalize()}.* {group.description}")
        parts.append("\n".join(["| argument | |", "|---|---|", *(_row(parser, item) for item in actions)]))
    return "\n\n".join(part for part in parts if part)


def _usage(parser: argparse.ArgumentParser) -> str:
    formatter = argparse.HelpFormatter(parser.prog, width=WIDTH)
    formatter.add_usage(parser.usage, parser._actions, parser._mutually_exclusive_groups)
    return formatter.format_help().strip().removeprefix("usage: ")


def _row(parser: argparse.ArgumentParser, action: argparse.Action) -> str:
    formatter = argparse.HelpFormatter(parser.prog)
    names = formatter._format_action_invocation(action)
    text = formatter._expand_help(action) if action.help else ""
    return f"| `{_cell(names)}` | {_cell(text)} |"


def _fenced(text: str) -> str:
    return f"```text\n{text}\n```"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
