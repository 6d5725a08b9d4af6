"""The table, on the screen and as files."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import Any

from benchmarks.harness import Row

FOLDER = Path(__file__).parent / "results"

HEADINGS = ("target", "unit", "goal", "ours", "comparator", "ratio", "met")


def figure(value: float | None) -> str:
    """A figure with three digits that count, and no exponent where one is not needed."""
    if value is None:
        return "-"
    if abs(value) >= 1e7:
        return f"{value:.3g}"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def cells(row: Row) -> tuple[str, ...]:
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return (
        row.target,
        row.unit,
        row.goal,
        figure(row.ours),
        figure(row.comparator),
        figure(row.ratio),
        met,
    )


def table(rows: Sequence[Row]) -> str:
    """The whole table as text, the notes on lines of their own."""
    lines = [HEADINGS, *map(cells, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(HEADINGS))]

    def text(line: Iterable[str]) -> str:
        padded = [
            cell.ljust(w) if i < 3 else cell.rjust(w)
            for i, (cell, w) in enumerate(zip(line, widths, strict=True))
        ]
        return "  ".join(padded).rstrip()

    out = [text(HEADINGS), text("-" * width for width in widths)]
    for part, members in groupby(rows, key=lambda row: row.part):
        out.append(f"[{part}]")
        for row in members:
            out.append(text(cells(row)))
            if row.note:
                out.append(f"    {row.note}")
    return "\n".join(out)


def markdown_table(rows: Iterable[Row]) -> str:
    """Rows as a Markdown table with their notes."""
    lines = [*("| " + " | ".join((*HEADINGS, "note")) + " |", "|---|---|---|---:|---:|---:|---|---|")]
    lines += ["| " + " | ".join((*cells(row), row.note)) + " |" for row in rows]
    return "\n".join(lines)


def markdown_facts(machine: dict[str, Any]) -> str:
    return "\n".join(f"* {name.replace('_', ' ')}: {value}" for name, value in machine.items())


def write(rows: Sequence[Row], machine: dict[str, Any], details: dict[str, Any], name: str) -> Path:
    """Write NAME.json, all that was measured, and NAME.md, the table; return the former."""
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.json"
    content = {"machine": machine, "rows": [asdict(row) for row in rows], "details": details}
    path.write_text(json.dumps(content, indent=1) + "\n")
    sections = [f"# Benchmarks, {machine['date']}", markdown_facts(machine)]
    for part, members in groupby(rows, key=lambda row: row.part):
        sections += [f"## {part}", markdown_table(members)]
    path.with_suffix(".md").write_text("\n\n".join(sections) + "\n")
    return path


def newest() -> Path:
    """The newest results file: their names begin with the time of the run."""
    return max(FOLDER.glob("2*.json"))


def read(path: Path) -> tuple[list[Row], dict[str, Any], dict[str, Any]]:
    """Rows, machine facts and details of a results file."""
    content = json.loads(path.read_text())
    return [Row(**row) for row in content["rows"]], content["machine"], content["details"]
