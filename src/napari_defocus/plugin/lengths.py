"""Lengths and depths: napari's units, and how they are said."""

from typing import Any

import pint

__all__ = ["PLANES", "amount_in_words", "depth_in_words", "length_in"]

PLANES = "plane"
"""Unit of a depth that is not a length but counted in planes, from 0."""


def length_in(unit: Any, target: Any) -> float | None:
    """Return one `unit` in `target`; None when either is not a length, such as "pixel" or "plane"."""
    registry = pint.get_application_registry()  # type: ignore[no-untyped-call]
    try:
        quantity = registry.Quantity(1.0, str(unit))
        return float(quantity.to(str(target)).magnitude) if quantity.check("[length]") else None
    except (pint.UndefinedUnitError, pint.DimensionalityError):
        return None


def depth_in_words(unit: str, *depths: float) -> str:
    """Return where a depth is, or from where to where: ``"plane 6.51"``, ``"1.532 to 1.6 m"``."""
    if unit == PLANES:
        return f"plane {' to '.join(f'{depth:.2f}' for depth in depths)}"
    return f"{' to '.join(f'{depth:.4g}' for depth in depths)} {unit}".rstrip()


def amount_in_words(number: str, unit: str) -> str:
    """Return how far two depths are apart, such as ``"0.21 m"`` or ``"0.21 planes"``."""
    return f"{number} {'planes' if unit == PLANES else unit}".rstrip()
