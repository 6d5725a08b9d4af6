"""Blocks of an image that are solved one by one: their geometry."""

from dataclasses import dataclass
from itertools import pairwise

from napari_defocus.errors import InputError
from napari_defocus.optics.tiles import Tile
from napari_defocus.solver.outliers import PASSES, PATCH
from napari_defocus.solver.settings import SolverSettings

Region = tuple[slice, slice]

SIDE = 1024
"""Side of a block, px, where none is given."""

LEAST_SIDE = 32
"""Least side of a block, px: below it nearly all work is in the halo."""

FIRM_PULL = 0.5
"""Weight from which on the mosaic holds the image so firmly that only near pixels matter to each other."""

SMOOTHING_REACH = 24
"""Distance beyond which an error at the border of a window no longer shows in the smoothed depth, px."""


@dataclass(frozen=True)
class Block:
    """A rectangle of the image, and the wider one that is computed for its sake.

    Attributes
    ----------
    inner : Tile
        The pixels that are kept; the inner tiles of all blocks make up the image.
    outer : Tile
        The same with a halo, cut at the frame.
    """

    inner: Tile
    outer: Tile

    @property
    def inside(self) -> Region:
        """The inner tile as an index of arrays of the outer one."""
        y0, x0 = self.inner.y0 - self.outer.y0, self.inner.x0 - self.outer.x0
        return slice(y0, y0 + self.inner.height), slice(x0, x0 + self.inner.width)


def grid(shape: tuple[int, int], side: int, halo: int, cell: int = 1, least: int = 1) -> list[Block]:
    """Blocks of `side` px that cover an image of `shape`, the last of a row or column shorter.

    Outer tiles begin on multiples of `cell` px, and a cell that is partly in the inner tile has its halo too.

    Unlike :func:`optics.tiles.split`, all have exactly this side, as the chunks of an array have, but for the
    last of a row or column: where it would be shorter than `least` px it is joined to the one before.
    """
    rows, columns = (_cuts(length, side, least) for length in shape)
    return [
        Block(inner, widened(inner, halo, shape, cell))
        for y0, y1 in pairwise(rows)
        for x0, x1 in pairwise(columns)
        for inner in (Tile(y0, x0, y1 - y0, x1 - x0),)
    ]


def _cuts(length: int, side: int, least: int) -> list[int]:
    begins = range(0, length, side)
    return [0, *(begin for begin in begins[1:] if length - begin >= least), length]


def widened(tile: Tile, margin: int, shape: tuple[int, int], cell: int = 1) -> Tile:
    """Widen a tile to whole cells and by a margin on every side, cut at the frame of an image of `shape`.

    What is less than a cell before the frame comes with the cell that it may be joined to.
    """
    y0, x0 = (max(first // cell * cell - margin, 0) // cell * cell for first in (tile.y0, tile.x0))
    y1, x1 = (
        length if length - end < cell else end
        for last, length in zip((tile.y0 + tile.height, tile.x0 + tile.width), shape, strict=True)
        for end in (-(-last // cell) * cell + margin,)
    )
    return Tile(y0, x0, y1 - y0, x1 - x0)


def solving_halo(reach: int, window: int, pull: float, settings: SolverSettings) -> int:
    """Halo of the blocks of an epoch, px.

    At the border of a window the blur sees the image mirrored instead of what is there: depths are wrong as
    far as the blur and half the cost window reach, and smoothing carries that on. The image is then solved
    for by equations that couple pixels up to twice the blur's reach; where it is drawn to the mosaic they
    are so well conditioned that what is beyond once the reach does not matter, and where it is not, twice
    the reach is needed (measured in docs/cluster.md).

    Parameters
    ----------
    reach : int
        Reach of the blur operator's widest kernel, px.
    window : int
        Side of the cost window, px.
    pull : float
        Weight that draws the image to the mosaic, where that of all planes is 1.
    settings : SolverSettings
        Settings of the run.
    """
    image = reach if pull >= FIRM_PULL else 2 * reach
    return image + window // 2 + (SMOOTHING_REACH if settings.smoothness > 0 else 0)


def finishing_halo(reach: int, settings: SolverSettings) -> int:
    """Halo for confidence and outliers, px: what decides on a pixel, and every pass of filling.

    Parameters
    ----------
    reach : int
        Distance of the farthest pixel that the confidence of one depends on, px.
    settings : SolverSettings
        Settings of the run.
    """
    if settings.outlier_method == "none":
        return reach
    deciding = reach if settings.outlier_method == "confidence" else max(reach, PATCH // 2 + 1)
    return deciding + PASSES[settings.outlier_fill] * settings.outlier_radius


def check_side(side: int) -> int:
    """Return the side of the blocks, px, or raise :class:`InputError` when it is none."""
    if isinstance(side, bool) or not isinstance(side, int) or side < LEAST_SIDE:
        raise InputError(f"block must be a whole number of at least {LEAST_SIDE} px, but is {side!r}.")
    return side
