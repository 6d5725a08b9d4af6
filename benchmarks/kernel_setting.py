"""What the kernel benchmarks work on: a tile in a stack, with the counts of the mathematics.

Counted are the operations of the mathematics (additions,
multiplications, divisions and roots; a multiply-add is two; no comparisons, no indices) and each array once
for reading and once for writing, whatever the kernel touches again. Setting: a tile of the operator's own
size out of 30 RGB planes of 8 bit, blur up to 8 px.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from benchmarks import synthetic
from napari_defocus import SolverSettings
from napari_defocus.optics import tile_kernels
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_operator import TILE, BlurOperator
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.candidates import candidate_coordinates

Floats = NDArray[np.float32]

PLANES, CHANNELS = 30, 3
HEIGHT, WIDTH = TILE
PIXELS = HEIGHT * WIDTH
CORNER = HEIGHT, WIDTH  # of the tile in an image of 3 x 3 tiles
RESIDUAL = 3  # difference, its square, the sum
STEP_MIX = 3  # mixture of two steps


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
        self.basis = BlurBasis.for_optics(self.optics, limits, kernel="disc")
        self.operator = BlurOperator(self.optics, self.basis, trusted_blur=1.0)
        self.tile = Tile(*CORNER, HEIGHT, WIDTH)
        shape = (3 * HEIGHT, 3 * WIDTH)
        self.stack = rng.integers(0, 256, (PLANES, CHANNELS, *shape), np.uint8)
        self.padded = self.operator.pad(rng.random((CHANNELS, *shape), np.float32))
        self.coordinates = synthetic.relief(shape, PLANES)
        self.candidates = candidate_coordinates(self.optics, limits, SolverSettings())
        self.scale = np.float32(1 / 255)
        self.rows, self.polynomials = self.operator.scratch(self.tile)
        self.trust = np.empty((PLANES + 1, self.tile.width), np.float32)
        self.own = np.ascontiguousarray(self.coordinates[self.tile.slices])
        self.pull = self.own, np.float32(0.1)

    @cached_property
    def banks(self) -> Floats:
        """Chebyshev coefficients of the tile."""
        kernels, radii, to_chebyshev = self.operator.basis_arguments()
        banks = np.empty((CHANNELS, self.order, HEIGHT, WIDTH), np.float32)
        arguments = self.padded, self.basis.halo, kernels, radii, to_chebyshev
        tile_kernels.bank_tile(*arguments, *CORNER, self.rows, banks)
        return banks

    @property
    def order(self) -> int:
        return self.basis.order

    @property
    def tile_bytes(self) -> int:
        """The tile of one channel with its halo."""
        halo = self.basis.halo
        return 4 * (HEIGHT + 2 * halo) * (WIDTH + 2 * halo)

    @property
    def bank_bytes(self) -> int:
        """One number for each pixel and node."""
        return 4 * PIXELS * self.order

    def blur_flops(self) -> int:
        """Separable blur of one channel at every node: one product, then a sum and a multiply-add a pair."""
        radii = self.basis.radii
        return int(np.sum((1 + 3 * radii) * (HEIGHT * (WIDTH + 2 * radii) + PIXELS)))

    def spread_flops(self) -> int:
        """Its adjoint: across as there, then every row into all that are within reach."""
        radii = self.basis.radii
        reach = WIDTH + 2 * radii
        return int(np.sum((1 + 3 * radii) * HEIGHT * reach + 2 * (2 * radii + 1) * HEIGHT * reach))

    def transform_flops(self) -> int:
        """A matrix for each pixel of a channel."""
        return PIXELS * self.order * (2 * self.order - 1)

    def basis_flops(self) -> int:
        """Position (9 with its root) and polynomials (3 each) of every pixel in one plane, for each term."""
        terms = len(self.basis.terms)
        return PIXELS * (terms * (9 + 3 * (self.order - 2)) + (terms - 1) * (self.order - 1))

    def trust_flops(self) -> int:
        """Variance, weight, sum and mean of every pixel in one plane."""
        return PIXELS * 10

    def mix_flops(self) -> int:
        """Polynomial of every pixel in one plane and channel; the adjoint has one more."""
        return PIXELS * 2 * (self.order - 1)
