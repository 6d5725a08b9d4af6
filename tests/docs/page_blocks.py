"""The pages as the tests see them: their blocks of code, and what these are to print."""

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

BLOCK = re.compile(
    r"^(?:<!-- (?P<marker>[^\n]*) -->\n)?```(?P<language>\w*)[^\n]*\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")
LEEWAY = 0.25
"""Share by which a number with a decimal point may be off before a page counts as stale."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page.

    Attributes
    ----------
    where : str
        Page and line, for messages.
    language : str
        "" for none: no code.
    text : str
        What stands in it.
    marker : str
        The HTML comment on the line before: "output" (what the blocks before print), or "not run: WHY".
    """

    where: str
    language: str
    text: str
    marker: str

    @property
    def is_run(self) -> bool:
        return not self.marker.startswith("not run: ")

    @property
    def commands(self) -> list[tuple[str, list[str]]]:
        """Each command line of ours, and the lines of output that stand below it."""
        found: list[tuple[str, list[str]]] = []
        for line in self.text.splitlines():
            is_command = line.startswith("$ ") if self.language == "console" else True
            if is_command:
                found.append((line.removeprefix("$ "), []))
            else:
                found[-1][1].append(line)
        return [(line, output) for line, output in found if line.startswith("napari-defocus")]


def blocks(page: Path) -> Iterator[Block]:
    text = page.read_text("utf-8")
    for found in BLOCK.finditer(text):
        line = text[: found.start("language")].count("\n") + 1
        yield Block(f"{page.name}:{line}", found["language"], found["text"], found["marker"] or "")


def agree(expected: str, printed: str) -> bool:
    """Whether two lines have the same words and whole numbers, and nearly the same other numbers."""
    if NUMBER.sub("#", expected).split() != NUMBER.sub("#", printed).split():
        return False
    return all(map(_near, NUMBER.findall(expected), NUMBER.findall(printed)))


def _near(expected: str, printed: str) -> bool:
    if "." not in expected:
        return expected == printed
    digits = len(expected.split("e")[0].split(".")[1])
    last_digit = 0.0 if "e" in expected else 2.0 * 10.0**-digits
    return math.isclose(float(expected), float(printed), rel_tol=LEEWAY, abs_tol=last_digit)


def missing_line(expected: list[str], printed: str) -> str | None:
    """Return the first of some lines that is not among the printed ones, in their order; None if all are."""
    lines = iter(printed.splitlines())
    for line in filter(str.strip, expected):
        if not any(agree(line, other) for other in lines):
            return line
    return None
