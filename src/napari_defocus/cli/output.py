"""Where results go, checked before the computation, and what is said about them after it."""

import argparse
from datetime import datetime
from glob import escape
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from napari_defocus.solver import DefocusResult


def output_directory(
    args: argparse.Namespace, dataset: str, name: str, *, names: frozenset[str] | None = None
) -> Path:
    """Return the folder that the results will be moved to, which need not exist yet; `names` as below.

    Raises
    ------
    InputError
        If it is not empty and ``--overwrite`` is not given, if it cannot be written, or if plots are asked
        for and matplotlib is missing.
    """
    from napari_defocus.io.plots import check_matplotlib

    directory = new_directory(dataset, name) if args.output is None else Path(args.output)
    check_output(directory, overwrite=args.overwrite, names=names)
    if getattr(args, "save_plots", False):
        check_matplotlib()
    return directory


def new_directory(dataset: str, name: str) -> Path:
    """Return the default folder of a run that begins now."""
    return Path("experiments", dataset, f"{name}_{datetime.now():%Y%m%d-%H%M%S}")


def newest_directory(dataset: str, name: str) -> Path | None:
    """Return the default folder of the last run of this name, None where there is none."""
    moment = "_" + "[0-9]" * 8 + "-" + "[0-9]" * 6
    return max(Path("experiments", dataset).glob(escape(name) + moment), default=None)


def check_output(directory: Path, *, overwrite: bool, names: frozenset[str] | None = None) -> None:
    """Raise :class:`InputError` when results could not be moved to `directory` after the computation.

    `names` are those that files of an older result may have; None: of a depth map and what goes with it.
    """
    from napari_defocus.io.result_directory import RESULT_FILES, check_target, check_writable

    check_target(directory, overwrite=overwrite, names=names or RESULT_FILES)
    check_writable(directory)


def describe_result(result: "DefocusResult", directory: Path) -> str:
    """Return what to tell of a result and of its files, several lines."""
    rows, columns = result.depth.shape
    unit = "plane steps" if result.unit == "plane" else result.unit
    low, middle, high = np.nanpercentile(result.depth, (1, 50, 99))
    lines = [
        f"Depth of {columns} x {rows} pixels: {low:.4g} to {high:.4g} {unit} "
        f"(1st to 99th percentile), median {middle:.4g} {unit}.",
        f"Mean confidence {result.confidence.mean():.2f}: the share of depths to be expected right "
        f"{result.confidence_meaning}; {100 * result.outliers.mean():.1f} % of the pixels were outliers.",
    ]
    if result.losses:
        lines.append(f"Loss {result.losses[0]:.3e} at the start, {result.losses[-1]:.3e} at the end.")
    lines += [f"Note: {note}" for note in result.notes]
    lines.append(f"Results are in {directory}:")
    lines += [f"  {path.name}" for path in sorted(directory.iterdir())]
    return "\n".join(lines)
