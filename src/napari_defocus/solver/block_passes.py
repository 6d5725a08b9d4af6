"""Passes over the blocks of an image, and the arrays between them."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import block_tasks
from napari_defocus.solver.block_arrays import Target, window
from napari_defocus.solver.block_store import BlockStore
from napari_defocus.solver.block_tasks import Job
from napari_defocus.solver.blocks import Block
from napari_defocus.solver.cluster import Cluster, Local, Task
from napari_defocus.solver.observations import check_stack, plane_spans, stored_type
from napari_defocus.solver.occlusion import applies
from napari_defocus.solver.progress import PassProgress, expected_epochs
from napari_defocus.solver.result import Progress
from napari_defocus.solver.settings import SolverSettings

EPOCH = 10.0
"""Rough share of an epoch in the whole run, where each of the other passes over the blocks is 1."""

EDGES = 20.0
"""Rough share of the depth edges in the whole run."""

REVISION = 60.0
"""Rough share of the revision of the start in the whole run."""

OTHER_PASSES = 15


class BlockPasses:
    """Computes a function on each block, here or on a cluster.

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
        total = EPOCH * expected_epochs(settings) + EDGES * applies(optics, settings) + OTHER_PASSES
        self.progress = PassProgress(progress, total)
        self.notes: tuple[str, ...] = ()
        # A cluster's worker computes a block in each of its threads, this process one block at a time.
        threads = settings.threads or (1 if isinstance(runner, Cluster) else None)
        self.job = Job(optics, settings.replace(threads=threads), self.frame)
        self._arrays: dict[str, Any] = {}
        self.held = ""  # name of the array with the unknowns

    def stack(self) -> Any:
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

    def map(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        message: str,
        planes: slice = slice(None),
        **options: Any,
    ) -> list[Any]:
        """What a function returns for each block of some arrays."""
        tasks = self.tasks(function, blocks, arrays, options, planes=planes)
        outcomes = dict(self.runner.run(tasks, self.progress.begin(message)))
        return [outcomes[place] for place in range(len(tasks))]

    def fill(
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
            return self.runner.keep(self.tasks(function, blocks, arrays, options), shape, dtype, report)
        array = self._array(name, shape, dtype)
        targets = (Target(array, None if len(shape) == 2 else slice(None)),)
        outcomes = dict(self.runner.run(self.tasks(function, blocks, arrays, options, targets), report))
        return [outcomes[place] for place in range(len(blocks))], array

    @property
    def state_shape(self) -> tuple[int, ...]:
        """Shape of the array that holds the unknowns."""
        return (block_tasks.IMAGE + (3 if self.colour else 1), *self.frame)

    def advance(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        message: str,
        name: str,
        weight: float = 1.0,
        **options: Any,
    ) -> Any:
        """The state that a function makes of the one before, which is dropped."""
        form = self.state_shape, np.float32
        _, new = self.fill(function, blocks, arrays, message, name, *form, weight, **options)
        self.drop(self.held)
        self.held = name
        return new

    def tasks(
        self,
        function: Callable[..., Any],
        blocks: Sequence[Block],
        arrays: Sequence[Any],
        options: dict[str, Any],
        targets: tuple[Target, ...] = (),
        planes: slice = slice(None),
    ) -> list[Task]:
        """Tasks of a function, one a block, with windows of the arrays."""

        def windows(block: Block) -> tuple[Any, ...]:
            return tuple(None if array is None else window(array, block.outer, planes) for array in arrays)

        return [Task(function, self.job, block, windows(block), options, targets) for block in blocks]

    def _array(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> Any:
        """An array for the work, made when it is first asked for."""
        if name not in self._arrays:
            make = np.empty if self.store is None else partial(self.store.work, name)
            self._arrays[name] = make(shape, dtype)
        return self._arrays[name]

    def drop(self, name: str) -> None:
        """Make room again: an array is not needed any more."""
        if self._arrays.pop(name, None) is not None and self.store is not None:
            self.store.drop(name)
