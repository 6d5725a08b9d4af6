"""Lengths in napari's units."""

from typing import Any

import pint

__all__ = ["length_in"]


def length_in(unit: Any, target: Any) -> float | None:
    """Return one `unit` in `target`; None when either is not a length, such as "pixel" or "plane"."""
    registry = pint.get_application_registry()  # type: ignore[no-untyped-call]
    try:
        quantity = registry.Quantity(1.0, str(unit))
        return float(quantity.to(str(target)).magnitude) if quantity.check("[length]") else None
    except (pint.UndefinedUnitError, pint.DimensionalityError):
        return None
