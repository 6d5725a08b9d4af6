"""The table of a batch, ``batch_summary.csv``."""

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from napari_defocus.batch.item import Item, State
from napari_defocus.batch.solve_item import RECORD
from napari_defocus.errors import InputError
from napari_defocus.io.parameters import PARAMETERS_FILE
from napari_defocus.io.writing import write_in_place

SUMMARY_FILE = "batch_summary.csv"

COLUMNS = (
    "name",
    "state",
    "message",
    "depth_min",
    "depth_median",
    "depth_max",
    "unit",
    "outliers",
    "seconds",
    "settings_digest",
)
"""Depth in `unit`; `outliers` is their share of the pixels, 0 to 1."""

Row = dict[str, str]


def row_of(item: Item, digest: str) -> Row:
    """Return the row of an item; that of a result is read from its files, whether new or done before.

    Parameters
    ----------
    item : Item
        The item.
    digest : str
        Digest of the settings that it was run with, or tried.

    Raises
    ------
    InputError
        If the files of the result are damaged.
    """
    row = dict.fromkeys(COLUMNS, "") | {"name": item.name, "state": str(item.state), "message": item.message}
    if item.result is not None and item.done:
        row |= {"state": str(State.DONE), **_figures(item.result)}
    elif item.state in (State.FAILED, State.CANCELLED):
        row["settings_digest"] = digest
    return row


def describe(row: Row) -> str:
    """Return the figures of a result and what is to be known about it, for people."""
    unit = "plane steps" if row["unit"] == "plane" else row["unit"]
    low, middle, high = (f"{float(row[f'depth_{name}']):.3g}" for name in ("min", "median", "max"))
    share = 100 * float(row["outliers"])
    return f"{low} to {high} {unit}, median {middle}; {share:.1f} % outliers. {row['message']}".rstrip(". ")


def earlier_rows(path: Path) -> dict[str, Row]:
    """Return by name the rows of an earlier summary whose results are still there."""
    try:
        with path.open(newline="", encoding="utf-8") as stream:
            rows = [dict(row) for row in csv.DictReader(stream)]
    except (OSError, ValueError, csv.Error):
        return {}
    return {
        row["name"]: row
        for row in rows
        if tuple(row) == COLUMNS
        and row["state"] == State.DONE
        and (path.parent / row["name"] / PARAMETERS_FILE).is_file()
    }


def write_summary(rows: Sequence[Row], path: Path) -> None:
    """Write the table in one go.

    Raises
    ------
    InputError
        If it cannot be written, because another program holds it open, for instance.
    """
    with write_in_place(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _figures(directory: Path) -> Row:
    try:
        parameters: dict[str, Any] = json.loads((directory / PARAMETERS_FILE).read_text("utf-8"))
        depth = np.load(directory / "depth.npy")
        with Image.open(directory / "outliers.png") as image:
            outliers = np.count_nonzero(np.asarray(image)) / depth.size
        return {
            "message": " ".join(parameters["notes"]),
            "depth_min": f"{np.nanmin(depth):.6g}",
            "depth_median": f"{np.nanmedian(depth):.6g}",
            "depth_max": f"{np.nanmax(depth):.6g}",
            "unit": parameters["unit"],
            "outliers": f"{outliers:.6g}",
            "seconds": f"{parameters[RECORD]['seconds']:.2f}",
            "settings_digest": parameters[RECORD]["settings_digest"],
        }
    except (OSError, ValueError, KeyError) as error:
        raise InputError(f"The result in {directory} is damaged ({error}); overwrite it.") from None
