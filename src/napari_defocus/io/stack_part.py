"""Parts of the images of a focal stack: a rectangle, or all of them in fewer pixels."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from napari_defocus.solver.result import DefocusResult

RIM = 16
"""Width of what a run takes from around a region, px: blur carries what is just outside into it."""

Rectangle = tuple[slice, slice]
"""Rows and columns."""


@dataclass(frozen=True)
class StackPart:
    """What part of the images a run is of.

    Attributes
    ----------
    region : (slice, slice) or None
        Rows and columns; None for all.
    binning : int
        Pixels that are joined into one, along each side.
    """

    region: Rectangle | None = None
    binning: int = 1

    @property
    def is_whole(self) -> bool:
        """Whether it is all pixels as they are."""
        return self.region is None and self.binning == 1

    @property
    def in_words(self) -> str:
        """What the part is; empty for all pixels as they are."""
        said = []
        if self.binning > 1:
            said.append(f"a preview ({self.binning} x {self.binning} px joined)")
        if self.region is not None:
            rows, columns = (f"{side.start} to {side.stop - 1}" for side in self.region)
            said.append(f"a region (rows {rows}, columns {columns})")
        return " of ".join(said)

    def to_dict(self) -> dict[str, Any]:
        """Return what is recorded of it, plain values; nothing of all pixels as they are."""
        values: dict[str, Any] = {}
        if self.region is not None:
            values["region"] = [[side.start, side.stop] for side in self.region]
        if self.binning > 1:
            values["binning"] = self.binning
        return values


def lies_on(region: Rectangle, shape: tuple[int, ...]) -> bool:
    """Whether images of some rows and columns have these, at least one of each."""
    return all(0 <= side.start < side.stop <= length for side, length in zip(region, shape, strict=True))


def with_rim(rectangle: Rectangle, shape: tuple[int, ...]) -> tuple[Rectangle, Rectangle]:
    """Return a rectangle widened by `RIM` px as far as the images reach, and where it lies in that.

    Parameters
    ----------
    rectangle : (slice, slice)
        Rows and columns.
    shape : (int, int)
        Rows and columns of the images.
    """
    (rows, columns), (height, width) = rectangle, shape
    wider = _widened(rows, height), _widened(columns, width)
    return wider, (_within(rows, wider[0]), _within(columns, wider[1]))


def cut(images: Any, region: Rectangle) -> Any:
    """Return rows and columns of all planes."""
    return images[:, *region]


def joined(images: Any, factor: int) -> Any:
    """Return means of `factor` x `factor` pixels, of the images' type, as dask.

    Rows and columns that do not fill a pixel are cut off.
    """
    import dask.array as da

    rows, columns = (length - length % factor for length in images.shape[1:3])
    if isinstance(images, np.ndarray):
        images = _as_dask(images)
    means = da.coarsen(np.mean, images[:, :rows, :columns], {1: factor, 2: factor})
    if np.issubdtype(images.dtype, np.integer):
        means = da.rint(means)
    return means.astype(images.dtype)


def result_inside(result: "DefocusResult", inside: Rectangle) -> "DefocusResult":
    """Return what a result tells of some rows and columns, in arrays of its own."""
    names = ("depth", "all_in_focus", "outliers", "confidence")
    return replace(result, **{name: getattr(result, name)[inside].copy() for name in names})


def _widened(side: slice, length: int) -> slice:
    return slice(max(side.start - RIM, 0), min(side.stop + RIM, length))


def _within(side: slice, wider: slice) -> slice:
    return slice(side.start - wider.start, side.stop - wider.start)


def _as_dask(images: NDArray[Any]) -> Any:
    """Planes as dask without a copy; its own ``from_array`` makes one of all of them at once."""
    import dask.array as da

    name = f"planes-{uuid4()}"
    rest = (0,) * (images.ndim - 1)
    planes = {(name, plane, *rest): images[plane : plane + 1] for plane in range(len(images))}
    chunks = ((1,) * len(images), *((length,) for length in images.shape[1:]))
    return da.Array(planes, name, chunks, dtype=images.dtype)
