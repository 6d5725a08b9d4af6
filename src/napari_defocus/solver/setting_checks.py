"""Checks of the values that settings are given."""

from collections.abc import Callable
from typing import Any

import numpy as np

from napari_defocus.errors import InputError


class CheckedFields:
    """Checks fields of a frozen dataclass and stores them as plain numbers."""

    def _check_whole(self, name: str, low: int, high: int | None = None, *, optional: bool = False) -> None:
        value = getattr(self, name)
        if value is None and optional:
            return
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
            raise InputError(f"{name} must be a whole number of at least {low}, but is {value!r}.")
        if high is not None and value > high:
            raise InputError(f"{name} must be at most {high}, but is {value}.")
        object.__setattr__(self, name, int(value))

    def _check_number(self, name: str, holds: Callable[[float], bool], bound: str) -> None:
        value = getattr(self, name)
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise InputError(f"{name} must be a number, but is {value!r}.") from None
        if not np.isfinite(number) or not holds(number):
            raise InputError(f"{name} must be a finite number {bound}, but is {number:g}.")
        object.__setattr__(self, name, number)


def as_pair(value: Any) -> tuple[float, float]:
    """Return a depth range as two floats, or raise an :class:`InputError`."""
    try:
        near, far = (float(number) for number in value)
    except (TypeError, ValueError):
        raise InputError(f"depth_range must be two numbers (nearest, farthest), but is {value!r}.") from None
    return near, far
