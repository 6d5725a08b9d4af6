"""Depth from defocus block by block: on one machine with little memory, or on a cluster."""

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import block_tasks
from napari_defocus.solver.block_arrays import Target, window
from napari_defocus.solver.block_store import MARK, BlockStore
from napari_defocus.solver.block_tasks import Job
from napari_defocus.solver.blocks import SIDE, Block, check_side, grid, outlier_halo, solving_halo
from napari_defocus.solver.blur_estimation import candidate_crops
from napari_defocus.solver.cluster import Cluster, Local, Task
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.initialization import NO_GRAPH_CUT, reduction
from napari_defocus.solver.observations import (
    check_stack,
    not_finite,
    plane_spans,
    stored_type,
    white_level,
)
from napari_defocus.solver.progress import PassProgress
from napari_defocus.solver.result import DefocusResult, Progress
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import blur_operator

EPOCH = 10.0
"""Rough share of an epoch in the whole run, where each of the other passes over the blocks is 1."""

OTHER_PASSES = 8


def solve_in_blocks(
    images: Any,
    optics: Optics,
    settings: SolverSettings,
    *,
    client: Any = None,
    store: str | os.PathLike[str] | None = None,
    block: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> DefocusResult:
    """Solve a checked stack block by block; parameters, result and errors as for :func:`solve`.

    Each epoch is one task a block: depth step and AIF step on the block with its halo, as if it were an image
    of its own. The halo comes from what the neighbours were after the epoch before. What is one number for
    the whole image (white level, depth range, widest blur, misfit, blur per plane) or one problem (the graph
    cut, on its reduced grid) is found in passes over the blocks before the first epoch.
    """
    side = check_side(SIDE if block is None else block)
    if getattr(images, "chunks", None) is not None and not hasattr(images, "dask"):  # zarr and HDF5
        import dask.array as da

        images = da.from_array(images, chunks=images.chunks)
    runner = Local() if client is None else Cluster(client)
    with nullcontext() if store is None else BlockStore(store, side, overwrite=overwrite) as place:
        if place is not None and isinstance(runner, Cluster) and not runner.reaches(str(place.folder)):
            raise InputError(
                f"Not all workers of the cluster see the store {store}; name one on a disk that all share."
            )
        return BlockRun(images, optics, settings, runner, place, side, progress).solve()


class BlockRun:
    """A run block by block: the passes over the image, and what they hand on.

    The arrays that passes fill are NumPy (on one machine without a store), zarr (with a store), or stay in
    the memory of the cluster's workers.
    """

    def __init__(
        self,
        images: Any,
        optics: Optics,
        settings: SolverSettings,
        runner: Local | Cluster,
        store: BlockStore | None,
        side: int,
        progress: Progress | None,
    ) -> None:
        self.images = images
        self.settings = settings
        self.runner = runner
        self.store = store
        self.side = side
        self.colour = check_stack(images.shape, images.dtype)
        self.frame: tuple[int, int] = (int(images.shape[1]), int(images.shape[2]))
        self.samples = float(np.prod(images.shape))
        self.progress = PassProgress(progress, EPOCH * settings.epochs + OTHER_PASSES)
        self.notes: tuple[str, ...] = ()
        # A cluster's worker computes a block in each of its threads, this process one block at a time.
        threads = settings.threads or (1 if isinstance(runner, Cluster) else None)
        self.job = Job(optics, settings.replace(threads=threads), self.frame)
        self._arrays: dict[str, Any] = {}

    def solve(self) -> DefocusResult:
        """Run all passes."""
        stack = self._stack()
        self._find_white(stack)
        labels = self._labels(stack)
        self._find_blur_per_plane(stack, labels)
        operator = blur_operator(self.job.optics, self.job.settings, self.frame)
        halo = solving_halo(operator.levels.halo, self.settings)
        blocks = grid(self.frame, self.side, halo)
        if self.settings.smoothness > 0 and self.settings.noise is None:
            sums = self._map(block_tasks.start, blocks, [stack, labels], "first residual")
            self.job = replace(self.job, misfit=sum(sums) / self.samples)
        shape = (block_tasks.IMAGE + (3 if self.colour else 1), *self.frame)
        losses: list[float] = []
        state = None
        for epoch in range(1, self.settings.epochs + 1):
            message = f"epoch {epoch} of {self.settings.epochs}"
            if losses:
                message += f", loss {losses[-1]:.3e}"
            name = f"state {epoch % 2}"  # what an epoch starts from stays as it is until all blocks are done
            arrays = [stack, labels, state]
            sums, state = self._fill(
                block_tasks.advance, blocks, arrays, message, name, shape, np.float32, EPOCH, epoch=epoch
            )
            losses += (np.sum(sums, axis=0) / self.samples).tolist()
        return self._finish(state, halo, tuple(losses))

    def _stack(self) -> Any:
        """The stack as tasks read it: where its chunks are larger than blocks, cut up once.

        Else each block would decode its planes whole.
        """
        images, message = self.images, "reading the stack"
        lazy, local = hasattr(images, "dask"), isinstance(self.runner, Local)
        if isinstance(self.runner, Cluster) and self.store is None:
            import dask.array as da

            sides = {0: -1, 1: self.side, 2: self.side}
            array = images.rechunk(sides, method="tasks") if lazy else da.from_array(images, sides)
            return self.runner.keep_array(array, self.progress.begin(message))
        if (not lazy and local) or (lazy and max(*images.chunks[1], *images.chunks[2]) <= self.side):
            return images
        stack = self._array("stack", images.shape, stored_type(images.dtype))
        frame = Tile(0, 0, *self.frame)
        tasks = [
            Task(
                block_tasks.take, self.job, Block(frame, frame), (window(images, frame, span),), {}, (target,)
            )
            for span in (slice(*ends) for ends in plane_spans(images))
            for target in (Target(stack, span),)
        ]
        runner = self.runner if lazy else Local()  # what is in our own memory is not sent around
        for _ in runner.run(tasks, self.progress.begin(message)):
            pass
        return stack

    def _find_white(self, stack: Any) -> None:
        """Fill in the white level of the whole stack."""
        white = self.settings.white
        if white is None and stored_type(self.images.dtype).kind == "f":
            blocks = grid(self.frame, self.side, 0)
            found = np.array(self._map(block_tasks.extremes, blocks, [stack], "looking for white"))
            broken = np.flatnonzero(~np.isfinite(found).all(axis=(0, 1)))
            if len(broken):
                raise not_finite(int(broken[0]))
            white = white_level(found[:, 1], None)
        self.job = replace(self.job, settings=self.job.settings.replace(white=white))

    def _labels(self, stack: Any) -> Any:
        """Sharpest planes: cut on the reduced grid for the whole image, refined block by block."""
        settings, message = self.job.settings, "finding the sharpest planes"
        halo = block_tasks.cut_reach(settings)
        coarse = None
        if block_tasks.uses_graph_cut(settings):
            factor = reduction(self.images.shape[0], self.frame)
            blocks = grid(self.frame, -(-self.side // factor) * factor, halo)  # no cell in two blocks
            costs = self._map(block_tasks.coarse_costs, blocks, [stack], message, factor=factor)
            rows: dict[int, list[Any]] = {}
            for block, cost in zip(blocks, costs, strict=True):
                rows.setdefault(block.inner.y0, []).append(cost)
            whole = np.concatenate([np.concatenate(row, axis=1) for row in rows.values()])
            coarse = cut(whole, settings.mrf_smoothness / factor)
        elif settings.initialization == "mrf":
            self.notes += (NO_GRAPH_CUT,)
        at_full_size = coarse is not None and coarse.shape == self.frame
        arrays = [None if at_full_size else stack]
        blocks = grid(self.frame, self.side, halo)
        function = block_tasks.sharpest_planes
        coarse = self.runner.share(coarse)
        return self._fill(function, blocks, arrays, message, "labels", self.frame, np.int32, coarse=coarse)[1]

    def _find_blur_per_plane(self, stack: Any, labels: Any) -> None:
        """Fill in what uncalibrated optics lack."""
        optics = self.job.optics
        if not isinstance(optics, UncalibratedFocus) or optics.blur_per_plane is not None:
            return
        message = "estimating the blur per plane"
        tiles = [
            Tile(rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
            for rows, columns in candidate_crops(self.frame)
        ]
        crops = [Block(tile, tile) for tile in tiles]
        middle = slice(optics.planes // 2, optics.planes // 2 + 1)
        scores = self._map(block_tasks.crop_variety, crops, [stack, labels], message, planes=middle)
        best = crops[int(np.argmax(scores))]
        (estimate,) = self._map(block_tasks.crop_blur, [best], [stack, labels], message)
        self.job = replace(self.job, optics=optics.replace(blur_per_plane=estimate))
        self.notes += (f"The blur per plane was estimated from the stack: {estimate:.3g} px.",)

    def _finish(self, state: Any, halo: int, losses: tuple[float, ...]) -> DefocusResult:
        """Remove the outliers and bring the result to where it is wanted."""
        unit = self.job.optics.depth_unit
        shapes = [self.frame, (*self.frame, 3) if self.colour else self.frame, self.frame, self.frame]
        names, types = ("depth", "all_in_focus", "outliers", "confidence"), "ffbf"
        parameters = {
            "optics": self.job.optics.to_dict(),
            "settings": self.settings.to_dict(),
            "blocks": {"side": self.side, "halo": halo},
        }
        arrays = {}
        for name, shape, kind in zip(names, shapes, types, strict=True):
            dtype = np.dtype(np.bool_ if kind == "b" else np.float32)
            if self.store is None:
                arrays[name] = np.empty(shape, dtype)
            else:
                arrays[name] = self.store.result(name, shape, dtype, unit if name == "depth" else None)
        targets = tuple(Target(array) for array in arrays.values())
        blocks = grid(self.frame, self.side, outlier_halo(self.settings))
        far = isinstance(self.runner, Cluster) and self.store is None
        tasks = [
            Task(
                block_tasks.finished,
                self.job,
                block,
                (window(state, block.outer),),
                {},
                () if far else targets,
            )
            for block in blocks
        ]
        for place, outcome in self.runner.run(tasks, self.progress.begin("removing outliers")):
            if far:
                for target, part in zip(targets, outcome[1], strict=True):
                    target.write(blocks[place].inner, part)
        if self.store is not None:
            facts = {
                MARK: version("napari-defocus"),
                "method": "defocus",
                "unit": unit,
                **parameters,
                "losses": list(losses),
                "notes": list(self.notes),
                "written": datetime.now(UTC).isoformat(timespec="seconds"),
            }
            arrays = self.store.commit(facts)
        self.progress.end()
        return DefocusResult(
            **arrays, losses=losses, unit=unit, method="defocus", parameters=parameters, notes=self.notes
        )

    def _map(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        message: str,
        planes: slice = slice(None),
        **options: Any,
    ) -> list[Any]:
        """What a function returns for each block of some arrays."""
        tasks = self._tasks(function, blocks, arrays, options, planes=planes)
        outcomes = dict(self.runner.run(tasks, self.progress.begin(message)))
        return [outcomes[place] for place in range(len(tasks))]

    def _fill(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        message: str,
        name: str,
        shape: tuple[int, ...],
        dtype: DTypeLike,
        weight: float = 1.0,
        **options: Any,
    ) -> tuple[list[Any], Any]:
        """Summaries of a function for each block, and the array of what it keeps."""
        report = self.progress.begin(message, weight)
        if isinstance(self.runner, Cluster) and self.store is None:
            return self.runner.keep(self._tasks(function, blocks, arrays, options), shape, dtype, report)
        array = self._array(name, shape, dtype)
        targets = (Target(array, None if len(shape) == 2 else slice(None)),)
        outcomes = dict(self.runner.run(self._tasks(function, blocks, arrays, options, targets), report))
        return [outcomes[place] for place in range(len(blocks))], array

    def _tasks(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        options: dict[str, Any],
        targets: tuple[Target, ...] = (),
        planes: slice = slice(None),
    ) -> list[Task]:
        def windows(block: Block) -> tuple[Any, ...]:
            return tuple(None if array is None else window(array, block.outer, planes) for array in arrays)

        return [Task(function, self.job, block, windows(block), options, targets) for block in blocks]

    def _array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """An array for the work, made when it is first asked for."""
        if name not in self._arrays:
            make = np.empty if self.store is None else partial(self.store.work, name)
            self._arrays[name] = make(shape, dtype)
        return self._arrays[name]
