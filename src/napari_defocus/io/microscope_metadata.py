"""What OME-XML and ImageJ's metadata tell about a microscope; lengths in micrometres."""

import math
from typing import Any
from xml.etree import ElementTree

import numpy as np

from napari_defocus.errors import InputError
from napari_defocus.io.units import micrometres

_REFRACTIVE_INDEX = {
    "air": 1.0,
    "water": 1.333,
    "waterdipping": 1.333,
    "glycerol": 1.47,
    "oil": 1.515,
}


def ome_metadata(xml: str, planes: int, name: str) -> dict[str, Any]:
    """Read the first image of an OME-XML text; unknown and placeholder values are left out.

    Returns
    -------
    dict
        ``pixel_size``, ``z_step``, ``focus_positions`` (list), ``wavelength``, all in ``unit`` ("um"), and
        ``numerical_aperture``, ``refractive_index``, ``immersion``, as far as known.

    Raises
    ------
    InputError
        If the planes are different channels.
    """
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError:
        return {}
    pixels = root.find("{*}Image/{*}Pixels")
    if pixels is None:
        return {}
    channels = pixels.findall("{*}Channel")
    _refuse_channels(channels, planes, name)

    facts = _objective(root)
    sizes = {axis: _length(pixels, f"PhysicalSize{axis}", default_unit="µm") for axis in "XYZ"}
    placeholder = sizes["X"] == 1.0 and sizes["Y"] in (1.0, None) and sizes["Z"] in (1.0, None)
    positions = _plane_positions(pixels, planes, None if placeholder else sizes["Z"])
    if placeholder and "numerical_aperture" not in facts and positions is None:
        sizes = dict.fromkeys("XYZ")
    if _number(pixels.get("SizeT")) == planes:  # a time series: the step in z was not taken
        sizes["Z"] = None
    if len(channels) == 1:
        facts["wavelength"] = _length(channels[0], "EmissionWavelength", default_unit="nm")
    return _complete(facts, sizes["X"] or sizes["Y"], sizes["Z"], positions, planes)


def imagej_metadata(values: dict[str, Any], planes: int) -> dict[str, Any]:
    """Read ImageJ's calibration: ``pixel_size``, ``z_step``, ``focus_positions``, ``unit``, as far as known.

    An inch is the resolution of a print, not of a microscope, and counts as unknown.
    """
    unit = str(values.get("unit", ""))
    scale = None if unit.startswith("in") else micrometres(unit)
    if scale is None:
        return {}
    density, spacing = _positive(values.get("pixels_per_unit")), _positive(values.get("spacing"))
    pixel_size = scale / density if density else None
    z_step = scale * spacing if spacing else None
    if pixel_size == 1.0 and z_step in (1.0, None):
        return {}
    return _complete({}, pixel_size, z_step, None, planes)


def _complete(
    facts: dict[str, Any],
    pixel_size: float | None,
    z_step: float | None,
    positions: list[float] | None,
    planes: int,
) -> dict[str, Any]:
    if positions is None and z_step is not None:
        positions = [k * z_step for k in range(planes)]
    facts = facts | {"pixel_size": pixel_size, "z_step": z_step, "focus_positions": positions}
    facts = {key: value for key, value in facts.items() if value is not None}
    if {"pixel_size", "focus_positions", "wavelength"} & set(facts):
        facts["unit"] = "um"
    return facts


def _refuse_channels(channels: list[ElementTree.Element], planes: int, name: str) -> None:
    if len(channels) != planes:
        return
    for attribute in ("Name", "EmissionWavelength"):
        labels = {channel.get(attribute) for channel in channels} - {None}
        if len(labels) > 1:
            listing = ", ".join(sorted(str(label) for label in labels)[:3])
            raise InputError(
                f"{name} has {planes} channels ({listing}) and no focus axis; save a stack of one channel."
            )


def _objective(root: ElementTree.Element) -> dict[str, Any]:
    image = root.find("{*}Image")
    settings = image.find("{*}ObjectiveSettings") if image is not None else None
    objectives = root.findall("{*}Instrument/{*}Objective")
    if settings is not None:
        objectives = [item for item in objectives if item.get("ID") == settings.get("ID")]
    facts: dict[str, Any] = {}
    if len(objectives) == 1:
        facts["numerical_aperture"] = _positive(objectives[0].get("LensNA"))
        facts["immersion"] = objectives[0].get("Immersion")
        facts["refractive_index"] = _REFRACTIVE_INDEX.get(str(facts["immersion"]).lower())
    if settings is not None and (index := _positive(settings.get("RefractiveIndex"))):
        facts["refractive_index"] = index
    return {key: value for key, value in facts.items() if value is not None}


def _plane_positions(pixels: ElementTree.Element, planes: int, z_step: float | None) -> list[float] | None:
    """Return `PositionZ` of each plane in um, where all have one and all differ.

    Positions without a unit of length count only where `z_step` (um) bears them out.
    """
    entries = _in_focus_order(pixels.findall("{*}Plane"))
    values = [value for entry in entries if (value := _number(entry.get("PositionZ"))) is not None]
    if not len(entries) == len(values) == len(set(values)) == planes:
        return None
    units = [entry.get("PositionZUnit") for entry in entries]
    scales = [scale for unit in units if (scale := micrometres(unit)) is not None]
    if len(scales) == planes:
        return [value * scale for value, scale in zip(values, scales, strict=True)]
    step = float(np.median(np.abs(np.diff(values))))
    if set(units) <= {None, "reference frame"} and z_step and math.isclose(step, z_step, rel_tol=0.05):
        return values
    return None


def _in_focus_order(entries: list[ElementTree.Element]) -> list[ElementTree.Element]:
    """Sort `Plane` entries along the focus axis, whichever axis the writer took for it."""
    return sorted(
        entries,
        key=lambda entry: [_number(entry.get(axis)) or 0.0 for axis in ("TheZ", "TheT", "TheC")],
    )


def _length(element: ElementTree.Element, attribute: str, *, default_unit: str) -> float | None:
    scale = micrometres(element.get(f"{attribute}Unit", default_unit))
    value = _positive(element.get(attribute))
    return None if scale is None or value is None else value * scale


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None


def _positive(value: Any) -> float | None:
    number = _number(value)
    return number if number is not None and number > 0 else None
