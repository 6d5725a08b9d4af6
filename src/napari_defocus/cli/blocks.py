"""Options of ``solve`` for large images: block by block, on a cluster, into zarr."""

import argparse
import asyncio
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from napari_defocus.errors import InputError

if TYPE_CHECKING:
    from napari_defocus.io import FocalStack
    from napari_defocus.optics import Optics
    from napari_defocus.solver import DefocusResult, SolverSettings
    from napari_defocus.solver.result import Progress

PATIENCE = 10
"""Seconds that a scheduler may take to answer."""


def add_blocks(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    group = parser.add_argument_group(
        "large images", "With any of these the image is solved block by block (needs the extra 'cluster')."
    )
    group.add_argument(
        "--scheduler", metavar="ADDRESS", help="solve on the dask cluster of this scheduler, tcp://HOST:8786"
    )
    group.add_argument(
        "--store",
        metavar="DIR.zarr",
        help="write the result to this zarr store, in place of the folder of -o",
    )
    group.add_argument("--block", type=int, metavar="PX", help="side of the blocks (default: 1024)")


def in_blocks(args: argparse.Namespace) -> bool:
    """Whether the command line asks for blocks."""
    return any(value is not None for value in (args.scheduler, args.store, args.block))


def check_blocks(args: argparse.Namespace) -> None:
    """Raise :class:`InputError` when the options do not go together or the store cannot be made."""
    if args.store is None:
        return
    if args.output is not None or args.save_plots:
        raise InputError("--store takes the place of -o and has no plots; leave out -o and --save-plots.")
    from napari_defocus.solver.block_store import check_store

    check_store(args.store, overwrite=args.overwrite)


def solve_in_blocks(
    images: Any,
    optics: "Optics",
    settings: "SolverSettings",
    args: argparse.Namespace,
    progress: "Progress",
) -> "DefocusResult":
    """Solve as the options say.

    Raises
    ------
    InputError
        If no scheduler answers.
    """
    from napari_defocus.solver import solve

    with nullcontext() if args.scheduler is None else connect(args.scheduler) as client:
        return solve(
            images,
            optics,
            settings,
            client=client,
            store=args.store,
            block=args.block,
            overwrite=args.overwrite,
            progress=progress,
        )


def connect(address: str) -> Any:
    """Return a client of the scheduler at an address."""
    try:
        from distributed import Client
        from distributed.comm.core import connect as open_comm
    except ImportError:
        raise InputError(
            "--scheduler needs dask.distributed, which is not installed: "
            "pip install 'napari-defocus[cluster]'."
        ) from None

    async def probe() -> None:  # a client that finds no scheduler is slow to give up, and to clear away
        comm = await open_comm(address, timeout=PATIENCE)
        await comm.close()

    try:
        asyncio.run(probe())
    except (OSError, ValueError) as error:
        raise InputError(
            f"No dask scheduler answers at {address} ({error}); start one with 'dask scheduler'."
        ) from None
    return Client(address, set_as_default=False)


def write_store(result: "DefocusResult", stack: "FocalStack", args: argparse.Namespace) -> None:
    """Add to the store which images were read, and describe the result."""
    import zarr
    from dask.base import compute

    zarr.open_group(args.store, mode="r+").attrs.update(stack.origin)
    if args.quiet:
        return
    depth: Any = result.depth
    low, high, outliers, confidence = compute(
        depth.min(), depth.max(), result.outliers.mean(), result.confidence.mean()
    )
    rows, columns = depth.shape
    unit = "plane steps" if result.unit == "plane" else result.unit
    print(f"Depth of {columns} x {rows} pixels: {low:.4g} to {high:.4g} {unit}.")
    print(
        f"Mean confidence {confidence:.2f}: the share of depths to be expected right "
        f"{result.confidence_meaning}; {100 * outliers:.1f} % of the pixels were outliers."
    )
    print(f"Loss {result.losses[0]:.3e} at the start, {result.losses[-1]:.3e} at the end.")
    for note in result.notes:
        print(f"Note: {note}")
    print(f"The result is in {args.store}: depth, all_in_focus, outliers, confidence.")
