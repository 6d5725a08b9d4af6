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
    planes = points[0]["planes"]
    return growth(points, [p["pixels"] / 1e6 for p in points], f"megapixels ({planes} planes, RGB, 8 bit)")


def planes(details: dict[str, Any]) -> Figure:
    """Time and memory against planes."""
    points = details["growth"]["planes"]
    megapixels = points[0]["pixels"] / 1e6
    return growth(points, [p["planes"] for p in points], f"planes ({megapixels:.1f} megapixels, RGB, 8 bit)")


def growth(points: list[dict[str, Any]], x: list[float], label: str) -> Figure:
    """CPU and wall time, with a line that is proportional to the last one, and peak memory."""
    figure, (time, memory) = plt.subplots(1, 2, figsize=(8, 3.2), layout="constrained")
    cpu, wall = ([point[name] for point in points] for name in ("cpu", "wall"))
    time.plot(x, cpu, "o-", color=OURS, label="CPU time")
    time.plot(x, wall, "s--", color=OURS, markerfacecolor="white", label="wall time")
    time.plot([0, x[-1]], [0, cpu[-1]], ":", color=CEILING, label="proportional to the last")
    time.set(ylabel="seconds, 3 epochs", ylim=(0, 1.1 * max(cpu + wall)))
    time.legend()
    peaks = [point["peak_bytes"] / 2**30 for point in points]
    memory.plot(x, peaks, "o-", color=OURS)
    memory.set(ylabel="peak memory, GiB", ylim=(0, 1.1 * max(peaks)))
    for axes in (time, memory):
        axes.set(xlabel=label, xlim=(0, 1.05 * x[-1]))
    return figure


def accuracy(details: dict[str, Any]) -> Figure:
    """Error of the depth against CPU seconds, ours and the published algorithm's."""
    figure, axes = plt.subplots(figsize=(6.4, 3.8), layout="constrained")
    ours = [point for point in details[time_to_accuracy.NAME] if point["is_aif"]]
    axes.plot([p["cpu"] for p in ours], [p["rmse"] for p in ours], "o-", ms=3, color=OURS, label="ours")
    theirs = details["comparator"]
    known = {int(epoch): values["rmse"] for epoch, values in theirs["accuracy"].items()}
    seconds = [theirs["cpu_after_epoch"][epoch - 1] for epoch in known]
    label = "published algorithm (time extrapolated)"
    axes.plot(seconds, list(known.values()), "s-", ms=4, color=THEIRS, label=label)
    for second, (epoch, error) in zip(seconds, known.items(), strict=True):
        at = (second, error)
        axes.annotate(str(epoch), at, (4, 4), textcoords="offset points", color=THEIRS, fontsize=8)
    axes.axhline(time_to_accuracy.GOAL, ls=":", color=CEILING, label=f"goal, {time_to_accuracy.GOAL:g} m")
    axes.set(xscale="log", yscale="log", xlabel="CPU seconds", ylabel="depth error (RMSE), m")
    axes.set_title("NYUv2 scene, 320 x 240 x 5; a point an epoch, numbers are epochs", fontsize=9)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def kernels(details: dict[str, Any]) -> Figure:
    """Rates of the kernels next to the ceilings of the machine."""
    found, limits = details["kernels"]["kernels"], details["kernels"]["ceilings"]
    figure, both = plt.subplots(1, 2, figsize=(9, 1.3 + 0.25 * len(found)), sharey=True, layout="constrained")
    arithmetic, memory = both
    places = range(len(found))
    arithmetic.barh(places, [kernel["gflops"] for kernel in found], color=OURS, label="reached")
    roofs = [kernel["roof"] for kernel in found]
    arithmetic.plot(roofs, places, "|", ms=11, mew=2, color=THEIRS, label="at most, by both ceilings")
    arithmetic.axvline(limits["fma"], ls=":", color=CEILING, label="ceiling: multiply-adds")
    arithmetic.set_xlabel("GFLOP/s, one core")
    arithmetic.set_yticks(places, [kernel["name"] for kernel in found])
    arithmetic.invert_yaxis()
    memory.barh(places, [kernel["gbytes"] for kernel in found], color=OURS, label="reached")
    for name, style in {"memory": ":", "L3": "-.", "L2": "--", "L1": "-"}.items():
        memory.axvline(limits[f"copy_{name}"], ls=style, lw=1, color=CEILING, label=f"copy, {name}")
    memory.set(xscale="log", xlabel="GB/s that must be read and written, one core")
    for axes in both:
        axes.grid(visible=False, axis="y")
        axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1), ncols=3, fontsize=8)
    return figure


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
            if name == "accuracy" and time_to_accuracy.NAME not in details:
                print("accuracy: not in these results (measured without --data); its picture stays as it is")
                continue
            figure = draw(details)
            figure.savefig(IMAGES / f"performance-{name}.png", dpi=110, metadata={"Software": None})
            plt.close(figure)
    page.update(path)
    print(f"{page.PAGE} and its pictures now show {path.name}")


if __name__ == "__main__":
    main()
