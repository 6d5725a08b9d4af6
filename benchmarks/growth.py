"""How time and memory grow with pixels and planes."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks import synthetic
from benchmarks.harness import ONLY_LARGE, Row, Run, run_fresh

NAME = "growth"
SHAPES = [(480, 640), (864, 1152), (1224, 1632)]
LARGE_SHAPES = [(1732, 2310), (3000, 4000)]
PLANES = [5, 10, 20, 40]
PLANES_OF_SHAPES = 10
GOAL = 25.0
"""Greatest spread of the time per pixel and plane, per cent."""


def measure(run: Run) -> list[Row]:
    shapes = SHAPES + (LARGE_SHAPES if run.large else [])
    by_pixels = [point(shape, PLANES_OF_SHAPES) for shape in shapes]
    by_planes = [
        by_pixels[0] if planes == PLANES_OF_SHAPES else point(SHAPES[0], planes) for planes in PLANES
    ]
    fit = fit_memory(by_pixels + by_planes)
    run.details[NAME] = {"pixels": by_pixels, "planes": by_planes, "memory": fit}
    to = "12" if run.large else "2"
    rows = [
        spread_row(f"0.3 to {to} MP, {PLANES_OF_SHAPES} planes", by_pixels),
        spread_row(f"{PLANES[0]} to {PLANES[-1]} planes, 0.3 MP", by_planes),
        Row(
            part=NAME,
            target=f"peak memory, 0.3 to {to} MP and {PLANES[0]} to {PLANES[-1]} planes, RGB, 8 bit",
            unit="bytes/px",
            ours=fit["per_pixel"] + 30 * fit["per_pixel_and_plane"],
            note=f"at 30 planes: {fit['per_pixel']:.0f} a pixel + {fit['per_pixel_and_plane']:.1f} a pixel "
            f"and plane, over {fit['constant'] / 2**20:.0f} MiB; this fit is off by at most "
            f"{fit['worst']:.0%}",
        ),
    ]
    if not run.large:
        target = f"time per pixel and plane, spread, 0.3 to 12 MP, {PLANES_OF_SHAPES} planes"
        missing = Row(part=NAME, target=target, unit="%", at_most=GOAL, measured=False, note=ONLY_LARGE)
        rows.insert(1, missing)
    return rows


def point(shape: tuple[int, int], planes: int) -> dict[str, Any]:
    """One whole run, 3 epochs, in a process of its own."""
    with TemporaryDirectory(prefix="napari-defocus-benchmark-") as folder:
        synthetic.write_stack(Path(folder), shape, planes)
        found = run_fresh("benchmarks.solve_once", folder)
    samples = planes * shape[0] * shape[1]
    return found | {
        "pixels": shape[0] * shape[1],
        "planes": planes,
        "ns_per_sample": found["cpu"] / samples * 1e9,
    }


def spread_row(target: str, points: list[dict[str, Any]]) -> Row:
    times = [point["ns_per_sample"] for point in points]
    listed = ", ".join(f"{time:.0f}" for time in times)
    return Row(
        part=NAME,
        target=f"time per pixel and plane, spread, {target}",
        unit="%",
        ours=spread(times),
        at_most=GOAL,
        note=f"greatest over least, less one; {listed} CPU ns in turn, at most "
        f"{100 * (max(times) / times[0] - 1):.0f} % above the first",
    )


def spread(values: list[float]) -> float:
    """Greatest over least, less one, per cent."""
    return 100 * (max(values) / min(values) - 1)


def fit_memory(points: list[dict[str, Any]]) -> dict[str, float]:
    """Peak memory as ``constant + pixels * (per_pixel + per_pixel_and_plane * planes)``, least squares."""
    pixels = np.array([point["pixels"] for point in points], float)
    planes = np.array([point["planes"] for point in points], float)
    peak = np.array([point["peak_bytes"] for point in points], float)
    terms = np.stack([np.ones_like(pixels), pixels, pixels * planes], axis=1)
    scale = terms.max(axis=0)
    fit = np.linalg.lstsq(terms / scale, peak, rcond=None)[0] / scale
    worst = float(np.max(np.abs(terms @ fit / peak - 1)))
    return {
        "constant": float(fit[0]),
        "per_pixel": float(fit[1]),
        "per_pixel_and_plane": float(fit[2]),
        "worst": worst,
    }
