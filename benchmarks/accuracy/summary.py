"""The figures by which the aims are judged, for each scene and on average."""

from collections.abc import Mapping
from typing import Any

import numpy as np

Scenes = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Measures by scene and row."""

FIGURES = {
    "abs_rel_ratio": "AbsRel of ours over the better of published and focus",
    "psnr_gain": "AIF of ours above the mosaic, dB",
    "sparsification_ratio": "RMSE of ours without its 20 % least confident pixels, over RMSE",
    "cpu_ratio": "CPU seconds of ours over published",
}
RIVALS = ("published", "focus")


def summarise(scenes: Scenes) -> dict[str, dict[str, float]]:
    """Figures by scene, and their mean over the scenes as ``"mean"``; those that can be formed.

    The mean of `abs_rel_ratio` is over the scenes' ratios, so that each scene weighs the same.
    """
    summary = {name: figures(rows) for name, rows in scenes.items()}
    summary = {name: values for name, values in summary.items() if values}
    if summary:
        summary["mean"] = {
            figure: float(np.mean([values[figure] for values in summary.values() if figure in values]))
            for figure in FIGURES
            if any(figure in values for values in summary.values())
        }
    return summary


def figures(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The figures of one scene from the measures of its rows."""
    if "ours" not in rows:
        return {}
    ours = rows["ours"]
    found = {"sparsification_ratio": ours["rmse_dropped"] / ours["rmse"]}
    if all(rival in rows for rival in RIVALS):
        found["abs_rel_ratio"] = ours["abs_rel"] / min(rows[rival]["abs_rel"] for rival in RIVALS)
    if "mosaic" in rows:
        found["psnr_gain"] = ours["psnr"] - rows["mosaic"]["psnr"]
    if "published" in rows:
        found["cpu_ratio"] = ours["cpu_seconds"] / rows["published"]["cpu_seconds"]
    return {figure: float(found[figure]) for figure in FIGURES if figure in found}
