"""Units of length as files write them."""

_MICROMETRES = {
    "pm": 1e-6,
    "Å": 1e-4,
    "nm": 1e-3,
    "um": 1.0,
    "µm": 1.0,
    "μm": 1.0,  # the Greek letter, not the micro sign above
    "\\u00B5m": 1.0,  # as ImageJ writes it
    "micron": 1.0,
    "microns": 1.0,
    "micrometer": 1.0,
    "micrometre": 1.0,
    "mm": 1e3,
    "cm": 1e4,
    "dm": 1e5,
    "m": 1e6,
    "in": 25400.0,
    "inch": 25400.0,
}


def micrometres(unit: str | None) -> float | None:
    """Return the length of a unit in micrometres, or None when it is unknown or no length ("pixel")."""
    return None if unit is None else _MICROMETRES.get(unit.strip())
