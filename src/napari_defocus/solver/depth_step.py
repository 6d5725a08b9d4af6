"""Depth step: the best depth of each pixel for a fixed all-in-focus image."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter

from napari_defocus.optics import tile_kernels
from napari_defocus.optics.basis_kernels import basis_rows
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile, map_tiles, split
from napari_defocus.solver import depth_kernels, window_kernels
from napari_defocus.solver.blocks import widened
from napari_defocus.solver.observations import Observations

Floats = NDArray[np.float32]

TILE = 32, 128
"""Height and width of a tile, px; larger for large cost windows, so that most of a tile is not halo."""

CELL = 64
"""Side of the cells within which the choices of a cost window may not raise the cost, px."""


@dataclass(frozen=True, eq=False)
class DepthStep:
    """Outcome of a depth step.

    Attributes
    ----------
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the new depth.
    residual : float
        Sum of squared residuals at the new depth; with the anchor's term never above that at the old one.
    cost : ndarray, (Y, X), float32
        Squared residual of each pixel over planes and channels, with the anchor's term.
    contrast : ndarray, (Y, X), float32
        One minus the ratio of least to mean cost over the candidates, 0 to 1.
    """

    coordinates: Floats
    residual: float
    cost: Floats
    contrast: Floats


@dataclass(frozen=True, eq=False)
class _TileOutcome:
    coordinates: Floats
    cost_before: Floats
    cost_after: Floats
    contrast: Floats


def depth_step(
    operator: BlurOperator,
    observations: Observations,
    image: Floats,
    coordinates: Floats,
    candidates: Floats,
    *,
    anchor: Floats | None = None,
    coupling: float = 0.0,
    cost_window: int = 1,
    golden_tolerance: float = 0.02,
    progress: Callable[[float], None] | None = None,
) -> DepthStep:
    """Minimise the residual of each pixel over its depth.

    The image is blurred once at each node of the basis; every candidate is tried by mixing. Without a cost
    window a golden-section search refines the best candidate between its neighbours. With one, the windowed
    cost is minimised between candidates in closed form (see :func:`window_kernels.best_in_segments`). A pixel
    keeps its old depth if nothing is better. A window's choice may raise the plain residual; then only the
    pixels that serve it best are changed, as many as keep its sum over a cell of `CELL` px from rising.

    Parameters
    ----------
    operator : BlurOperator
        Blur model.
    observations : Observations
        The focal stack.
    image : ndarray, (channels, Y, X), float32
        All-in-focus image in [0, 1].
    coordinates : ndarray, (Y, X), float32
        Blur coordinates of the current depth.
    candidates : ndarray, (candidates,), float32
        Blur coordinates to try, rising.
    anchor : ndarray, (Y, X), float32, optional
        Blur coordinates that the depth is drawn to.
    coupling : float
        Cost ``coupling * (coordinate - anchor) ** 2`` of a pixel.
    cost_window : int
        Side of the window over which costs are averaged, px.
    golden_tolerance : float
        Where the golden-section search stops, as a share of the candidates' step.
    progress : callable, optional
        Gets the share of tiles that are done; may raise to stop.
    """
    shape = observations.shape
    padded = operator.pad(image)
    anchor = coordinates if anchor is None else anchor
    places = candidate_steps(operator, candidates)

    def search(tile: Tile) -> _TileOutcome:
        return _search_tile(
            operator,
            observations,
            padded,
            coordinates,
            candidates,
            places,
            anchor,
            coupling,
            tile,
            cost_window,
            golden_tolerance,
        )

    new, before, after, contrast = (np.empty(shape, np.float32) for _ in range(4))
    tiles = split(shape, (max(TILE[0], 2 * cost_window), max(TILE[1], 2 * cost_window)))
    for tile, outcome in map_tiles(search, tiles, operator.threads, progress):
        new[tile.slices] = outcome.coordinates
        before[tile.slices] = outcome.cost_before
        after[tile.slices] = outcome.cost_after
        contrast[tile.slices] = outcome.contrast
    if cost_window > 1:
        keep = ~accepted(after - before, cost_window)
        new[keep] = coordinates[keep]
        after[keep] = before[keep]
    drawn = coupling * float(((new - anchor) ** 2).sum(dtype=np.float64))
    return DepthStep(new, float(after.sum(dtype=np.float64)) - drawn, after, np.clip(contrast, 0, 1))


def candidate_steps(operator: BlurOperator, candidates: Floats) -> tuple[NDArray[np.int64], Floats, Floats]:
    """Where the blur of each candidate lies in each plane, all (candidates, planes).

    Step of the basis below, mixture weight of the next one, and root of the trust in the plane.
    """
    optics, steps = operator.optics, operator.basis.steps
    radii = optics.slopes * np.abs(candidates[:, None] - optics.centers)
    place = np.minimum((operator.basis.position(radii) + 1) / 2 * (steps - 1), steps - 1.0001)
    below = np.floor(place).astype(np.int64)
    roots = np.sqrt(operator.trust(candidates)).T
    return below, (place - below).astype(np.float32), np.ascontiguousarray(roots, np.float32)


def accepted(change: Floats, window: int) -> NDArray[np.bool_]:
    """Pixels whose change of cost may be taken so that its sum is not above zero in any cell of `CELL` px.

    In a cell all of them if their sum allows; else in the order of their change averaged over the window,
    best first. By cells and not over the whole image, so that a part of it decides alike.
    """
    taken = np.ones(change.shape, np.bool_)
    for y, x in np.ndindex(*(-(-length // CELL) for length in change.shape)):
        cell = slice(y * CELL, (y + 1) * CELL), slice(x * CELL, (x + 1) * CELL)
        part = change[cell]
        if part.sum(dtype=np.float64) <= 0:
            continue
        order = np.argsort(uniform_filter(part, window, mode="nearest"), axis=None, kind="stable")
        allowed = np.flatnonzero(np.cumsum(part.ravel()[order], dtype=np.float64) <= 0)
        few = np.zeros(part.size, np.bool_)
        few[order[: allowed[-1] + 1 if len(allowed) else 0]] = True
        taken[cell] = few.reshape(part.shape)
    return taken


def _search_tile(
    operator: BlurOperator,
    observations: Observations,
    padded: Floats,
    coordinates: Floats,
    candidates: Floats,
    places: tuple[NDArray[np.int64], Floats, Floats],
    anchor: Floats,
    coupling: float,
    tile: Tile,
    cost_window: int,
    golden_tolerance: float,
) -> _TileOutcome:
    wide = widened(tile, cost_window // 2, observations.shape)
    banks = tile_banks(operator, padded, wide)
    stack = observations.planes, np.float32(observations.scale)
    planes = operator.plane_arguments()
    values = operator.basis.values_at_steps()
    new = coordinates[tile.slices].copy()
    pull = np.ascontiguousarray(anchor[tile.slices]), np.float32(coupling)
    contrast = np.empty(new.shape, np.float32)
    costs = np.empty((2, *new.shape), np.float32)
    rows = int(np.prod(observations.planes.shape[:2]))

    def scratch(count: int, width: int) -> Floats:
        return np.empty((count, width), np.float32)

    order = operator.basis.order
    steps = np.empty((len(padded), len(values), wide.width), np.float32)
    if cost_window == 1:
        depth_kernels.search_tile(
            banks,
            *stack,
            *tile[:2],
            values,
            *places,
            *planes,
            candidates,
            *pull,
            golden_rounds(golden_tolerance),
            scratch(basis_rows(order), tile.width),
            scratch(operator.optics.planes + 1, tile.width),
            steps,
            scratch(rows, tile.width),
            scratch(len(candidates), tile.width),
            scratch(8, tile.width),
            new,
            costs,
            contrast,
        )
        return _TileOutcome(new, costs[0], costs[1], contrast)
    cost = np.empty((len(candidates), wide.height, wide.width), np.float32)
    cross = np.empty((len(candidates) - 1, wide.height, wide.width), np.float32)
    seen, last = scratch(rows, wide.width), scratch(rows, wide.width)
    window_kernels.sweep_tile(
        banks, *stack, *wide[:2], values, *places, scratch(order, wide.width), steps, seen, last, cost, cross
    )
    inner = tile.y0 - wide.y0, tile.x0 - wide.x0
    mean_cost = np.empty((len(cost), *new.shape), np.float32)
    mean_cross = np.empty((len(cross), *new.shape), np.float32)
    sums = np.empty(wide.width, np.float32)
    window_kernels.box_mean(cost, cost_window, *inner, sums, mean_cost)
    window_kernels.box_mean(cross, cost_window, *inner, sums, mean_cross)
    window_kernels.best_in_segments(
        mean_cost, mean_cross, candidates, *pull, scratch(3, tile.width), new, contrast
    )
    inside = (..., slice(inner[0], inner[0] + tile.height), slice(inner[1], inner[1] + tile.width))
    own_banks = np.ascontiguousarray(banks[inside])
    for out, where in zip(costs, (coordinates[tile.slices], new), strict=True):
        window_kernels.tile_costs(
            own_banks,
            *stack,
            *tile[:2],
            *planes,
            *pull,
            scratch(basis_rows(order), tile.width),
            scratch(operator.optics.planes + 1, tile.width),
            scratch(rows, tile.width),
            np.ascontiguousarray(where),
            out,
        )
    return _TileOutcome(new, costs[0], costs[1], contrast)


def golden_rounds(tolerance: float) -> int:
    """Rounds after which the bracket is `tolerance` times half its width."""
    return max(int(np.ceil(np.log(tolerance / 2) / np.log(depth_kernels.GOLDEN))), 1)


def tile_banks(operator: BlurOperator, padded: Floats, tile: Tile) -> Floats:
    """Chebyshev coefficients of a padded image on a tile, (channels, order, height, width)."""
    banks = np.empty((len(padded), operator.basis.order, tile.height, tile.width), np.float32)
    kernels, radii, to_chebyshev = operator.basis_arguments()
    scratch, _ = operator.scratch(tile)
    tile_kernels.bank_tile(
        padded, operator.halo, kernels, radii, to_chebyshev, tile.y0, tile.x0, scratch, banks
    )
    return banks
