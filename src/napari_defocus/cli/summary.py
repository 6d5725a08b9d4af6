"""The table of a batch: the measures of each scene and their averages."""

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

SUMMARY_FILE = "summary.csv"

COLUMNS = (
    "rmse",
    "abs_rel",
    "delta1",
    "delta2",
    "delta3",
    "log10",
    "c1_rmse",
    "c1_abs_rel",
    "c1_log10",
    "psnr",
    "ssim",
    "loss",
)
"""Measures in the order of the columns; those that no scene has are left out."""


@dataclass(frozen=True)
class Row:
    """One scene: its name, why it failed (None: it did not), and its measures by name."""

    name: str
    failure: str | None = None
    values: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, directory: Path, failure: str | None) -> Self:
        """Read the row of a scene from its result."""
        from napari_defocus.cli.run import read_metrics

        if failure is not None:
            return cls(directory.name, failure)
        values = read_metrics(directory)
        with (directory / "losses.csv").open(newline="", encoding="utf-8") as stream:
            *_, last = csv.DictReader(stream)
        return cls(directory.name, None, values | {"loss": float(last["loss"])})


def write_summary(rows: Sequence[Row], path: Path) -> None:
    """Write a line for each scene and at the end the averages of those that did not fail.

    A measure that is not finite for a scene is left empty and does not count in the average.
    """
    from napari_defocus.io.writing import write_in_place

    columns = [name for name in COLUMNS if any(name in row.values for row in rows)]
    succeeded = [row for row in rows if row.failure is None]
    with write_in_place(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["name", "status", *columns])
        for row in rows:
            status = "done" if row.failure is None else f"failed: {row.failure}"
            writer.writerow([row.name, status, *(_cell(row.values.get(name)) for name in columns)])
        means = [_mean([row.values.get(name, math.nan) for row in succeeded]) for name in columns]
        writer.writerow(["mean", f"{len(succeeded)} of {len(rows)}", *(_cell(mean) for mean in means)])


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan


def _cell(value: float | None) -> str:
    return "" if value is None or not math.isfinite(value) else repr(float(value))
