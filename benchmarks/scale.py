"""Camera-sized stacks: time, memory, stages and accuracy of a whole run in a process of its own."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import synthetic
from benchmarks.comparator import schedule
from benchmarks.comparator_cost import count_nonzeros, matrix_bytes, support_radius
from benchmarks.harness import ONLY_LARGE, Row, Run, run_fresh

NAME = "scale"
PLANES = 30
SIZES = {"2 MP": (1224, 1632), "12 MP": (3000, 4000)}
GOALS = {
    "2 MP": {"wall": 90.0},
    "12 MP": {"wall": 600.0, "memory": 8.0, "cut": 10.0, "focus": 30.0},
}
LARGE = "12 MP"
WORKERS = 100

CUT_STAGE = "finding the sharpest planes"
COMPARATOR_ITERATIONS = sum(schedule(5, 10, 2.0))
"""FISTA iterations published for real photographs: 5 epochs, 10 in the first, then doubled each time."""


def measure(run: Run) -> list[Row]:
    rows = []
    for size, shape in SIZES.items():
        if size == LARGE and not run.large:
            rows += rows_of(size, {}, None)
            continue
        with TemporaryDirectory(prefix="napari-defocus-benchmark-") as folder:
            synthetic.write_stack(Path(folder), shape, PLANES)
            found = {
                "defocus": run_fresh("benchmarks.solve_once", folder),
                "focus": run_fresh("benchmarks.solve_once", folder, "--method", "focus"),
                "nonzeros": count_nonzeros(radii(shape)),
            }
        run.details.setdefault(NAME, {})[size] = found
        rows += rows_of(size, found, run.details.get("comparator"))
    rows.append(gigapixel(run.details[NAME]))
    return rows


def radii(shape: tuple[int, int]) -> Iterator[np.ndarray]:
    """Reach of the kernel of each pixel in each plane, for the true depth."""
    optics = synthetic.optics(PLANES)
    depth = synthetic.relief(shape, PLANES)
    for slope, center in zip(optics.slopes, optics.centers, strict=True):
        yield support_radius(optics.sigma_of_radius(slope * np.abs(depth - center)))


def rows_of(size: str, found: dict[str, Any], published: dict[str, Any] | None) -> list[Row]:
    """Rows of one size, not measured where nothing was found."""
    stack = f"{size} x {PLANES} RGB, 8 bit"
    goals = GOALS[size]
    solved, focus = found.get("defocus"), found.get("focus")
    nonzeros = found.get("nonzeros")
    seconds = nonzeros * published["cpu_per_nonzero"] * COMPARATOR_ITERATIONS if found and published else None
    matrix = nonzeros and matrix_bytes(nonzeros, PLANES * int(np.prod(SIZES[size]))) / 2**30
    stages = solved and solved["stages"]
    cut = stages and stages.get(CUT_STAGE)
    common: dict[str, Any] = {"part": NAME} if found else {"part": NAME, "measured": False}
    return [
        Row(
            **common,
            target=f"solve {stack}, 3 epochs",
            unit="wall s",
            ours=solved and solved["wall"],
            comparator=seconds,
            at_most=goals["wall"],
            note=f"{solved['cpu']:.0f} CPU s; {shares(stages)}. Comparator: {COMPARATOR_ITERATIONS} FISTA "
            "iterations alone (published settings for photographs) in CPU s, by its time for one entry"
            if solved
            else ONLY_LARGE,
        ),
        Row(
            **common,
            target=f"solve {stack}, peak memory",
            unit="GiB",
            ours=solved and solved["peak_bytes"] / 2**30,
            comparator=matrix,
            at_most=goals.get("memory"),
            note=f"comparator: its matrix of {nonzeros:.4g} entries" if found else ONLY_LARGE,
        ),
        Row(
            **common,
            target=f"solve {stack}, share of the graph cut",
            unit="%",
            ours=100 * cut["wall"] / solved["wall"] if cut else None,
            at_most=goals.get("cut"),
            note="" if cut else f"no stage '{CUT_STAGE}'" if found else ONLY_LARGE,
        ),
        Row(
            **common,
            target=f"solve {stack}, depth error (RMSE)",
            unit="planes",
            ours=solved and solved["rmse"],
            comparator=focus and focus["rmse"],
            note=f"{errors(solved)}; comparator: depth from focus, {errors(focus)}" if solved else ONLY_LARGE,
        ),
        Row(
            **common,
            target=f"depth from focus {stack}",
            unit="wall s",
            ours=focus and focus["wall"],
            at_most=goals.get("focus"),
            note=f"{focus['cpu']:.0f} CPU s, peak {focus['peak_bytes'] / 2**30:.2f} GiB"
            if focus
            else ONLY_LARGE,
        ),
    ]


def errors(found: dict[str, Any]) -> str:
    """Errors other than the RMSE."""
    return f"median {found['median']:.3f}, {found['within_one_plane']:.2%} within one plane"


def gigapixel(sizes: dict[str, Any]) -> Row:
    """A mosaic of a gigapixel on a cluster, on paper, from the largest size that was measured."""
    size, found = list(sizes.items())[-1]
    cpu = found["defocus"]["cpu"] / np.prod(SIZES[size]) * 1e9
    return Row(
        part=NAME,
        target=f"on paper: a gigapixel x {PLANES} on {WORKERS} workers of one core, 3 epochs",
        unit="wall min",
        ours=cpu / WORKERS / 60,
        note=f"{cpu / 3600:.1f} CPU h, proportional to {size}; no halo of tiles, reading or network counted",
    )


def shares(stages: dict[str, dict[str, float]]) -> str:
    """Share of each stage of more than half a per cent."""
    total = sum(spent["wall"] for spent in stages.values())
    parts = {name: spent["wall"] / total for name, spent in stages.items()}
    return ", ".join(f"{name} {share:.1%}" for name, share in parts.items() if share >= 0.005)
