"""Depth from defocus by alternating minimization: the whole run."""

from collections.abc import Iterator
from typing import Any

from napari_defocus.optics import Optics, UncalibratedFocus
from napari_defocus.solver.blur_estimation import estimate_blur_per_plane
from napari_defocus.solver.initialization import initial_labels
from napari_defocus.solver.observations import as_stack, check_stack, load_stack
from napari_defocus.solver.outliers import remove_outliers
from napari_defocus.solver.progress import RunProgress
from napari_defocus.solver.result import DefocusResult, Progress, SolverState
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import Unknowns


def solve(
    images: Any,
    optics: Optics,
    settings: SolverSettings | None = None,
    *,
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
    progress : callable, optional
        ``progress(fraction, message)``, called several times a second; may raise :class:`CancelledError`.

    Returns
    -------
    DefocusResult
        Depth in the unit of the optics.

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
        After the initialization, and after each depth step and each AIF step.
    """
    settings = settings or SolverSettings()
    report = RunProgress(progress, settings)
    images = as_stack(images)
    check_stack(images.shape, images.dtype)
    optics.check_planes(images.shape[0])
    depth_range = optics.check_depth_range(settings.depth_range or optics.default_depth_range())
    settings = settings.replace(depth_range=depth_range)
    observations = load_stack(images, settings.white, report.stage("reading the stack"))
    notes: tuple[str, ...] = ()
    labels, label_notes = initial_labels(observations, settings, report.stage("finding the sharpest planes"))
    notes += label_notes
    if isinstance(optics, UncalibratedFocus) and optics.blur_per_plane is None:
        estimate = estimate_blur_per_plane(
            observations, optics, labels, settings, report.stage("estimating the blur per plane")
        )
        optics = optics.replace(blur_per_plane=estimate)
        notes += (f"The blur per plane was estimated from the stack: {estimate:.3g} px.",)
    run = Unknowns(observations, optics, settings, labels, notes, report.stage("first residual"))
    yield run.state(0, "initialization")
    for epoch in range(1, settings.epochs + 1):
        run.improve_depth(report.stage(f"epoch {epoch} of {settings.epochs}: depth"))
        yield run.state(epoch, "depth")
        iterations = round(settings.fista_iterations * settings.fista_growth ** (epoch - 1))
        run.improve_image(iterations, report.stage(f"epoch {epoch} of {settings.epochs}: all-in-focus"))
        if epoch == settings.epochs:
            report.end()
        yield run.state(epoch, "aif")


def finish(state: SolverState) -> DefocusResult:
    """Remove the outliers from a state of the run, whole or cut short, and make it the result."""
    depth, outliers = remove_outliers(state.depth, state.all_in_focus, state.settings)
    confidence = state.confidence.copy()
    confidence[outliers] = 0
    return DefocusResult(
        depth=depth,
        all_in_focus=state.all_in_focus,
        outliers=outliers,
        confidence=confidence,
        losses=state.losses,
        unit=state.optics.depth_unit,
        method="defocus",
        parameters={"optics": state.optics.to_dict(), "settings": state.settings.to_dict()},
        notes=state.notes,
    )
