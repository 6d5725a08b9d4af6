"""Depth from defocus by alternating minimization: the whole run."""

import os
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_defocus.optics import Optics
from napari_defocus.solver.blur_estimation import estimate_from_stack, wants_estimate
from napari_defocus.solver.contrast import with_contrast
from napari_defocus.solver.initialization import start_of
from napari_defocus.solver.model_start import in_doubt, revised, revises
from napari_defocus.solver.observations import as_stack, check_stack, load_stack
from napari_defocus.solver.occlusion import applies
from napari_defocus.solver.outliers import remove_outliers
from napari_defocus.solver.prior_scales import sharpens
from napari_defocus.solver.progress import (
    BLUR,
    DEPTH,
    EDGES,
    EVENING,
    READING,
    RESIDUAL,
    REVISION,
    START,
    RunProgress,
)
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import Unknowns

if TYPE_CHECKING:
    from distributed import Client


def solve(
    images: Any,
    optics: Optics,
    settings: SolverSettings | None = None,
    *,
    client: "Client | None" = None,
    store: str | os.PathLike[str] | None = None,
    block: int | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> DefocusResult:
    """Depth, all-in-focus image, outliers and confidence of a focal stack.

    The method of Jackson et al., "Depth from Defocus via Direct Optimization" (arXiv 2602.18509): graph-cut
    initialization, alternating minimization over depth and image, outlier removal.

    Parameters
    ----------
    images : array_like, (planes, Y, X) or (planes, Y, X, 3)
        The focal stack, NumPy or dask, any real type.
    optics : Optics
        Blur of each plane as a function of depth, one focus position a plane.
    settings : SolverSettings, optional
        Settings; None for our best for real photographs.
    client : distributed.Client, optional
        Solve block by block on the workers of this cluster.
    store : path, optional
        Solve block by block and write the result to this new zarr store; its arrays are then dask arrays
        on the store, and no process ever holds the whole image. With a client, a path that all workers see.
    block : int, optional
        Side of the blocks, px; given alone, solve block by block on this machine. None: 1024.
    overwrite : bool
        Replace the result of an earlier run that is in `store`.
    progress : callable, optional
        ``progress(fraction, message)``, called several times a second; may raise :class:`CancelledError`.

    Returns
    -------
    DefocusResult
        Depth in the unit of the optics.

    Notes
    -----
    Block by block the result is the same but for what the halo of the blocks leaves out; docs/cluster.md says
    how well it agrees and what it costs.

    Raises
    ------
    InputError
        If stack, optics and settings do not fit; the message says what to change.

    Examples
    --------
    >>> import numpy as np
    >>> from napari_defocus import SolverSettings, UncalibratedFocus, solve
    >>> stack = np.random.default_rng(0).random((4, 32, 32))
    >>> result = solve(stack, UncalibratedFocus(planes=4, blur_per_plane=1.0), SolverSettings(epochs=1))
    >>> result.depth.shape
    (32, 32)
    """
    if client is not None or store is not None or block is not None:
        from napari_defocus.solver.block_run import solve_in_blocks

        images, settings = checked(images, optics, settings or SolverSettings())
        return solve_in_blocks(
            images,
            optics,
            settings,
            client=client,
            store=store,
            block=block,
            overwrite=overwrite,
            progress=progress,
        )
    state = None
    for state in alternating_minimization(images, optics, settings, progress=progress):  # noqa: B007
        pass
    assert state is not None  # there is always the initialization
    return finish(state)


def alternating_minimization(
    images: Any,
    optics: Optics,
    settings: SolverSettings | None = None,
    *,
    progress: Progress | None = None,
) -> Iterator[SolverState]:
    """Run :func:`solve` half-step by half-step.

    Parameters and errors are those of :func:`solve`. The arrays of a state are never changed afterwards.

    Yields
    ------
    SolverState
        After the initialization, and again if that is revised (with losses of its own), after each depth
        step and each AIF step. At the end, where the settings ask for them: after the bilateral filter of the
        depth, the sharpening of the image, the weighted median of the depth, the occlusion step, the
        denoising of the image, and the local regression of the depth.
    """
    settings = settings or SolverSettings()
    edges, estimates = applies(optics, settings), wants_estimate(optics, settings)
    report = RunProgress(progress, settings, edges=edges, estimates=estimates)
    images, settings = checked(images, optics, settings)
    observations = with_contrast(
        load_stack(images, settings.white, report.stage("reading the stack", READING)),
        settings.least_contrast,
    )
    notes: tuple[str, ...] = ()
    if estimates:
        share = report.stage("estimating the blur", BLUR)
        estimate = estimate_from_stack(observations, optics, settings, share)
        optics = estimate.optics
        settings = settings.replace(estimate_blur=False)  # so that the same again gives the same
        notes = (estimate.note,)
    share = report.stage("finding the sharpest planes", START)
    start = start_of(observations, optics, settings, share)
    start = replace(start, notes=notes)
    run = Unknowns(observations, optics, settings, start, report.stage("first residual", RESIDUAL))
    yield run.state(0, "initialization")
    epoch = 0
    doubt = np.zeros(1, np.bool_)
    if revises(optics, settings):
        doubt = in_doubt(observations, start, settings.threads)
    if doubt.any():
        report.expect(REVISION)
        tried = list(_epoch(run, 1, report))
        new = revised(run, start, doubt, report.stage("trying the blur model alone", REVISION))
        if new is start:  # it stands, and so does the epoch
            yield from tried
            epoch = 1
        else:
            run = Unknowns(observations, optics, settings, new)
            yield run.state(0, "initialization")
    while epoch < settings.epochs and not settings.settled(run.losses):
        epoch += 1
        yield from _epoch(run, epoch, report)
    if settings.bilateral:
        run.smooth_depth(report.stage("evening out the depth", EVENING))
        yield run.state(epoch, "bilateral")
    if sharpens(optics, settings):
        run.sharpen_image(report.stage("image from the sharper planes", EVENING))
        yield run.state(epoch, "sharpening")
    if edges:
        # a patch that is wrong as a whole keeps the search from moving its pixels
        if settings.weighted_median:
            run.take_median(report.stage("depth of what looks alike", EVENING))
            yield run.state(epoch, "median")
        run.resolve_edges(report.stage("depth edges", EDGES))
        yield run.state(epoch, "occlusion")
    if settings.denoising:
        run.denoise(report.stage("noise", EVENING))
        yield run.state(epoch, "denoising")
    if settings.weighted_median and not edges:
        run.take_median(report.stage("depth of what looks alike", EVENING))
        yield run.state(epoch, "median")
    if settings.regression:
        run.fit_planes(report.stage("planes of the depth", EVENING))
        yield run.state(epoch, "regression")
    report.end()


def _epoch(run: Unknowns, epoch: int, report: RunProgress) -> Iterator[SolverState]:
    """Depth step and AIF step of an epoch, from 1."""
    if epoch > 1:
        run.reweigh()
    report.epoch(epoch)
    message = f"epoch {epoch} of {run.settings.epochs}: "
    run.improve_depth(report.stage(message + "depth", DEPTH))
    yield run.state(epoch, "depth")
    share = report.stage(message + "all-in-focus", report.image_weight(epoch))
    run.improve_image(run.settings.image_iterations(epoch), share)
    yield run.state(epoch, "aif")


def checked(images: Any, optics: Optics, settings: SolverSettings) -> tuple[Any, SolverSettings]:
    """Return the stack as an array and the settings with the depth range filled in, once they fit."""
    images = as_stack(images)
    check_stack(images.shape, images.dtype)
    optics.check_planes(images.shape[0])
    depth_range = optics.check_depth_range(settings.depth_range or optics.default_depth_range())
    return images, settings.replace(depth_range=depth_range)


def finish(state: SolverState) -> DefocusResult:
    """Remove the outliers from a state of the run, whole or cut short, and make it the result."""
    image = state.all_in_focus * np.float32(state.estimate.observations.white)
    depth, outliers = remove_outliers(state.depth, image, state.confidence, state.optics, state.settings)
    return replace(so_far(state), depth=depth, outliers=outliers, confidence=state.confidence)


def so_far(state: SolverState) -> DefocusResult:
    """Make a result of a state on the way, without what takes its time: confidence (all 0) and outliers."""
    shape = state.depth.shape
    return DefocusResult(
        depth=state.depth,
        all_in_focus=state.all_in_focus,
        outliers=np.zeros(shape, np.bool_),
        confidence=np.zeros(shape, np.float32),
        losses=state.losses,
        unit=state.optics.depth_unit,
        method="defocus",
        parameters={"optics": state.optics.to_dict(), "settings": state.settings.to_dict()},
        notes=state.notes,
    )
