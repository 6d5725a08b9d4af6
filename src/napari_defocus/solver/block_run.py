"""Depth from defocus block by block: on one machine with little memory, or on a cluster."""

import os
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import numpy as np

from napari_defocus.errors import InputError
from napari_defocus.optics import Optics
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import bilateral, block_start, block_tasks, denoising, regression, weighted_median
from napari_defocus.solver.block_arrays import Target
from napari_defocus.solver.block_passes import EDGES, EPOCH, REVISION, BlockPasses
from napari_defocus.solver.block_store import MARK, BlockStore
from napari_defocus.solver.blocks import SIDE, Block, check_side, finishing_halo, grid, solving_halo
from napari_defocus.solver.blur_estimation import crops_of, estimate_from_spectra, wants_estimate
from napari_defocus.solver.cluster import Cluster, Local
from napari_defocus.solver.confidence import confidence_reach
from napari_defocus.solver.contrast import gain_for
from napari_defocus.solver.depth_step import CELL
from napari_defocus.solver.focus_labels import cut_coarse
from napari_defocus.solver.focus_start import joined, samples
from napari_defocus.solver.initialization import (
    paper_cut,
    uses_focus_cut,
    uses_graph_cut,
    uses_noise,
)
from napari_defocus.solver.model_start import VOTE_WINDOW, model_settings, revises
from napari_defocus.solver.noise import Noise, noise_from
from napari_defocus.solver.observations import not_finite, one_image, stored_type, white_level
from napari_defocus.solver.occlusion import HALO as HALO_OF_EDGES
from napari_defocus.solver.occlusion import SIDE as SIDE_OF_TILES
from napari_defocus.solver.occlusion import applies
from napari_defocus.solver.patch_spectra import PatchSpectra
from napari_defocus.solver.prior_scales import PriorScales, cost_window_of, draws_to_peaks, sharpens
from napari_defocus.solver.progress import expected_epochs
from napari_defocus.solver.ray_fit import RayFit
from napari_defocus.solver.reduction import reduction
from napari_defocus.solver.result import DefocusResult, Progress
from napari_defocus.solver.run_operator import blur_operator
from napari_defocus.solver.settings import SolverSettings


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
    the whole image (white level, depth range, widest blur, misfit, blur scale) or one problem (the graph
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


class BlockRun(BlockPasses):
    """A run block by block: what its passes are and what they hand on."""

    noise: Noise | None = None

    def solve(self) -> DefocusResult:
        """Run all passes."""
        stack = self.stack()
        self._find_white(stack)
        self._find_gain(stack)
        self._estimate_blur(stack)
        operator = blur_operator(self.job.optics, self.job.settings, self.frame)
        start = self._revised(stack, self._start(stack), operator.halo)
        scales = self._scales(stack, start, operator.halo)
        self.job = replace(self.job, scales=scales)
        window = cost_window_of(self.job.optics, self.settings)
        pull = self.settings.image_prior * scales.trust_in_mosaic
        halo = solving_halo(operator.halo, window, pull, self.settings)
        blocks = grid(self.frame, self.side, halo, CELL if window > 1 else 1)
        shape = self.state_shape
        losses: list[float] = []
        residual = departure = 0.0
        state = None
        for epoch in range(1, self.settings.epochs + 1):
            if epoch > 1 and self.settings.noise is None:
                scales = scales.at(residual / self.samples, departure / float(np.prod(self.frame)))
                self.job = replace(self.job, scales=scales)
            if epoch > expected_epochs(self.settings):
                self.progress.expect(EPOCH)
            message = f"epoch {epoch} of {self.settings.epochs}"
            if losses:
                message += f", loss {losses[-1]:.3e}"
            # An array of its own: what an epoch starts from must stay as it is until all blocks are done, and
            # a worker that was given up for dead may still write.
            name = f"state {epoch}"
            arrays = [stack, start, state]
            sums, state = self.fill(
                block_tasks.advance, blocks, arrays, message, name, shape, np.float32, EPOCH, epoch=epoch
            )
            *found, residual, departure = np.sum(sums, axis=0).tolist()
            losses += [loss / self.samples for loss in found]
            self.drop(self.held)
            self.held = name
            if self.settings.settled(losses):
                break
        state = self._smooth(state)
        if sharpens(self.job.optics, self.settings):
            message, arrays = "image from the sharper planes", [stack, start, state]
            state = self.advance(block_tasks.sharpen_block, blocks, arrays, message, "sharpened")
        state = self._resolve_edges(stack, state)
        state = self._denoise(state)
        if not applies(self.job.optics, self.settings):  # else edges end with it
            state = self._median(state, "median")
        state = self._fit_planes(start, state)
        return self._finish(stack, state, operator, halo, tuple(losses))

    def _find_white(self, stack: Any) -> None:
        """Fill in the white level of the whole stack."""
        white = self.settings.white
        if white is None and stored_type(self.images.dtype).kind == "f":
            blocks = grid(self.frame, self.side, 0)
            found = np.array(self.map(block_tasks.extremes, blocks, [stack], "looking for white"))
            broken = np.flatnonzero(~np.isfinite(found).all(axis=(0, 1)))
            if len(broken):
                raise not_finite(int(broken[0]))
            white = white_level(found[:, 1], None)
        self.job = replace(self.job, settings=self.job.settings.replace(white=white))

    def _find_gain(self, stack: Any) -> None:
        """By how much a faint stack is brought to more contrast."""
        least = self.settings.least_contrast
        if least:
            blocks = grid(self.frame, self.side, 0)
            parts = self.map(block_tasks.contrast, blocks, [stack], "measuring the contrast")
            self.job = replace(self.job, gain=gain_for(np.sum(parts, axis=0), least))

    def _start(self, stack: Any) -> Any:
        """Sharpest planes and peaks: cut on the reduced grid for the whole image, refined block by block."""
        settings, message = self.job.settings, "finding the sharpest planes"
        halo = block_start.start_reach(settings)
        coarse, scale = None, (0.0, 0.0)
        factor = reduction(self.images.shape[0], self.frame)
        by_focus = uses_focus_cut(settings)
        if uses_noise(settings):
            tiles = [Block(tile, tile) for tile in samples(self.frame)]
            self.noise = noise_from(self.map(block_start.sample_noise, tiles, [stack], message))
        if uses_graph_cut(settings):
            blocks = grid(self.frame, -(-self.side // factor) * factor, halo)  # no cell in two blocks
            known = self.noise if by_focus else None
            parts = self.map(block_start.coarse_costs, blocks, [stack], message, factor=factor, noise=known)
            costs, guide, scale = joined(parts, blocks)
            if known is not None:
                coarse = cut_coarse(costs, guide, self.job.optics, known, settings, factor)
            else:
                coarse = paper_cut(costs, settings, factor)
        found, start = self.fill(
            block_start.starts,
            grid(self.frame, self.side, halo),
            [stack],
            message,
            "start",
            (2 if draws_to_peaks(self.job.optics, settings) else 1, *self.frame),
            np.float32,
            coarse=self.runner.share(coarse),
            factor=factor,
            noise=self.noise,
            roughness=scale,
        )
        alike, even = np.all(found, axis=0)
        if alike and not even:
            raise one_image(self.images.shape[0])
        return start

    def _revised(self, stack: Any, start: Any, reach: int) -> Any:
        """The start revised by the blur model alone, where that is wanted."""
        job, message = self.job, "trying the blur model alone"
        if not revises(job.optics, job.settings):
            return start
        models = model_settings(job.settings)
        self.job = replace(job, settings=models)
        model_scales = self._scales(stack, start, reach)
        self.job = replace(job, scales=self._scales(stack, start, reach))
        halo = solving_halo(reach, cost_window_of(job.optics, models), 0.0, models) + VOTE_WINDOW // 2
        shape, function = (2, *self.frame), block_start.revised_starts
        blocks = grid(self.frame, self.side, halo, CELL)
        self.progress.expect(REVISION)
        _, new = self.fill(
            function,
            blocks,
            [stack, start],
            message,
            "revised start",
            shape,
            np.float32,
            REVISION,
            noise=self.noise,
            model_scales=model_scales,
        )
        self.drop("start")
        return new

    def _smooth(self, state: Any) -> Any:
        """The state after small differences of the depth were evened out, where wanted."""
        if not self.settings.bilateral:
            return state
        blocks, message = grid(self.frame, self.side, bilateral.RADIUS), "evening out the depth"
        return self.advance(block_tasks.smooth_block, blocks, [state], message, "smooth")

    def _denoise(self, state: Any) -> Any:
        """The state with noise taken out of the image, where wanted."""
        if not self.settings.denoising:
            return state
        assert self.noise is not None
        blocks, noise = grid(self.frame, self.side, denoising.REACH), self.noise.level
        return self.advance(block_tasks.denoise_block, blocks, [state], "noise", "denoised", noise=noise)

    def _median(self, state: Any, name: str) -> Any:
        """The state after the weighted median of the depth, where wanted."""
        if not self.settings.weighted_median:
            return state
        blocks, message = grid(self.frame, self.side, weighted_median.RADIUS), "depth of what looks alike"
        return self.advance(block_tasks.median_block, blocks, [state], message, name)

    def _fit_planes(self, start: Any, state: Any) -> Any:
        """The state after the local regression of the depth, where wanted."""
        if not self.settings.regression:
            return state
        blocks, message = grid(self.frame, self.side, regression.REACH), "planes of the depth"
        return self.advance(block_tasks.regression_block, blocks, [start, state], message, "planes")

    def _scales(self, stack: Any, start: Any, reach: int) -> PriorScales:
        """What the weights of the priors are in units of."""
        blocks = grid(self.frame, self.side, reach)
        noise = 0.0 if self.noise is None else self.noise.level
        sums = self.map(block_tasks.start, blocks, [stack, start], "first residual", noise=noise)
        residual, departure = np.sum(sums, axis=0)
        misfit = (
            residual / self.samples
            if self.settings.noise is None
            else (self.job.gain * self.settings.noise) ** 2
        )
        return PriorScales(float(misfit), float(departure / np.prod(self.frame)), self.noise)

    def _estimate_blur(self, stack: Any) -> None:
        """Estimate the blur where that is wanted."""
        if not wants_estimate(self.job.optics, self.settings):
            return
        message = "estimating the blur"
        tiles = [
            Tile(rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start)
            for rows, columns in crops_of(self.frame)
        ]
        parts = self.map(block_tasks.crop_spectra, [Block(tile, tile) for tile in tiles], [stack], message)
        estimate = estimate_from_spectra(
            PatchSpectra.joined(parts),
            self.job.optics,
            self.settings.blur_kernel,
            self.progress.begin(message),
        )
        self.job = replace(self.job, optics=estimate.optics)
        self.settings = self.settings.replace(estimate_blur=False)  # so that the same again gives the same
        self.notes += (estimate.note,)

    def _resolve_edges(self, stack: Any, state: Any) -> Any:
        """The state after a weighted median, and the depth edges put right, where that is wanted."""
        if not applies(self.job.optics, self.settings):
            return state
        state = self._median(state, "median before edges")
        message = "depth edges"
        blocks = grid(self.frame, self.side, HALO_OF_EDGES, SIDE_OF_TILES)
        found = self.map(block_tasks.edge_samples, blocks, [stack, state], message)
        options = {"fit": RayFit.of(found)}
        arrays, function = [stack, state], block_tasks.first_edges
        state = self.advance(function, blocks, arrays, message, "first edges", EDGES / 2, **options)
        arrays, function = [stack, state], block_tasks.last_edges
        return self.advance(function, blocks, arrays, message, "edges", EDGES / 2, **options)

    def _finish(
        self, stack: Any, state: Any, operator: BlurOperator, halo: int, losses: tuple[float, ...]
    ) -> DefocusResult:
        """Tell the confidence, remove the outliers and bring the result to where it is wanted."""
        unit = self.job.optics.depth_unit
        shapes = [self.frame, (*self.frame, 3) if self.colour else self.frame, self.frame, self.frame]
        names = ("depth", "all_in_focus", "outliers", "confidence")
        parameters = {
            "optics": self.job.optics.to_dict(),
            "settings": self.settings.to_dict(),
            "blocks": {"side": self.side, "halo": halo},
        }
        arrays: dict[str, Any] = {}
        for name, shape in zip(names, shapes, strict=True):
            dtype = np.bool_ if name == "outliers" else np.float32
            if self.store is None:
                arrays[name] = np.empty(shape, dtype)
            else:
                arrays[name] = self.store.result(name, shape, dtype, unit if name == "depth" else None)
        targets = tuple(Target(array) for array in arrays.values())
        blocks = grid(self.frame, self.side, finishing_halo(confidence_reach(operator), self.settings))
        far = isinstance(self.runner, Cluster) and self.store is None
        tasks = self.tasks(block_tasks.finished, blocks, [stack, state], {}, () if far else targets)
        for place, outcome in self.runner.run(tasks, self.progress.begin("confidence and outliers")):
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
