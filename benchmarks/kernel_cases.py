"""The solver's compiled kernels, each ready to be called, with its operations and bytes.

This is the file to adapt when a kernel changes. Counted are the operations of the mathematics (additions,
multiplications, divisions and roots; a multiply-add is two; no comparisons, no indices) and each array once
for reading and once for writing, whatever the kernel touches again. Setting: a tile of 64 x 64 px of 30 RGB
planes of 8 bit, blur up to 8 px.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from math import ceil, log

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from napari_defocus import SolverSettings
from napari_defocus.optics import tile_kernels
from napari_defocus.optics.blur_levels import BlurLevels
from napari_defocus.optics.blur_operator import BlurOperator
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver import depth_kernels, smoothing_kernels
from napari_defocus.solver.candidates import candidate_coordinates
from napari_defocus.solver.depth_step import candidate_levels

Floats = NDArray[np.float32]

PLANES, CHANNELS, SIDE, WINDOW = 30, 3, 64, 5
PIXELS = SIDE * SIDE
TOLERANCE = 0.02
SMOOTHED = 2000
"""Side of the image for the smoothing, which works on the whole of it, px."""

LEVEL_OF_PIXEL = 8  # radius, place in the table, level, weight
MIX = 3
RESIDUAL = 3  # difference, its square, the sum
UNMIX = 4


@dataclass(frozen=True)
class Case:
    """A kernel on prepared arrays.

    Attributes
    ----------
    name : str
        The kernel's name.
    call : callable
        Calls it once.
    flops, bytes : float
        Floating-point operations of a call, and bytes that it has to read and write.
    """

    name: str
    call: Callable[[], object]
    flops: float
    bytes: float


class Setting:
    """A tile in the middle of a small stack, with everything that the kernels take."""

    def __init__(self) -> None:
        rng = np.random.default_rng(0)
        self.optics = synthetic.optics(PLANES)
        limits = self.optics.default_depth_range()
        self.levels = BlurLevels.for_optics(self.optics, limits)
        self.operator = BlurOperator(self.optics, self.levels)
        side = 3 * SIDE
        self.tile = Tile(SIDE, SIDE, SIDE, SIDE)
        self.stack = rng.integers(0, 256, (PLANES, CHANNELS, side, side), np.uint8)
        self.padded = self.operator.pad(rng.random((CHANNELS, side, side), np.float32))
        # smooth, as a depth map is: neighbours read neighbouring entries of the bank
        self.coordinates = synthetic.relief((side, side), PLANES)
        self.candidates = candidate_coordinates(self.optics, limits, SolverSettings())
        self.scale = np.float32(1 / 255)
        self.anchor = np.ascontiguousarray(self.coordinates[self.tile.slices])
        self.coupling = np.float32(0.1)

    @cached_property
    def banks(self) -> Floats:
        banks = np.empty((CHANNELS, self.levels.count, SIDE, SIDE), np.float32)
        scratch = self.operator._scratch(self.tile)[2]
        for channel, bank in zip(self.padded, banks, strict=True):
            tile_kernels.blur_tile(channel, *self.kernels, SIDE, SIDE, scratch, bank)
        return banks

    @cached_property
    def observed(self) -> Floats:
        observed = np.empty((PLANES, CHANNELS, SIDE, SIDE), np.float32)
        depth_kernels.scale_tile(self.stack, self.scale, SIDE, SIDE, observed)
        return observed

    @property
    def kernels(self) -> tuple[int, Floats, NDArray[np.int64]]:
        return self.levels.halo, self.levels.kernels, self.levels.radii

    @property
    def planes(self) -> tuple[Floats, Floats, Floats]:
        """Slopes and centres of the planes, and the table of levels."""
        return self.operator._arguments()[:3]

    @property
    def tile_bytes(self) -> int:
        """The tile of one channel with its halo."""
        return 4 * (SIDE + 2 * self.levels.halo) ** 2

    @property
    def bank_bytes(self) -> int:
        """The tile of one channel at every level."""
        return 4 * PIXELS * self.levels.count

    def blur_flops(self) -> int:
        """Separable blur of one channel at every level: one product, then a sum and a multiply-add a pair."""
        radii = self.levels.radii
        return int(np.sum((1 + 3 * radii) * (SIDE * (SIDE + 2 * radii) + PIXELS)))

    def spread_flops(self) -> int:
        """Its adjoint: across as there, then every row into all that are within reach."""
        radii = self.levels.radii
        reach = SIDE + 2 * radii
        return int(np.sum((1 + 3 * radii) * SIDE * reach + 2 * (2 * radii + 1) * SIDE * reach))


def blur_cases(s: Setting) -> Iterator[Case]:
    """Kernels of the operator and of the AIF step."""
    entry, weight, scratch = s.operator._scratch(s.tile)
    bank = np.empty((s.levels.count, SIDE, SIDE), np.float32)
    block = np.zeros((CHANNELS, SIDE + 2 * s.levels.halo, SIDE + 2 * s.levels.halo), np.float32)
    yield Case(
        "blur_tile",
        lambda: tile_kernels.blur_tile(s.padded[0], *s.kernels, SIDE, SIDE, scratch, bank),
        s.blur_flops(),
        s.tile_bytes + s.bank_bytes,
    )
    yield Case(
        "spread_tile",
        lambda: tile_kernels.spread_tile(s.banks[0], *s.kernels, scratch, block[0]),
        s.spread_flops(),
        2 * s.tile_bytes + s.bank_bytes,
    )
    arguments = s.operator._arguments()
    predicted = np.empty((PLANES, CHANNELS, SIDE, SIDE), np.float32)
    place_and_mix = PLANES * CHANNELS * PIXELS * (LEVEL_OF_PIXEL + MIX)
    yield Case(
        "forward_tile",
        lambda: tile_kernels.forward_tile(
            s.padded, s.coordinates, *arguments, SIDE, SIDE, bank, entry, weight, scratch, predicted
        ),
        CHANNELS * s.blur_flops() + place_and_mix,
        CHANNELS * s.tile_bytes + predicted.nbytes + 4 * PIXELS,
    )
    yield Case(
        "gradient_tile",
        lambda: tile_kernels.gradient_tile(
            s.padded,
            s.stack,
            s.scale,
            s.coordinates,
            *arguments,
            SIDE,
            SIDE,
            np.empty_like(s.banks),
            np.empty_like(s.banks),
            entry,
            weight,
            scratch,
            block,
        ),
        CHANNELS * (s.blur_flops() + s.spread_flops())
        + PLANES * PIXELS * (LEVEL_OF_PIXEL + CHANNELS * (MIX + 1 + RESIDUAL + UNMIX)),
        3 * CHANNELS * s.tile_bytes + PLANES * CHANNELS * PIXELS + 4 * PIXELS,
    )


def depth_cases(s: Setting) -> Iterator[Case]:
    """Kernels of the depth step."""
    count = len(s.candidates)
    samples = PLANES * CHANNELS * PIXELS
    places = candidate_levels(s.operator, s.candidates)
    previous = np.empty((PLANES * CHANNELS, SIDE), np.float32)
    cost, cross = np.empty((count, SIDE, SIDE), np.float32), np.empty((count - 1, SIDE, SIDE), np.float32)
    none = np.empty((0, 0, 0), np.float32)
    scaled = np.empty_like(s.observed)
    yield Case(
        "scale_tile",
        lambda: depth_kernels.scale_tile(s.stack, s.scale, SIDE, SIDE, scaled),
        samples,
        5 * samples,
    )
    inputs = s.banks.nbytes + s.observed.nbytes
    yield Case(
        "sweep_tile",
        lambda: depth_kernels.sweep_tile(s.banks, s.observed, *places, previous, cost, none),
        count * samples * (MIX + RESIDUAL),
        inputs + cost.nbytes,
    )
    yield Case(
        "sweep_tile, windowed",
        lambda: depth_kernels.sweep_tile(s.banks, s.observed, *places, previous, cost, cross),
        count * samples * (MIX + RESIDUAL + 2),
        inputs + cost.nbytes + cross.nbytes,
    )
    sums, mean = np.empty((SIDE, SIDE), np.float32), np.empty_like(cost)
    yield Case(
        "box_mean",
        lambda: depth_kernels.box_mean(cost, WINDOW, 0, 0, sums, mean),
        count * PIXELS * 2 * (WINDOW + 1),
        2 * cost.nbytes,
    )
    best, contrast = np.empty((SIDE, SIDE), np.int64), np.empty((SIDE, SIDE), np.float32)
    pull = s.anchor, s.coupling
    yield Case(
        "best_candidate",
        lambda: depth_kernels.best_candidate(cost, s.candidates, *pull, best, contrast),
        count * PIXELS * 5,
        cost.nbytes + 4 * PIXELS + best.nbytes + contrast.nbytes,
    )
    found = s.anchor.copy()
    yield Case(
        "best_in_segments",
        lambda: depth_kernels.best_in_segments(cost, cross, s.candidates, *pull, found),
        count * PIXELS * 25,
        cost.nbytes + cross.nbytes + 12 * PIXELS,
    )
    of_pixel = PIXELS * (4 + PLANES * (LEVEL_OF_PIXEL + CHANNELS * (MIX + RESIDUAL)))
    yield Case(
        "pixel_costs",
        lambda: depth_kernels.pixel_costs(s.banks, s.observed, *s.planes, *pull, s.anchor, contrast),
        of_pixel,
        s.observed.nbytes + s.banks.nbytes + 12 * PIXELS,
    )
    evaluations = 4 + ceil(log(TOLERANCE / 2) / log(float(depth_kernels.GOLDEN)))
    costs = np.empty((2, SIDE, SIDE), np.float32)

    def golden() -> None:
        found[:] = s.anchor
        depth_kernels.golden_section(
            s.banks,
            s.observed,
            *s.planes,
            *pull,
            s.candidates,
            best,
            np.float32(TOLERANCE),
            found,
            costs,
        )

    yield Case("golden_section", golden, evaluations * of_pixel, s.observed.nbytes + s.banks.nbytes)


def smoothing_cases() -> Iterator[Case]:
    """Kernels of the depth's smoothing."""
    shape = (SMOOTHED, SMOOTHED)
    rng = np.random.default_rng(0)
    depth, edges, smooth, ahead = (rng.random(shape, np.float32) for _ in range(4))
    dual_y, dual_x = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    step = np.float32(0.3)
    yield Case(
        "ascend",
        lambda: smoothing_kernels.ascend(ahead, edges, step, np.float32(0.05), step, dual_y, dual_x),
        20 * depth.size,
        24 * depth.size,
    )
    yield Case(
        "descend",
        lambda: smoothing_kernels.descend(depth, dual_y, dual_x, step, step, smooth, ahead),
        12 * depth.size,
        24 * depth.size,
    )


def cases() -> Iterator[Case]:
    setting = Setting()
    yield from blur_cases(setting)
    yield from depth_cases(setting)
    yield from smoothing_cases()
