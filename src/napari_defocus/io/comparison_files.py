"""Comparisons of depth maps to files."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_defocus import __version__
from napari_defocus.io.parameters import to_json
from napari_defocus.io.result_directory import check_target, partial_directory, resolve_target

if TYPE_CHECKING:
    from napari_defocus.comparison import DepthComparison

ERROR_FILE, HISTOGRAM_FILE, METRICS_FILE = "error.tif", "histogram.csv", "metrics.json"

COMPARISON_FILES = frozenset(
    {ERROR_FILE, HISTOGRAM_FILE, METRICS_FILE, "plot_error.png", "plot_error_histogram.png"}
)
"""Every name that a comparison may have among its files."""


def save_comparison(
    comparison: "DepthComparison",
    directory: str | Path,
    *,
    overwrite: bool = False,
    extra: Mapping[str, Any] | None = None,
    save_plots: bool = False,
) -> Path:
    """Write a comparison to a new directory.

    The files are ``error.tif`` (float32, NaN where not compared), ``histogram.csv``, ``metrics.json`` and
    plots. They are written under another name first and moved into place when all are finished.

    Parameters
    ----------
    comparison : DepthComparison
        What :func:`napari_defocus.compare_depths` returned.
    directory : path
        Directory to make, or an empty one.
    overwrite : bool
        Replace an older comparison when the directory holds nothing else.
    extra : mapping, optional
        Further entries of ``metrics.json``, such as what was compared.
    save_plots : bool
        Draw error map and histogram (needs matplotlib).

    Returns
    -------
    Path
        The directory, absolute.

    Raises
    ------
    InputError
        If the directory is there already (without `overwrite`), holds other files, or cannot be written.
    """
    import tifffile

    target = resolve_target(directory)
    check_target(target, overwrite=overwrite, names=COMPARISON_FILES)
    if save_plots:
        from napari_defocus.io.plots import check_matplotlib

        check_matplotlib()
    with partial_directory(target, COMPARISON_FILES) as partial:
        tifffile.imwrite(
            partial / ERROR_FILE,
            comparison.error,
            ome=True,
            photometric="minisblack",
            compression="zlib",
            metadata={"axes": "YX", "Description": f"Difference of depth in {comparison.unit or 'no unit'}"},
        )
        _write_histogram(comparison, partial / HISTOGRAM_FILE)
        report = {
            **comparison.metrics,
            "unit": comparison.unit,
            "truth": comparison.truth,
            **(extra or {}),
            "napari_defocus": __version__,
        }
        (partial / METRICS_FILE).write_text(to_json(report), "utf-8")
        if save_plots:
            from napari_defocus.io.comparison_plots import plot_error, plot_error_histogram

            plot_error(comparison).savefig(partial / "plot_error.png", dpi=150)
            plot_error_histogram(comparison).savefig(partial / "plot_error_histogram.png", dpi=150)
    return target


def _write_histogram(comparison: "DepthComparison", path: Path) -> None:
    counts, edges = comparison.histogram()
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["from", "to", "pixels"])
        for count, low, high in zip(counts, edges[:-1], edges[1:], strict=True):
            writer.writerow([f"{low:.9g}", f"{high:.9g}", int(count)])
