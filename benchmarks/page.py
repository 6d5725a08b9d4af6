"""The tables in docs/performance.md, written from a results file so that its text and figures cannot drift.

    python -m benchmarks.page [RESULTS.json]

Replaces what stands between ``<!-- table: NAME -->`` and ``<!-- end -->``; NAME is a part of the benchmarks,
"machine" or "source". Without an argument the newest results are taken.
"""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path

from benchmarks import results
from benchmarks.harness import ROOT

PAGE = ROOT / "docs" / "performance.md"

BLOCK = re.compile(r"(?P<begin><!-- table: (?P<name>[^>]+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL)
SOURCE = re.compile(r"\(\.\./benchmarks/results/(?P<name>[^)]+)\.md\)")


def rendered(page: str, path: Path) -> str:
    """The page with its tables from a results file."""
    rows, machine, _ = results.read(path)

    def block(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "machine":
            text = results.markdown_facts(machine)
        elif name == "source":
            text = f"All figures are those of [{path.stem}](../benchmarks/results/{path.stem}.md)."
        else:
            members = [row for row in rows if row.part == name]
            if not members:
                raise ValueError(f"{path.name} has no rows of {name!r}, which the page shows")
            text = results.markdown_table(members)
        return f"{match['begin']}{text}\n{match['end']}"

    return BLOCK.sub(block, page)


def source(page: str) -> Path:
    """The results file that a page names as its source."""
    match = SOURCE.search(page)
    if match is None:
        raise ValueError("the page names no results file")
    return results.FOLDER / f"{match['name']}.json"


def update(path: Path) -> None:
    PAGE.write_text(rendered(PAGE.read_text(), path))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", help="results file; the newest if not given")
    update(parser.parse_args(argv).results or results.newest())


if __name__ == "__main__":
    main()
