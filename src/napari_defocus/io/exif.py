"""What the EXIF block of photographs tells about the optics."""

import math
from collections.abc import Sequence
from typing import Any

from napari_defocus.io.planes import Plane

_MAKE, _MODEL = 271, 272
_F_NUMBER, _SUBJECT_DISTANCE, _FOCAL_LENGTH = 33437, 37382, 37386
_PIXELS_X, _PIXELS_Y = 40962, 40963
_RESOLUTION_X, _RESOLUTION_Y, _RESOLUTION_UNIT = 41486, 41487, 41488
NUMBERS = {
    "FNumber": _F_NUMBER,
    "SubjectDistance": _SUBJECT_DISTANCE,
    "FocalLength": _FOCAL_LENGTH,
    "PixelXDimension": _PIXELS_X,
    "PixelYDimension": _PIXELS_Y,
    "FocalPlaneXResolution": _RESOLUTION_X,
    "FocalPlaneYResolution": _RESOLUTION_Y,
    "FocalPlaneResolutionUnit": _RESOLUTION_UNIT,
}
"""Numbers of the tags that count, for readers that give names; some names have two numbers."""

_MICROMETRES = {2: 25400.0, 3: 10000.0, 4: 1000.0, 5: 1.0}
_INFINITY = 0xFFFFFFFF
_PLAUSIBLE_PITCH = (0.3, 60.0)  # um; cameras are known to write nonsense


def camera_metadata(planes: Sequence[Plane]) -> dict[str, Any]:
    """Return what EXIF knows of the camera; what differs between planes, or is missing from one, is left out.

    Returns
    -------
    dict
        ``camera`` (dict of ``make``, ``model``, ``focal_length_mm``, ``f_number``), ``pixel_pitch_um`` (of
        the image as it is, after resizing) and ``subject_distances`` (list, one for each plane, m; only
        where all differ), as far as known.
    """
    facts = [_facts(plane) for plane in planes]
    common = {
        key: value for key, value in facts[0].items() if all(other.get(key) == value for other in facts[1:])
    }
    metadata: dict[str, Any] = {}
    camera = {key: common[key] for key in ("make", "model", "focal_length_mm", "f_number") if key in common}
    if camera:
        metadata["camera"] = camera
    if "pixel_pitch_um" in common:
        metadata["pixel_pitch_um"] = common["pixel_pitch_um"]
    distances = [item.get("subject_distance") for item in facts]
    if None not in distances and len(set(distances)) == len(distances):  # cameras repeat what they don't know
        metadata["subject_distances"] = distances
    return metadata


def _facts(plane: Plane) -> dict[str, Any]:
    exif = plane.exif
    facts: dict[str, Any] = {}
    for name, tag in (("make", _MAKE), ("model", _MODEL)):
        text = exif.get(tag)
        if isinstance(text, str) and text.strip("\0 "):
            facts[name] = text.strip("\0 ")
    numbers = {
        "focal_length_mm": _number(exif.get(_FOCAL_LENGTH)),
        "f_number": _number(exif.get(_F_NUMBER)),
        "pixel_pitch_um": _pixel_pitch(exif, plane.shape),
        "subject_distance": _number(exif.get(_SUBJECT_DISTANCE)),
    }
    return facts | {name: value for name, value in numbers.items() if value is not None}


def _pixel_pitch(exif: dict[int, Any], shape: tuple[int, ...]) -> float | None:
    """Pixel pitch of the image as it is, um: the sensor's times the factor of its reduction."""
    unit = _MICROMETRES.get(exif.get(_RESOLUTION_UNIT, 2))
    resolution = _number(exif.get(_RESOLUTION_X)) or _number(exif.get(_RESOLUTION_Y))
    if unit is None or resolution is None:
        return None
    pitch = unit / resolution
    if not _PLAUSIBLE_PITCH[0] <= pitch <= _PLAUSIBLE_PITCH[1]:
        return None
    width, height = _number(exif.get(_PIXELS_X)), _number(exif.get(_PIXELS_Y))
    if width is None or height is None:
        return pitch
    # By length, since the image may have been turned.
    short, long = min(width, height) / min(shape[:2]), max(width, height) / max(shape[:2])
    if abs(short / long - 1) > 0.01:  # cropped: how much it was resized cannot be told
        return None
    return pitch * (short + long) / 2


def _number(value: Any) -> float | None:
    """Return a positive finite number from a float, a Pillow rational or a (numerator, denominator) pair."""
    try:
        if isinstance(value, tuple):
            numerator, denominator = value
        else:
            numerator, denominator = getattr(value, "numerator", value), getattr(value, "denominator", 1)
        if float(numerator) >= _INFINITY:
            return None
        number = float(numerator) / float(denominator)
    except (TypeError, ValueError, ZeroDivisionError):
        return None
    return number if math.isfinite(number) and number > 0 else None
