"""The depth-dependent blur as a linear operator on the all-in-focus image."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.optics import tile_kernels
from napari_defocus.optics.base import Optics
from napari_defocus.optics.basis_kernels import basis_rows
from napari_defocus.optics.blur_basis import BlurBasis
from napari_defocus.optics.blur_kernels import scratch_shape
from napari_defocus.optics.tiles import Tile, map_tiles, split

TILE = 32, 256
"""Least height and width of a tile, px: rows long enough for the vector registers, and two banks of three
channels that stay in a core's second-level cache."""

Floats = NDArray[np.float32]
TileProgress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class BlurOperator:
    """Linear map from an all-in-focus image to the planes of a focal stack, for a fixed depth map.

    Plane ``f`` is a gather: pixel ``q`` is the image averaged with the Gaussian of the blur that the depth at
    ``q`` has in that plane. Matrix-free: memory is that of the image and a few tiles.

    Parameters
    ----------
    optics : Optics
        Blur of each plane as a function of depth.
    basis : BlurBasis
        Blurs from which every blur is interpolated.
    boundary : {"reflect", "zero"}
        What lies beyond the frame: the image mirrored at its edge, or black.
    threads : int, optional
        Threads to compute with. None: all cores.
    trusted_blur : float, optional
        Standard deviation of the blur at which a plane has half the weight in the squared residual of a pixel
        that it has when sharp, px: where blur is large the model errs most and tells least. Far beyond it
        falls with the fourth power of the blur. Weights have a mean of 1 over the planes of each pixel. None:
        all planes alike.
    """

    optics: Optics
    basis: BlurBasis
    boundary: Literal["reflect", "zero"] = "reflect"
    threads: int | None = None
    trusted_blur: float | None = None

    @property
    def halo(self) -> int:
        """Greatest reach of the blur, px."""
        return self.basis.halo

    def coordinates(self, depth: ArrayLike) -> Floats:
        """Blur coordinates of a depth map, float32."""
        return np.ascontiguousarray(self.optics.to_blur_coordinate(depth), np.float32)

    def forward(self, image: Floats, coordinates: Floats) -> Floats:
        """Blur `image` (channels, Y, X) into planes (planes, channels, Y, X)."""
        channels, *shape = image.shape
        planes = np.empty((self.optics.planes, channels, *shape), np.float32)
        padded = self.pad(image)

        def predict(tile: Tile) -> Floats:
            block = np.empty((self.optics.planes, channels, tile.height, tile.width), np.float32)
            tile_kernels.forward_tile(
                padded,
                coordinates,
                *self.plane_arguments(),
                *self.basis_arguments(),
                self.halo,
                *tile[:2],
                self._banks(channels, tile),
                *self.scratch(tile),
                block,
            )
            return block

        for tile, block in map_tiles(predict, self.tiles((shape[0], shape[1])), self.threads):
            planes[(..., *tile.slices)] = block
        return planes

    def adjoint(self, planes: Floats, coordinates: Floats) -> Floats:
        """Apply the adjoint to `planes` (planes, channels, Y, X); an image (channels, Y, X)."""
        channels, *shape = planes.shape[1:]

        def spread(tile: Tile) -> Floats:
            block = self._empty_block(channels, tile)
            kernels, radii, to_chebyshev = self.basis_arguments()
            tile_kernels.adjoint_tile(
                planes,
                coordinates,
                *self.plane_arguments(),
                kernels,
                radii,
                np.ascontiguousarray(to_chebyshev.T),
                self.halo,
                *tile[:2],
                self._banks(channels, tile),
                *self.scratch(tile),
                block,
            )
            return block

        total = self._empty_block(channels, Tile(0, 0, shape[0], shape[1]))
        for tile, block in map_tiles(spread, self.tiles((shape[0], shape[1])), self.threads):
            self._add_block(total, tile, block)
        return self.fold(total)

    def gradient(
        self,
        image: Floats,
        stack: NDArray[np.generic],
        scale: float,
        coordinates: Floats,
        progress: TileProgress | None = None,
    ) -> tuple[float, Floats]:
        """Weighted sum of squared residuals ``|A x - s b|^2`` and half its gradient ``A' (A x - s b)``.

        Parameters
        ----------
        image : ndarray, (channels, Y, X), float32
            The all-in-focus image x.
        stack : ndarray, (planes, channels, Y, X)
            The observed planes b in their own type.
        scale : float
            Factor s that brings `stack` to [0, 1]; 0 gives the normal matrix ``A' A x``.
        coordinates : ndarray, (Y, X), float32
            Blur coordinates of the depth.
        progress : callable, optional
            Gets the share of tiles that are done; may raise to stop.
        """
        channels, *shape = image.shape
        padded = self.pad(image)

        def differentiate(tile: Tile) -> tuple[float, Floats]:
            block = self._empty_block(channels, tile)
            loss = self._residual(padded, stack, scale, coordinates, tile, block)
            return loss, block

        total = self._empty_block(channels, Tile(0, 0, shape[0], shape[1]))
        losses = 0.0
        tiles = self.tiles((shape[0], shape[1]))
        for tile, (loss, block) in map_tiles(differentiate, tiles, self.threads, progress):
            self._add_block(total, tile, block)
            losses += loss
        return losses, self.fold(total)

    def loss(
        self,
        image: Floats,
        stack: NDArray[np.generic],
        scale: float,
        coordinates: Floats,
        progress: TileProgress | None = None,
    ) -> float:
        """Sum of squared residuals; arguments as for :meth:`gradient`."""
        padded = self.pad(image)
        none = np.empty((image.shape[0], 0, 0), np.float32)

        def measure(tile: Tile) -> float:
            return self._residual(padded, stack, scale, coordinates, tile, none)

        tiles = self.tiles((image.shape[1], image.shape[2]))
        return sum(loss for _, loss in map_tiles(measure, tiles, self.threads, progress))

    def tiles(self, shape: tuple[int, int]) -> list[Tile]:
        """Tiles of an image; larger for large blurs, so that most of the work is not in the halo."""
        return split(shape, (max(TILE[0], self.halo), max(TILE[1], 2 * self.halo)))

    def pad(self, image: Floats) -> Floats:
        """Extend the last two axes beyond the frame by the basis' halo."""
        halo = self.halo
        width = [(0, 0)] * (image.ndim - 2) + [(halo, halo)] * 2
        if self.boundary == "zero":
            return np.pad(image, width)
        return np.pad(image, width, mode="symmetric")

    def fold(self, padded: Floats) -> Floats:
        """Adjoint of :meth:`pad`: bring what lies beyond the frame back onto it."""
        halo = self.halo
        shape = (padded.shape[-2] - 2 * halo, padded.shape[-1] - 2 * halo)
        inside = (..., slice(halo, halo + shape[0]), slice(halo, halo + shape[1]))
        if self.boundary == "zero":
            return np.ascontiguousarray(padded[inside])
        return _fold_axis(_fold_axis(padded, -2, halo), -1, halo)

    def _residual(
        self,
        padded: Floats,
        stack: NDArray[np.generic],
        scale: float,
        coordinates: Floats,
        tile: Tile,
        out: Floats,
    ) -> float:
        kernels, radii, to_chebyshev = self.basis_arguments()
        total: float = tile_kernels.gradient_tile(
            padded,
            stack,
            np.float32(scale),
            coordinates,
            *self.plane_arguments(),
            kernels,
            radii,
            to_chebyshev,
            np.ascontiguousarray(to_chebyshev.T),
            self.halo,
            *tile[:2],
            self._banks(len(padded), tile),
            self._banks(len(padded) if out.size else 0, tile),
            *self.scratch(tile),
            np.empty((self.optics.planes + 1, tile.width), np.float32),
            out,
        )
        return total

    def plane_arguments(self) -> tuple[Floats, Floats, Floats]:
        """Slopes and centres of the planes, and the law of blurs, as the kernels take them.

        The law is the basis' `position_law`, the slope of the trust (:func:`trust_slope`; 0 for none), and
        for each term of the kernel its weight and relative variance.
        """
        optics, basis = self.optics, self.basis
        trust = 0.0 if self.trusted_blur is None else trust_slope(self.trusted_blur)
        law = np.concatenate([basis.position_law, [trust], basis.terms.ravel()])
        return optics.slopes.astype(np.float32), optics.centers.astype(np.float32), law.astype(np.float32)

    def trust(self, coordinates: Floats) -> NDArray[np.float64]:
        """Weight of each plane in the squared residual at blur coordinates, (planes, *coordinates.shape)."""
        column = (slice(None),) + (None,) * coordinates.ndim
        radius = self.optics.slopes[column] * np.abs(coordinates[None] - self.optics.centers[column])
        if self.trusted_blur is None:
            return np.ones(radius.shape)
        blur_scale2, in_focus2, low2, high2 = self.basis.position_law[:4].astype(np.float64)
        variance = np.clip(blur_scale2 * radius**2 + in_focus2, low2, high2)
        weight = (1 + variance * trust_slope(self.trusted_blur)) ** -2
        return np.asarray(weight / weight.mean(axis=0))

    def basis_arguments(self) -> tuple[Floats, NDArray[np.int64], Floats]:
        """Kernels of the basis, their radii and the matrix to Chebyshev coefficients."""
        return self.basis.kernels, self.basis.radii, self.basis.to_chebyshev

    def scratch(self, tile: Tile) -> tuple[Floats, Floats]:
        """Scratch arrays that the kernels need for a tile: rows, and the polynomials of a row."""
        order = self.basis.order
        shape = scratch_shape(tile.height, tile.width, self.halo, order)
        return np.empty(shape, np.float32), np.empty((basis_rows(order), tile.width), np.float32)

    def _banks(self, channels: int, tile: Tile) -> Floats:
        return np.empty((channels, self.basis.order, tile.height, tile.width), np.float32)

    def _empty_block(self, channels: int, tile: Tile) -> Floats:
        halo = self.halo
        return np.zeros((channels, tile.height + 2 * halo, tile.width + 2 * halo), np.float32)

    def _add_block(self, total: Floats, tile: Tile, block: Floats) -> None:
        rows = slice(tile.y0, tile.y0 + block.shape[1])
        total[:, rows, tile.x0 : tile.x0 + block.shape[2]] += block


def _fold_axis(padded: Floats, axis: int, halo: int) -> Floats:
    """Fold a symmetric extension by `halo` back along one axis, also when it is longer than the image."""
    length = padded.shape[axis] - 2 * halo
    moved = np.moveaxis(padded, axis, 0)
    out = np.zeros((length, *moved.shape[1:]), np.float32)
    out += moved[halo : halo + length]
    if halo <= length:
        out[:halo] += moved[:halo][::-1]
        out[length - halo :] += moved[halo + length :][::-1]
    else:  # mirrored more than once
        position = np.pad(np.arange(length), halo, mode="symmetric")
        np.add.at(out, position[:halo], moved[:halo])
        np.add.at(out, position[halo + length :], moved[halo + length :])
    return np.ascontiguousarray(np.moveaxis(out, 0, axis))


def trust_slope(trusted_blur: float) -> float:
    """Growth of the root of one over a plane's weight with the variance of its blur, 1 / px^2."""
    return (2**0.5 - 1) / trusted_blur**2
