"""What the published algorithm costs: a sample of it measured, the whole run extrapolated."""

from collections.abc import Iterable
from statistics import median
from typing import Any

import numpy as np

from benchmarks import comparator
from benchmarks.harness import NO_DATA, Clock, Row, Run
from benchmarks.published_model import KERNEL_SIZE, LENS, gather, nyuv2_scene

NAME = "comparator"
SAMPLE = 12

REFERENCE = {"iteration": 0.375, "total": 10_400}
"""CPU seconds measured on the published code in float32, on another machine (2.8 GHz)."""

PUBLISHED_ACCURACY = {
    1: {"rmse": 0.82, "delta1": 0.54, "psnr": 23.0, "loss": 4.3},
    2: {"rmse": 0.60, "delta1": 0.82, "psnr": 31.0, "loss": 0.32},
    5: {"rmse": 0.10, "delta1": 0.989, "psnr": 39.0, "loss": 0.0035},
    10: {"rmse": 0.024, "delta1": 0.999, "psnr": 41.0, "loss": 0.00056},
    20: {"rmse": 0.013, "delta1": 0.9998, "psnr": 44.0, "loss": 0.00024},
    30: {"rmse": 0.0038, "delta1": 0.99995, "psnr": 46.0, "loss": 0.00018},
    40: {"rmse": 0.0028},
}
"""Accuracy of the published code after so many epochs, measured on the published code itself and not in this
run: RMSE in m, AIF in dB, loss for intensities of 0 to 255."""


def measure(run: Run) -> list[Row]:
    folder = run.folder("nyuv2")
    whole = "published algorithm, all 40 epochs, NYUv2 320 x 240 x 5"
    if folder is None:
        return [Row(part=NAME, target=whole, unit="CPU s", measured=False, note=NO_DATA)]
    costs = run.details[NAME] = sample(*nyuv2_scene(folder))
    total = costs["cpu_after_epoch"][-1]
    columns = costs["iteration_of_columns"]
    return [
        Row(
            part=NAME,
            target="one FISTA iteration, three channels",
            unit="CPU s",
            comparator=costs["iteration"],
            note=f"median of {SAMPLE}; {columns:.3f} with the channels as columns of one product; "
            f"the published code in float32 on another machine: {REFERENCE['iteration']}",
        ),
        Row(
            part=NAME,
            target=whole,
            unit="CPU s",
            comparator=total,
            note=f"extrapolated: {costs['iterations']:,} iterations of {costs['iteration']:.3f} and 40 times "
            f"depth step {costs['depth_step']:.1f} + matrix {costs['matrix']:.1f} + power iterations "
            f"{costs['power']:.1f} CPU s; the published code in float32 on another machine: "
            f"{REFERENCE['total']:,}",
        ),
    ]


def sample(truth: np.ndarray, depth: np.ndarray) -> dict[str, Any]:
    """CPU seconds of the parts of an epoch, and of the run up to the end of each epoch."""
    stack = np.ascontiguousarray(np.moveaxis(gather(truth, depth), -1, 1))
    start = comparator.START_PLANE
    depth_clock, matrix_clock, power_clock, columns_clock = (Clock() for _ in range(4))
    with depth_clock:
        found = comparator.depth_step(stack[start], stack, np.full(depth.shape, LENS.focus_distances[start]))
    with matrix_clock:
        matrix = comparator.blur_matrix(found, LENS, KERNEL_SIZE)
    with power_clock:
        lipschitz = comparator.lipschitz_constant(matrix)
    observed = np.ascontiguousarray(np.moveaxis(stack, 1, 0)).reshape(stack.shape[1], -1)
    seconds = []
    images = comparator.fista(matrix, observed, lipschitz)
    next(images)
    for _ in range(SAMPLE):
        with Clock() as clock:
            image = next(images)
        seconds.append(clock.cpu)
    image = np.ascontiguousarray(image.T)
    with columns_clock:
        matrix.T @ (matrix @ image)
    iteration = median(seconds)
    fixed = depth_clock.cpu + matrix_clock.cpu + power_clock.cpu
    counts = comparator.schedule()
    return {
        "iteration": iteration,
        "iteration_samples": seconds,
        "iteration_of_columns": columns_clock.cpu,
        "iterations": sum(counts),
        "depth_step": depth_clock.cpu,
        "matrix": matrix_clock.cpu,
        "power": power_clock.cpu,
        "nonzeros": int(matrix.nnz),
        "cpu_per_nonzero": iteration / matrix.nnz,
        "cpu_after_epoch": [float(c) for c in np.cumsum([count * iteration + fixed for count in counts])],
        "accuracy": {str(epoch): values for epoch, values in PUBLISHED_ACCURACY.items()},
    }


def matrix_bytes(nonzeros: int, rows: int) -> int:
    """Bytes of a sparse matrix in float32; indices take 8 bytes where there are more than 2^31 entries."""
    index = 4 if nonzeros < 2**31 else 8
    return nonzeros * (4 + index) + (rows + 1) * index


def count_nonzeros(radii: Iterable[np.ndarray]) -> int:
    """Entries inside the frame when the kernel of each pixel reaches `radius` px, a (Y, X) a plane."""
    total = 0
    for reach in radii:
        height, width = reach.shape
        rows, columns = np.arange(height)[:, None], np.arange(width)
        down = np.minimum(rows, reach) + np.minimum(height - 1 - rows, reach) + 1
        across = np.minimum(columns, reach) + np.minimum(width - 1 - columns, reach) + 1
        total += int((down * across).sum(dtype=np.int64))
    return total


def support_radius(sigma: np.ndarray) -> np.ndarray:
    """Reach of a Gaussian that leaves out 1e-4 of it, as the solver's kernels do, px."""
    return np.maximum(np.ceil(3.89 * sigma), 1).astype(np.int64)
