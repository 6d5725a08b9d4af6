"""Optics to and from TOML and JSON files."""

import json
import tomllib
from pathlib import Path
from typing import Any

import tomli_w

from napari_defocus.errors import InputError
from napari_defocus.optics.base import Optics, check_complete
from napari_defocus.optics.microscope import Microscope
from napari_defocus.optics.thin_lens import ThinLens
from napari_defocus.optics.uncalibrated import UncalibratedFocus

KINDS: dict[str, type[Optics]] = {cls.kind: cls for cls in (ThinLens, Microscope, UncalibratedFocus)}

CAMERA_FIGURES = ("focal_length_mm", "f_number", "pixel_pitch_um", "focus_distances_m")
BLUR_MODEL = ("blur_scale", "min_blur", "in_focus_blur")


def optics_from_dict(values: dict[str, Any]) -> Optics:
    """Make optics of the kind named by ``values["kind"]``.

    A camera may also be given by the figures printed on it: ``focal_length_mm``, ``f_number``,
    ``pixel_pitch_um`` and ``focus_distances_m``, the arguments of :meth:`ThinLens.from_camera`.

    Raises
    ------
    InputError
        If the kind or a parameter is unknown, missing or out of bounds.
    """
    kind = values.get("kind")
    if kind not in KINDS:
        raise InputError(f"Optics need a kind, one of {', '.join(KINDS)}, but it is {kind!r}.")
    if kind == ThinLens.kind and "focal_length_mm" in values:
        figures = {key: value for key, value in values.items() if key != "kind"}
        check_complete(ThinLens.kind, figures, CAMERA_FIGURES)
        unknown = sorted(set(figures) - {*CAMERA_FIGURES, *BLUR_MODEL})
        if unknown:
            known = ", ".join((*CAMERA_FIGURES, *BLUR_MODEL))
            raise InputError(f"Unknown camera parameter {unknown[0]!r}; known are {known}.")
        return ThinLens.from_camera(**figures)
    return KINDS[kind].from_dict(values)


def load_optics(path: str | Path) -> Optics:
    """Read optics from a ``.toml`` or ``.json`` file.

    The parameters stand at the top level or in a table ``[optics]``.

    Raises
    ------
    InputError
        If the file cannot be read or its content makes no optics; the message names the file.
    """
    path = Path(path)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"The optics file {path} cannot be read: {error.strerror or 'unknown reason'}."
        ) from None
    return parse_optics(content, path)


def parse_optics(content: bytes, path: str | Path) -> Optics:
    """Read optics from the content of the ``.toml`` or ``.json`` file `path` (which is not opened).

    Raises
    ------
    InputError
        As :func:`load_optics`.
    """
    path = Path(path)
    try:
        text = content.decode("utf-8")
        values = json.loads(text) if path.suffix.lower() == ".json" else tomllib.loads(text)
    except ValueError as error:
        raise InputError(f"The optics file {path} is not valid {path.suffix[1:].upper()}: {error}.") from None
    table = values.get("optics", values) if isinstance(values, dict) else None
    if not isinstance(table, dict):
        raise InputError(f"The optics file {path} must hold named parameters, at its top or under [optics].")
    try:
        return optics_from_dict(table)
    except InputError as error:
        raise InputError(f"{path.name}: {error}") from None


def save_optics(optics: Optics, path: str | Path) -> None:
    """Write optics to a ``.toml`` or ``.json`` file that :func:`load_optics` reads back unchanged."""
    path = Path(path)
    values = {"optics": optics.to_dict()}
    text = json.dumps(values, indent=2) if path.suffix.lower() == ".json" else tomli_w.dumps(values)
    path.write_text(text, "utf-8")
