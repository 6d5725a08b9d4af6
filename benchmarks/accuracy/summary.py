"""The figures by which the aims are judged, for each scene and on average."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.stats import gmean

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
    """Figures by scene that can be formed, and four lines about all of them.

    ``"mean"`` has the mean over the scenes, each of the same weight; ``"geometric mean"`` that of the ratios,
    in which a half and a double even out; ``"ratio of means"`` the mean AbsRel of ours over the mean of the
    better ones; ``"worst"`` the figure of the scene where it is worst.
    """
    summary = {name: figures(rows) for name, rows in scenes.items()}
    summary = {name: values for name, values in summary.items() if values}
    known = {
        figure: [values[figure] for values in summary.values() if figure in values] for figure in FIGURES
    }
    known = {figure: values for figure, values in known.items() if values}
    if not known:
        return {}
    summary["mean"] = {figure: float(np.mean(values)) for figure, values in known.items()}
    summary["geometric mean"] = {
        figure: float(gmean(values)) for figure, values in known.items() if figure.endswith("_ratio")
    }
    pairs = [
        (rows["ours"]["abs_rel"], better_rival(rows))
        for name, rows in scenes.items()
        if "abs_rel_ratio" in summary.get(name, {})
    ]
    if pairs:
        ours, better = np.mean(pairs, axis=0)
        summary["ratio of means"] = {"abs_rel_ratio": float(ours / better)}
    summary["worst"] = {
        figure: min(values) if figure == "psnr_gain" else max(values) for figure, values in known.items()
    }
    return summary


def better_rival(rows: Mapping[str, Mapping[str, Any]]) -> float:
    """The lesser AbsRel of the published method and the classic measure."""
    return float(min(rows[rival]["abs_rel"] for rival in RIVALS))


def figures(rows: Mapping[str, Mapping[str, Any]]) -> dict[str, float]:
    """The figures of one scene from the measures of its rows."""
    if "ours" not in rows:
        return {}
    ours = rows["ours"]
    found = {"sparsification_ratio": ours["rmse_dropped"] / ours["rmse"]}
    if all(rival in rows for rival in RIVALS):
        found["abs_rel_ratio"] = ours["abs_rel"] / better_rival(rows)
    if "mosaic" in rows:
        found["psnr_gain"] = ours["psnr"] - rows["mosaic"]["psnr"]
    if "published" in rows:
        found["cpu_ratio"] = ours["cpu_seconds"] / rows["published"]["cpu_seconds"]
    return {figure: float(found[figure]) for figure in FIGURES if figure in found}
