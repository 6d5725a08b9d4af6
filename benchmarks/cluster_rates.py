"""Rates of blockwise runs, and what a gigapixel mosaic would cost by them on 100 workers.

    python -m benchmarks.cluster_rates

One block with its halo is solved on one thread, in CPU seconds. A cluster of two worker processes is given
blocks in which there is next to nothing to compute: what is left is the scheduler and the borders.
"""

import argparse
import resource
import time
from dataclasses import replace

import numpy as np
from distributed import Client, LocalCluster
from scipy.ndimage import gaussian_filter

from napari_defocus import Microscope, SolverSettings
from napari_defocus.solver import block_tasks
from napari_defocus.solver.block_arrays import window
from napari_defocus.solver.block_tasks import IMAGE, Job
from napari_defocus.solver.blocks import Block, grid, solving_halo
from napari_defocus.solver.cluster import Cluster, Task
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.initialization import MAX_CUT_SIZE
from napari_defocus.solver.run_operator import blur_operator

CHANNELS = 3
WIDEST = 8.0
"""Widest blur in the stack, px (standard deviation)."""

ROUNDS = 3  # epochs of the default settings


def quiet(share: float) -> None:
    """Take a share done."""


def stack_of(planes: int, side: int) -> tuple[np.ndarray, Microscope]:
    """RGB stack, 8 bits, sharp in one plane after the other from left to right, and its optics."""
    rng = np.random.default_rng(0)
    texture = gaussian_filter(rng.random((side, side, CHANNELS), np.float32), (0.7, 0.7, 0))
    bank = np.stack([gaussian_filter(texture, (s, s, 0)) for s in np.linspace(0.3, WIDEST, 12)])
    place = np.linspace(0, planes - 1, side)
    stack = np.empty((planes, side, side, CHANNELS), np.uint8)
    for plane in range(planes):
        level = (np.abs(place - plane) * 11 / (planes - 1)).round().astype(int)
        stack[plane] = 255 * np.clip(bank[level, :, np.arange(side)].swapaxes(0, 1), 0, 1)
    tangent = WIDEST / (planes - 1)  # px of blur for each step between planes, pixels of 1 um
    scope = Microscope(
        numerical_aperture=tangent / np.hypot(1, tangent),
        pixel_size=1.0,
        focus_positions=np.arange(float(planes)),
        in_focus_blur=0.5,
    )
    return stack, scope


def task_rates(planes: int, side: int) -> tuple[dict[str, float], int]:
    """CPU seconds for each pixel and plane of the tasks on one window, and the halo that blocks need."""
    stack, optics = stack_of(planes, side)
    settings = SolverSettings(threads=1, depth_range=(-0.5, planes - 0.5))
    job = Job(optics, settings, (side, side))
    (block,) = grid(job.frame, side, 0)
    seconds = {}

    def measured(name, function, *arrays, **options):
        start = time.process_time()
        outcome = function(job, block, *arrays, progress=quiet, **options)
        seconds[name] = (time.process_time() - start) / (side * side * planes)
        return outcome

    costs = block_tasks.coarse_costs(job, block, stack[:, :64, :64], factor=4, progress=quiet)
    coarse = costs.argmin(-1).astype(np.int32)
    measured("costs of the labels", block_tasks.coarse_costs, stack, factor=4)
    _, (labels,) = measured("labels", block_tasks.sharpest_planes, stack, coarse=coarse)
    job = replace(job, misfit=block_tasks.start(job, block, stack, labels, progress=quiet) / stack.size)
    measured("first residual", block_tasks.start, stack, labels)
    part = slice(0, 96)
    small = replace(job, frame=(96, 96))  # compiles
    (tiny,) = grid(small.frame, 96, 0)
    block_tasks.advance(small, tiny, stack[:, part, part], labels[part, part], None, epoch=1, progress=quiet)
    _, (state,) = measured("first epoch", block_tasks.advance, stack, labels, None, epoch=1)
    _, (state,) = measured("epoch", block_tasks.advance, stack, labels, state, epoch=2)
    measured("outliers", block_tasks.finished, stack, state)
    return seconds, solving_halo(blur_operator(optics, settings, job.frame).halo, settings)


def keep(job, block, state, *, progress):
    """Task with nothing to compute."""
    return None, (np.ascontiguousarray(state[(..., *block.inside)]),)


