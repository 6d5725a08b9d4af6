"""A focal stack of which nothing is known but the order of its planes."""

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike

from napari_defocus.errors import InputError
from napari_defocus.optics.base import FloatArray, Optics, set_number


@dataclass(frozen=True, kw_only=True)
class UncalibratedFocus(Optics):
    """Depth in units of the plane index, with one radius of blur for each step between planes.

    The radius of the circle of confusion at depth ``z`` (a plane index, fractions allowed) in plane ``k`` is
    ``blur_per_plane * |z - k|`` pixels.

    Parameters
    ----------
    planes : int
        Number of planes.
    blur_per_plane : float, optional
        Growth of the radius from one plane to the next, px. None: estimated from the stack by the solver.
    blur_scale, min_blur, in_focus_blur : float
        See :class:`Optics`.

    Raises
    ------
    InputError
        If there are fewer than two planes, or `blur_per_plane` is not positive.
    """

    kind: ClassVar[str] = "uncalibrated"

    planes: int = field()
    blur_per_plane: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.planes, bool) or not isinstance(self.planes, int | np.integer) or self.planes < 2:
            raise InputError(f"planes must be a whole number of at least 2, but is {self.planes!r}.")
        object.__setattr__(self, "planes", int(self.planes))
        if self.blur_per_plane is not None:
            set_number(self, "blur_per_plane", low=0.0, strict=True, unit="px")
        self._check_common()

    @property
    def focus_positions_array(self) -> FloatArray:
        return np.arange(self.planes, dtype=np.float64)

    @property
    def depth_unit(self) -> str:
        return "plane"

    @property
    def slopes(self) -> FloatArray:
        if self.blur_per_plane is None:
            raise InputError(
                "blur_per_plane is not known yet; give it in px, or let solve() estimate it from the stack."
            )
        return np.full(self.planes, self.blur_per_plane)

    def to_blur_coordinate(self, depth: ArrayLike) -> FloatArray:
        return np.asarray(depth, np.float64)

    def from_blur_coordinate(self, coordinate: ArrayLike) -> FloatArray:
        return np.asarray(coordinate, np.float64)

    def default_depth_range(self) -> tuple[float, float]:
        """First to last plane with a margin of half a plane at either end."""
        return -0.5, self.planes - 0.5
