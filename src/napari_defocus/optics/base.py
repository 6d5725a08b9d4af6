"""What every optics model has in common: blur as a function of depth and plane."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import MISSING, asdict, dataclass, fields, replace
from functools import cached_property
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Optics(ABC):
    """Blur of each plane of a focal stack as a function of scene depth.

    Every model is linear in one *blur coordinate* ``u`` of the depth: ``1 / Z`` for a thin lens, ``z`` for a
    microscope, the plane index without calibration. The radius of the circle of confusion of plane ``k`` is
    ``slopes[k] * |u - centers[k]|`` pixels and the standard deviation of the blur is::

        sigma = max(sqrt((blur_scale * radius) ** 2 + in_focus_blur ** 2), min_blur)

    Parameters
    ----------
    blur_scale : float
        Standard deviation of the blur in units of the radius of the circle of confusion (no unit). 1 is the
        choice of Jackson et al. (arXiv 2602.18509); a uniformly lit round aperture is near 0.5.
    min_blur : float
        Least standard deviation of the blur, px.
    in_focus_blur : float
        Blur that stays in perfect focus, px; added in quadrature.
    """

    kind: ClassVar[str]

    blur_scale: float = 1.0
    min_blur: float = 0.0
    in_focus_blur: float = 0.0

    @property
    @abstractmethod
    def focus_positions_array(self) -> FloatArray:
        """Depth in perfect focus for each plane, (planes,), in :attr:`depth_unit`."""

    @property
    @abstractmethod
    def depth_unit(self) -> str:
        """Unit of depth, a name that pint knows (``"m"``, ``"um"``) or ``"plane"``."""

    @property
    @abstractmethod
    def slopes(self) -> FloatArray:
        """Growth of the radius with the blur coordinate for each plane, (planes,), px per unit of it."""

    @abstractmethod
    def to_blur_coordinate(self, depth: ArrayLike) -> FloatArray:
        """Blur coordinate of a depth (any shape)."""

    @abstractmethod
    def from_blur_coordinate(self, coordinate: ArrayLike) -> FloatArray:
        """Depth of a blur coordinate (any shape)."""

    @abstractmethod
    def default_depth_range(self) -> tuple[float, float]:
        """Nearest and farthest depth to search when none is given: the focus distances with a margin."""

    @property
    def effective_in_focus_blur(self) -> float:
        """Blur that stays in perfect focus, px, with its default filled in."""
        return self.in_focus_blur

    @cached_property  # and no plain property: a subclass may store it as a field
    def planes(self) -> int:
        """Number of planes of the stack."""
        return len(self.focus_positions_array)

    @property
    def centers(self) -> FloatArray:
        """Blur coordinate in perfect focus for each plane, (planes,)."""
        return self.to_blur_coordinate(self.focus_positions_array)

    def blur_radius(self, depth: ArrayLike) -> FloatArray:
        """Radius of the circle of confusion, (planes, *depth.shape), px."""
        u = self.to_blur_coordinate(depth)
        column = (slice(None),) + (None,) * u.ndim
        return np.asarray(self.slopes[column] * np.abs(u[None] - self.centers[column]))

    def blur_sigma(self, depth: ArrayLike) -> FloatArray:
        """Standard deviation of the blur, (planes, *depth.shape), px."""
        return self.sigma_of_radius(self.blur_radius(depth))

    def sigma_of_radius(self, radius: ArrayLike) -> FloatArray:
        """Standard deviation of the blur for a radius of the circle of confusion (any shape), px."""
        spread = np.hypot(self.blur_scale * np.asarray(radius, np.float64), self.effective_in_focus_blur)
        return np.asarray(np.maximum(spread, self.min_blur))

    def check_depth_range(self, depth_range: tuple[float, float]) -> tuple[float, float]:
        """Return the range as floats, or raise :class:`InputError` when no depth lies in it."""
        try:
            near, far = (float(value) for value in depth_range)
        except (TypeError, ValueError):
            raise InputError(
                f"depth_range must be two numbers (nearest, farthest) in {self.depth_unit}, "
                f"but is {depth_range!r}."
            ) from None
        if not (np.isfinite(near) and np.isfinite(far)):
            raise InputError(f"depth_range must be finite, but is {near:g} to {far:g} {self.depth_unit}.")
        if near >= far:
            raise InputError(
                f"depth_range is empty: its nearest depth {near:g} is not below its farthest {far:g} "
                f"{self.depth_unit}; swap or widen it."
            )
        return near, far

    def check_planes(self, planes: int) -> None:
        """Raise :class:`InputError` when the stack does not have one image for each focus position."""
        if planes != self.planes:
            raise InputError(
                f"The stack has {planes} planes but the optics list {self.planes} focus positions; "
                "give one position for each plane, in the order of the planes."
            )

    def replace(self, **changes: Any) -> Self:
        """Return a copy with some parameters changed (checked again)."""
        return replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Return the parameters as plain values, for TOML and JSON; unset ones are left out."""
        values = {"kind": self.kind, **asdict(self)}
        return {
            key: list(value) if isinstance(value, tuple) else value
            for key, value in values.items()
            if value is not None
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """Make the optics from what :meth:`to_dict` returned.

        Raises
        ------
        InputError
            If a key is unknown or a needed one is missing.
        """
        values = {key: value for key, value in values.items() if key != "kind"}
        known = [field.name for field in fields(cls)]
        unknown = sorted(set(values) - set(known))
        if unknown:
            raise InputError(
                f"Unknown optics parameter {unknown[0]!r} for kind {cls.kind!r}; "
                f"known are {', '.join(known)}."
            )
        required = [field.name for field in fields(cls) if field.default is MISSING]
        check_complete(cls.kind, values, required)
        return cls(**values)

    def _check_common(self) -> None:
        set_number(self, "blur_scale", low=0.0, strict=True)
        set_number(self, "min_blur", low=0.0, unit="px")
        if self.in_focus_blur is not None:
            set_number(self, "in_focus_blur", low=0.0, unit="px")


def set_number(
    owner: object,
    name: str,
    *,
    low: float = -np.inf,
    strict: bool = False,
    unit: str = "",
) -> None:
    """Store a parameter of a frozen dataclass as a float, or raise an :class:`InputError` that names it."""
    value = getattr(owner, name)
    try:
        number = float("nan") if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a number, but is {value!r}.") from None
    if not np.isfinite(number) or number < low or (strict and number == low):
        bound = "" if low == -np.inf else f" {'above' if strict else 'of at least'} {low:g}"
        raise InputError(f"{name} must be a finite number{bound}{unit and ' ' + unit}, but is {number:g}.")
    object.__setattr__(owner, name, number)


def check_complete(kind: str, values: dict[str, Any], required: Sequence[str]) -> None:
    """Raise an :class:`InputError` that names the parameters that optics of a kind lack."""
    missing = [name for name in required if name not in values]
    if missing:
        raise InputError(f"The optics of kind {kind!r} are not complete: {', '.join(missing)} must be given.")


def set_positions(owner: object, name: str, *, unit: str) -> None:
    """Store a list of focus positions as a tuple of floats, or raise an :class:`InputError`."""
    value = getattr(owner, name)
    try:
        positions = np.asarray(value if isinstance(value, np.ndarray) else list(value), np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{name} must be a list of numbers in {unit}, but is {value!r}.") from None
    if positions.ndim != 1 or len(positions) < 2:
        raise InputError(f"{name} must list at least two planes, but lists {positions.size}.")
    if not np.isfinite(positions).all():
        raise InputError(
            f"{name} must be finite numbers in {unit}, but plane "
            f"{int(np.flatnonzero(~np.isfinite(positions))[0])} is not."
        )
    if np.ptp(positions) == 0:
        raise InputError(
            f"{name} are all {positions[0]:g} {unit}; a focal stack needs at least two different ones."
        )
    object.__setattr__(owner, name, tuple(float(position) for position in positions))


def median_step(positions: Sequence[float]) -> float:
    """Return the median distance between neighbouring, different positions."""
    return float(np.median(np.diff(np.unique(np.asarray(positions, np.float64)))))
