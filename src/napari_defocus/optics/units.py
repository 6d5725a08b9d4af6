"""Units of length that optics may be given in."""

from napari_defocus.errors import InputError

UNITLESS = "dimensionless"
"""Unit of optics that are calibrated up to a common factor of all lengths, as pint names it."""

METRES = {
    "m": 1.0,
    "cm": 1e-2,
    "mm": 1e-3,
    "um": 1e-6,
    "nm": 1e-9,
    "in": 0.0254,
    "ft": 0.3048,
    UNITLESS: 1.0,  # any figure would do, as the factor is unknown
}

NAMES = {
    "metre": "m",
    "meter": "m",
    "centimetre": "cm",
    "centimeter": "cm",
    "millimetre": "mm",
    "millimeter": "mm",
    "µm": "um",
    "μm": "um",
    "micron": "um",
    "micrometre": "um",
    "micrometer": "um",
    "nanometre": "nm",
    "nanometer": "nm",
    "inch": "in",
    "foot": "ft",
}


def metres(unit: object) -> float:
    """Length of one `unit` in metres.

    Raises
    ------
    InputError
        If it is no known unit of length.
    """
    name = NAMES.get(unit, unit) if isinstance(unit, str) else unit
    if not isinstance(name, str) or name not in METRES:
        raise InputError(f"unit must be a unit of length, one of {', '.join(METRES)}, but is {unit!r}.")
    return METRES[name]
