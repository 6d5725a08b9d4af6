"""Start revised where the blur model alone explains the stack far better than the sharpest planes do.

A plain patch between sparse texture tells its depth by how the blur of the texture spreads over it, and a
focus measure is misled by just that: it peaks where the spread is widest. The model is not, but it is less
exact where there is texture. So where there is little of it the run is tried both ways for a few epochs, and
where the residual of the model alone is far less, its depth is taken (fusion of proposals, Lempitsky et al.
2010, here by a vote of the neighbourhood).
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from napari_defocus.optics import Optics
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver.blocks import Block, widened
from napari_defocus.solver.focus_cost import REACH as COST_REACH
from napari_defocus.solver.focus_cost import focus_costs, trust_of
from napari_defocus.solver.focus_start import pairs_in
from napari_defocus.solver.initialization import Start
from napari_defocus.solver.observations import Observations
from napari_defocus.solver.prediction import MEASURED_AT_ONCE, predict_tile
from napari_defocus.solver.prior_scales import PriorScales, draws_to_peaks
from napari_defocus.solver.settings import SolverSettings
from napari_defocus.solver.unknowns import Part, Unknowns

Floats = NDArray[np.float32]
Share = Callable[[float], None] | None

MODEL_EPOCHS = 10
"""Epochs of the run by the model alone; that by the sharpest planes has one: its depth is there already."""

SLOW_EPOCHS = 1
"""Epochs after the first of which its pace is looked at: at first the depth only begins to spread."""

TRIAL_EPOCHS = 6
"""Epochs by which it must explain the stack far better somewhere; the others make its depth there better."""

MODEL_SMOOTHNESS = 20.0
"""Smoothness of the depth in the run by the model alone, in units of the noise."""

MODEL_ITERATIONS = 4
"""Most iterations of its first all-in-focus step."""

VOTE_WINDOW = 31
"""Side of the window over which the logarithms of the residuals are averaged, px."""

FAR_LESS = 0.55
"""Ratio of the residuals below which the model's depth is taken."""

TEXTURED = 0.8
"""Mean trust in the peaks of the focus measure around a pixel from which on they stand: beside steep edges,
where occlusion misleads the model, it would win the vote against good peaks."""

TILE = (256, 256)
"""Tiles in which texture is looked for, px."""

LEAST_DOUBT = 4 * VOTE_WINDOW**2
"""Pixels in doubt for which it is tried both ways, at least: as many as four windows, px."""

LEAST_WON = 0.25
"""Share of some window that it must win, at least: the vote of fewer hangs on next to nothing."""


def revises(optics: Optics, settings: SolverSettings) -> bool:
    """Whether the start is revised: where the depth is drawn to the peaks, which may be wrong."""
    return settings.revise_start and draws_to_peaks(optics, settings)


def model_settings(settings: SolverSettings) -> SolverSettings:
    """Settings of the run by the model alone: all planes count, and no peak does."""
    return settings.replace(
        focus_prior=0.0,
        trusted_blur=None,
        smoothness=MODEL_SMOOTHNESS,
        fista_iterations=min(settings.fista_iterations, MODEL_ITERATIONS),
    )


def in_doubt(observations: Observations, start: Start, threads: int | None = None) -> NDArray[np.bool_]:
    """Pixels where there is too little texture for the peaks of a start to stand untried, (Y, X).

    None at all where there are but a few of them: the runs would cost more than they bring.
    """
    assert start.noise is not None
    glare, noise = start.glare, start.noise
    hiding = None if glare is None else glare.hiding

    def look(tile: Tile) -> Floats:
        block = Block(tile, widened(tile, COST_REACH, observations.shape))
        costs = focus_costs(observations.window(block.outer.slices), noise, pairs_in(hiding, block.outer))
        return trust_of(costs)[block.inside]

    trust = np.empty(observations.shape, np.float32)
    for tile, part in map_tiles(look, split(observations.shape, TILE), threads):
        trust[tile.slices] = part
    plain = uniform_filter(trust, VOTE_WINDOW, mode="nearest") < TEXTURED
    if glare is not None:
        plain &= ~glare.dazzled  # no run explains them
    return np.asarray(plain) if plain.sum() >= LEAST_DOUBT else np.zeros_like(plain)


