"""One run on a stack in a process of its own, with its time, memory, stages and accuracy.

    python -m benchmarks.solve_once FOLDER [--method focus] [--epochs 3]

FOLDER holds a stack of :mod:`benchmarks.synthetic`, or images without calibration. Prints JSON.
"""

import argparse
import json
import re
import time
from pathlib import Path
from typing import Any

import dask.array as da
import numpy as np
from dask import delayed

from benchmarks import synthetic
from benchmarks.harness import Clock, peak_memory
from napari_defocus import (
    Optics,
    SolverSettings,
    UncalibratedFocus,
    depth_from_focus,
    read_focal_stack,
    solve,
)


class StageClock:
    """Wall and CPU seconds of each stage of a run, from the messages of its progress."""

    def __init__(self) -> None:
        self.stages: dict[str, dict[str, float]] = {}
        self._name = "before the first message"
        self._start = self._now()

    def __call__(self, fraction: float, message: str) -> None:
        name = re.sub(r"^epoch \d+ of \d+: ", "", message)
        if name != self._name:
            self.stop()
            self._name = name

    def stop(self) -> None:
        """End the current stage."""
        now = self._now()
        spent = self.stages.setdefault(self._name, {"wall": 0.0, "cpu": 0.0})
        spent["wall"] += now[0] - self._start[0]
        spent["cpu"] += now[1] - self._start[1]
        self._start = now

    def _now(self) -> tuple[float, float]:
        return time.perf_counter(), time.process_time()


def open_stack(folder: Path) -> tuple[da.Array, Optics]:
    """Stack and optics; a synthetic stack is read plane by plane, and not mapped to memory."""
    files = sorted(folder.glob("plane_*.npy"))
    if not files:
        images = read_focal_stack(folder).images
        return images, UncalibratedFocus(planes=len(images))
    first = np.load(files[0], mmap_mode="r")
    planes = [da.from_delayed(delayed(np.load)(file), first.shape, first.dtype) for file in files]
    return da.stack(planes), synthetic.optics(len(files))


def warm_up(images: da.Array, optics: Optics, settings: SolverSettings, method: str) -> None:
    """Compile the kernels, or load them from the cache, for the types of this stack."""
    corner = np.asarray(images[:, :64, :64])
    if method == "focus":
        depth_from_focus(corner)
    else:
        solve(corner, optics, settings.replace(epochs=1))


def accuracy(depth: np.ndarray, folder: Path) -> dict[str, float]:
    """Errors against the true depth, in planes, where it is known."""
    if not (folder / "depth.npy").exists():
        return {}
    error = np.abs(depth - np.load(folder / "depth.npy"))
    return {
        "rmse": float(np.sqrt(np.mean(error.astype(np.float64) ** 2))),
        "median": float(np.median(error)),
        "within_one_plane": float((error <= 1).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--method", choices=("defocus", "focus"), default="defocus")
    parser.add_argument("--epochs", type=int, default=3)
    arguments = parser.parse_args()
    images, optics = open_stack(arguments.folder)
    settings = SolverSettings(epochs=arguments.epochs)
    warm_up(images, optics, settings, arguments.method)
    stages, clock = StageClock(), Clock()
    with clock:
        if arguments.method == "focus":
            result = depth_from_focus(images, progress=stages)
        else:
            result = solve(images, optics, settings, progress=stages)
        stages.stop()
    report: dict[str, Any] = {
        "shape": list(images.shape),
        "wall": clock.wall,
        "cpu": clock.cpu,
        "peak_bytes": peak_memory(),
        "stages": stages.stages,
        "notes": list(result.notes),
        **accuracy(result.depth, arguments.folder),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main()