def overheads(count: int, side: int, halo: int) -> tuple[float, float, float]:
    """Wall seconds a task alone, and a block kept in memory with its borders; bytes moved a block."""
    job = Job(stack_of(2, 16)[1], SolverSettings(), (count * side, count * side))
    shape = (IMAGE + CHANNELS, *job.frame)
    cluster = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    with cluster, Client(cluster, set_as_default=False) as client:
        runner = Cluster(client)
        nothing = [
            Task(keep, job, block, (np.zeros((1, side, side), np.float32),))
            for block in grid(job.frame, side, 0)
        ]
        list(runner.run(nothing, quiet))  # imports
        start = time.perf_counter()
        list(runner.run(nothing, quiet))
        alone = (time.perf_counter() - start) / len(nothing)

        def moved() -> int:
            logs = client.run(lambda dask_worker: sum(e["total"] for e in dask_worker.transfer_incoming_log))
            return sum(logs.values())

        zeros = np.zeros((shape[0], side, side), np.float32)
        inner = grid(job.frame, side, 0)
        _, state = runner.keep([Task(keep, job, b, (zeros,)) for b in inner], shape, np.float32, quiet)
        blocks, before = grid(job.frame, side, halo), moved()
        start = time.perf_counter()
        tasks = [Task(keep, job, block, (window(state, block.outer),)) for block in blocks]
        runner.keep(tasks, shape, np.float32, quiet)
        in_memory = (time.perf_counter() - start) / len(blocks)
        return alone, in_memory, (moved() - before) / len(blocks)


def cut_seconds(planes: int) -> float:
    """CPU seconds of the largest graph cut that is made."""
    side = int((MAX_CUT_SIZE / planes) ** 0.5)
    place = np.linspace(0, planes - 1, side)[None, :, None]
    cost = np.abs(np.arange(planes) - place) / planes
    cost = cost + 0.3 * np.random.default_rng(0).random((side, side, planes))
    start = time.process_time()
    cut(cost.astype(np.float32), 0.2)
    return time.process_time() - start


def border(block: Block, planes: int) -> tuple[int, int]:
    """Bytes of a block's halo: of the unknowns, and of labels and stack, which stay the same."""
    pixels = block.outer.height * block.outer.width - block.inner.height * block.inner.width
    return 4 * (IMAGE + CHANNELS) * pixels, (4 + planes * CHANNELS) * pixels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--side", type=int, default=512, help="side of the window that is measured, px")
    parser.add_argument("--planes", type=int, default=30)
    parser.add_argument("--block", type=int, default=1024, help="side of the blocks of the mosaic, px")
    parser.add_argument("--pixels", type=float, default=1e9, help="size of the mosaic")
    parser.add_argument("--workers", type=int, default=100, help="threads that compute")
    args = parser.parse_args()
    rates, halo = task_rates(args.planes, args.side)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds = cut_seconds(args.planes)
    alone, in_memory, moved = overheads(16, 64, 16)

    print(
        f"CPU seconds, one thread, window of {args.side} px, {args.planes} planes, RGB, 8 bits, blur to 8 px"
    )
    for name, rate in rates.items():
        print(f"  {name:22}{1e6 * rate:8.3f} us a pixel and plane")
    print(f"  {'graph cut':22}{seconds:8.1f} s once")
    print(f"  {'peak memory':22}{peak:8.0f} MiB of this process")
    print("cluster of two processes on this machine, 256 blocks of 64 px with halos of 16 px (wall)")
    print(f"  {'task alone':22}{1e3 * alone:8.2f} ms (what a store needs: one task a block)")
    print(f"  {'block kept in memory':22}{1e3 * in_memory:8.2f} ms, with the tasks that bring its halo")
    middle = grid((3 * args.block,) * 2, args.block, halo)[4]
    small, (states, fixed) = grid((192, 192), 64, 16)[4], border(middle, args.planes)
    print(
        f"  {'moved a block':22}{moved / 1e3:8.0f} kB of the {border(small, 0)[0] / 1e3:.0f} kB of its halo"
    )

    wide = (1 + 2 * halo / args.block) ** 2
    blocks = int(np.ceil(args.pixels / args.block**2))
    once = sum(rates[name] for name in ("costs of the labels", "labels", "first residual", "outliers"))
    epochs = rates["first epoch"] + (ROUNDS - 1) * rates["epoch"]
    work = args.block**2 * wide * args.planes * (once + epochs)
    busy = np.ceil(blocks / args.workers) * work
    passes = ROUNDS + 4
    print(f"\n{args.pixels:.3g} pixels, {args.planes} planes, {args.workers} workers, {ROUNDS} epochs:")
    print(f"  {blocks} blocks of {args.block} px with a halo of {halo} px: {wide:.2f} times the pixels")
    print(f"  {work:.0f} CPU s a block, {blocks * work / 3600:.0f} CPU hours, {busy / 60:.0f} min a worker")
    print(f"  scheduler: {passes * blocks * alone:.0f} s in all with a store,", end=" ")
    print(f"{passes * blocks * in_memory:.0f} s in memory; graph cut {seconds:.1f} s")
    print(f"  a block's halo: {states / 1e6:.1f} MB of unknowns, {fixed / 1e6:.1f} MB of stack and labels")
    print(f"  in memory: {ROUNDS * (states + fixed) * blocks / 1e9:.0f} GB moved between workers in all")
    window = (args.block + 2 * halo) ** 2 * args.planes * CHANNELS
    print(f"  with a store: {(passes - 1) * window * blocks / 1e9:.0f} GB of stack read from it in all")


if __name__ == "__main__":
    main()