def revised(
    kept: Unknowns,
    start: Start,
    doubt: NDArray[np.bool_],
    progress: Share = None,
    *,
    frame: tuple[int, int] | None = None,
    scales: PriorScales | None = None,
) -> Start:
    """Start with labels and peaks from the blur model alone where that explains the stack far better.

    Parameters
    ----------
    kept : Unknowns
        The run from the start as it is, after one epoch; it stays as it is.
    start : Start
        Sharpest planes, peaks and noise.
    doubt : ndarray, (Y, X), bool
        Pixels that may be revised, see :func:`in_doubt`.
    progress : callable, optional
        Gets the share that is done; may raise to stop.
    frame : (int, int), optional
        Height and width of the whole image, px. None: this is all of it.
    scales : PriorScales, optional
        Scales of the priors of the run by the model, for the whole image. None: found in this one.

    Returns
    -------
    Start
        `start` itself where nothing is revised.
    """
    assert start.noise is not None
    assert start.peaks is not None
    observations, optics, settings = kept.observations, kept.operator.optics, model_settings(kept.settings)
    noise = np.float32(start.noise.finest**2)
    before = residuals(kept) + noise
    # of the noise, no model explains more than a pixel has unknowns: image and depth
    left = noise * np.float32(1 - 2 / observations.count) + noise
    doubt = doubt & (_vote(np.log(left / before)) < np.log(FAR_LESS))
    if not doubt.any():
        return start
    model = Unknowns(observations, optics, settings, start, part=Part(frame or observations.shape, scales))
    least = 0.0
    for epoch in range(MODEL_EPOCHS):
        model.improve_depth(_half(progress, epoch))
        model.improve_image(settings.image_iterations(epoch + 1), _half(progress, epoch + 0.5))
        vote = _vote(np.log((residuals(model) + noise) / before))
        before_it, least = least, float(vote[doubt].min())
        ahead = max(TRIAL_EPOCHS - 1 - epoch, 0) * min(least - before_it, 0)
        won = doubt & (vote + np.float32(ahead) < np.log(FAR_LESS))
        if epoch >= SLOW_EPOCHS and _vote(won.astype(np.float32)).max() < LEAST_WON:
            return start  # at this pace it never will win enough
    taken = doubt & (vote < np.log(FAR_LESS))
    near = np.abs(optics.centers[:, None, None] - model.coordinates).argmin(axis=0)
    return replace(
        start,
        labels=np.where(taken, near, start.labels).astype(np.int32),
        peaks=np.where(taken, model.coordinates, start.peaks).astype(np.float32),
    )


def residuals(run: Unknowns) -> Floats:
    """Mean squared residual of each pixel over planes and channels, all planes alike, (Y, X)."""
    mean = np.empty(run.observations.shape, np.float32)
    for tile in split(run.observations.shape, (MEASURED_AT_ONCE, MEASURED_AT_ONCE)):
        window = run.observations.window(tile.slices)
        total = np.zeros(mean[tile.slices].shape, np.float32)
        for seen, plane in zip(
            predict_tile(run.operator, run.image, run.coordinates, tile), window.planes, strict=True
        ):
            total += ((seen - np.float32(window.scale) * plane) ** 2).mean(axis=0)
        mean[tile.slices] = total / np.float32(window.count)
    return mean


def _vote(less: Floats) -> Floats:
    """Mean over the neighbourhood of each pixel."""
    return np.asarray(uniform_filter(less, VOTE_WINDOW, mode="nearest"))


def _half(progress: Share, done: float) -> Callable[[float], None]:
    """Progress of half an epoch after `done` epochs."""

    def report(share: float) -> None:
        if progress is not None:
            progress((done + 0.5 * share) / MODEL_EPOCHS)

    return report
