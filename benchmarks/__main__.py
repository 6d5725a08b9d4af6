"""All benchmarks: one table, printed and written to benchmarks/results.

    python -m benchmarks [--data FOLDER] [--large] [--only PART ...]

Every row is measured in this run, and what cannot be measured says so. It takes half an hour or more; figures
are only as good as the machine is idle.
"""

import argparse
import sys
import traceback
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

from benchmarks import (
    classic,
    comparator_cost,
    graph_cut_labels,
    growth,
    kernels,
    machine,
    nyuv2,
    photographs,
    results,
    samples,
    scale,
    start,
    time_to_accuracy,
)
from benchmarks.harness import Clock, Row, Run

# In this order: what the comparator costs is used further down.
PARTS: tuple[ModuleType, ...] = (
    comparator_cost,
    time_to_accuracy,
    scale,
    growth,
    start,
    kernels,
    graph_cut_labels,
    nyuv2,
    samples,
    classic,
    photographs,
)


def main() -> int:
    names = [part.NAME for part in PARTS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--data", type=Path, metavar="FOLDER", help="folder with nyuv2/, keyboard/, pcb/")
    parser.add_argument("--large", action="store_true", help="12 megapixels too")
    parser.add_argument(
        "--only", nargs="+", choices=names, metavar="PART", help=f"print some parts, write nothing: {names}"
    )
    arguments = parser.parse_args()
    if arguments.data is not None and not arguments.data.is_dir():
        parser.error(f"{arguments.data} is no folder")
    run = Run(arguments.data, arguments.large)
    facts = machine.facts()
    began = datetime.now(UTC)
    rows: list[Row] = []
    for part in PARTS:
        if arguments.only is None or part.NAME in arguments.only:
            rows += measured(part, run)
    print("\n".join(f"{name}: {value}" for name, value in facts.items()), end="\n\n")
    print(results.table(rows))
    if arguments.only is None:
        name = f"{began:%Y-%m-%dT%H%M}_{facts['commit']}".replace("+", "_")
        print(f"\nwritten: {results.write(rows, facts, run.details, name)} and the same as .md")
    return int(any(row.note.startswith(FAILED) for row in rows))


FAILED = "failed: "


def measured(part: ModuleType, run: Run) -> list[Row]:
    """Rows of a part; an error is a row, so that an hour of others is not lost."""
    print(f"{part.NAME} ...", file=sys.stderr, flush=True)
    try:
        with Clock() as clock:
            rows: list[Row] = part.measure(run)
    except Exception as error:
        traceback.print_exc()
        return [Row(part=part.NAME, target="-", unit="-", measured=False, note=f"{FAILED}{error}")]
    print(f"{part.NAME}: {clock.wall:.0f} s", file=sys.stderr, flush=True)
    return rows


if __name__ == "__main__":
    sys.exit(main())
