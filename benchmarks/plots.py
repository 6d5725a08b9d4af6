"""The pictures and tables of docs/performance.md, from a results file.

    python -m benchmarks.plots [RESULTS.json]

Without an argument the newest results are taken.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks import page, results, time_to_accuracy

IMAGES = page.PAGE.parent / "images"
OURS, THEIRS, CEILING = "#1b6ca8", "#c8553d", "#666666"
STYLE: dict[str, Any] = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e4e4e4",
    "axes.axisbelow": True,
    "legend.frameon": False,
}


def pixels(details: dict[str, Any]) -> Figure:
    """Time and memory against pixels."""
    points = details["growth"]["pixels"]
    megapixels = np.array([point["pixels"] for point in points]) / 1e6
    planes = points[0]["planes"]
    return growth(points, megapixels, f"megapixels ({planes} planes, RGB, 8 bit)", logarithmic=True)


def planes(details: dict[str, Any]) -> Figure:
    """Time and memory against planes."""
    points = details["growth"]["planes"]
    megapixels = points[0]["pixels"] / 1e6
    counts = np.array([float(point["planes"]) for point in points])
    return growth(points, counts, f"planes ({megapixels:.1f} megapixels, RGB, 8 bit)", logarithmic=False)


def growth(points: list[dict[str, Any]], x: np.ndarray, label: str, *, logarithmic: bool) -> Figure:
    """CPU and wall time, and peak memory, with a proportional line through the time of the largest run."""
    figure, (time, memory) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    cpu = np.array([point["cpu"] for point in points])
    wall = [point["wall"] for point in points]
    time.plot(x, cpu, "o-", color=OURS, label="CPU time")
    time.plot(x, wall, "s--", color=OURS, markerfacecolor="white", label="wall time")
    time.plot(x, cpu[-1] / x[-1] * x, ":", color=CEILING, label="proportional to the last")
    time.set_ylabel("seconds, 3 epochs")
    time.legend()
    memory.plot(x, [point["peak_bytes"] / 2**30 for point in points], "o-", color=OURS)
    memory.set_ylabel("peak memory, GiB")
    for axes in (time, memory):
        axes.set_xlabel(label)
        if logarithmic:
            axes.set_xscale("log")
            axes.set_xticks(x, [f"{value:.1f}" for value in x])
            axes.minorticks_off()
        else:
            axes.set_xlim(left=0)
    if logarithmic:
        time.set_yscale("log")
    memory.set_ylim(bottom=0)
    return figure


def accuracy(details: dict[str, Any]) -> Figure:
    """Error of the depth against CPU seconds, ours and the published algorithm's."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    ours = [point for point in details[time_to_accuracy.NAME] if point["is_aif"]]
    axes.plot([p["cpu"] for p in ours], [p["rmse"] for p in ours], "o-", ms=3, color=OURS, label="ours")
    theirs = details["comparator"]
    known = {int(epoch): values["rmse"] for epoch, values in theirs["accuracy"].items()}
    seconds = [theirs["cpu_after_epoch"][epoch - 1] for epoch in known]
    axes.plot(
        seconds,
        list(known.values()),
        "s-",
        ms=4,
        color=THEIRS,
        label="published algorithm (extrapolated time)",
    )
    for second, (epoch, error) in zip(seconds, known.items(), strict=True):
        axes.annotate(
            f"{epoch}", (second, error), (4, 4), textcoords="offset points", color=THEIRS, fontsize=8
        )
    axes.axhline(time_to_accuracy.GOAL, ls=":", color=CEILING)
    axes.text(axes.get_xlim()[0], time_to_accuracy.GOAL, " goal", va="bottom", color=CEILING)
    axes.set(xscale="log", yscale="log", xlabel="CPU seconds", ylabel="depth error (RMSE), m")
    axes.set_title("NYUv2 scene, 320 x 240 x 5; numbers are epochs", fontsize=9)
    axes.legend()
    return figure


def kernels(details: dict[str, Any]) -> Figure:
    """Rates of the kernels next to the ceilings of the machine."""
    found, limits = details["kernels"]["kernels"], details["kernels"]["ceilings"]
    figure, (arithmetic, memory) = plt.subplots(
        1, 2, figsize=(9, 0.6 + 0.27 * len(found)), sharey=True, layout="constrained"
    )
    names = [kernel["name"] for kernel in found]
    places = np.arange(len(found))
    arithmetic.barh(places, [kernel["gflops"] for kernel in found], color=OURS, label="reached")
    arithmetic.plot(
        [kernel["roof"] for kernel in found],
        places,
        "|",
        ms=11,
        mew=2,
        color=THEIRS,
        label="at most possible",
    )
    ceiling(arithmetic, limits["fma"], "multiply-adds")
    arithmetic.set_xlabel("GFLOP/s, one core")
    arithmetic.set_yticks(places, names)
    arithmetic.legend(loc="upper left", bbox_to_anchor=(0, 1.0), fontsize=8)
    memory.barh(places, [kernel["gbytes"] for kernel in found], color=OURS)
    for name in ("L1", "L2", "memory"):
        ceiling(memory, limits[f"copy_{name}"], f"copy, {name}")
    memory.set_xlabel("GB/s that must be read and written, one core")
    for axes in (arithmetic, memory):
        axes.set_xscale("log")
        axes.grid(visible=False, axis="y")
    arithmetic.invert_yaxis()
    return figure


def ceiling(axes: Axes, rate: float, label: str) -> None:
    axes.axvline(rate, ls=":", color=CEILING)
    text = axes.annotate(
        label, (rate, 0), (-2, 0), xycoords=("data", "axes fraction"), textcoords="offset points"
    )
    text.set(rotation=90, ha="right", va="bottom", fontsize=7, color=CEILING)


PICTURES: dict[str, Callable[[dict[str, Any]], Figure]] = {
    "pixels": pixels,
    "planes": planes,
    "accuracy": accuracy,
    "kernels": kernels,
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path, nargs="?", help="results file; the newest if not given")
    path = parser.parse_args(argv).results or results.newest()
    _, _, details = results.read(path)
    with plt.rc_context(STYLE):
        for name, draw in PICTURES.items():
            figure = draw(details)
            figure.savefig(IMAGES / f"performance-{name}.png", dpi=110, metadata={"Software": None})
            plt.close(figure)
    page.update(path)
    print(f"{page.PAGE} and its pictures now show {path.name}")


if __name__ == "__main__":
    main()
