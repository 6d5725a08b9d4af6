"""What the fields of a widget held at its last run, kept from one session to the next."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from napari.settings import get_settings

from napari_defocus.errors import InputError
from napari_defocus.io.parameters import to_json
from napari_defocus.io.writing import write_in_place

__all__ = ["recall", "remember"]

FILE = "napari-defocus-last.json"


def recall(widget: str) -> dict[str, Any]:
    """Return what was remembered of a widget; nothing where there is no file, or no sense in it."""
    values = _read().get(widget)
    return values if isinstance(values, dict) else {}


def remember(widget: str, values: dict[str, Any]) -> None:
    """Keep plain values for a widget; a folder that cannot be written is no reason to stop a run."""
    path = _path()
    if path is None:
        return
    with suppress(InputError), write_in_place(path) as temporary:
        temporary.write_text(to_json(_read() | {widget: values}), "utf-8")


def _read() -> dict[str, Any]:
    path = _path()
    try:
        values = {} if path is None else json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def _path() -> Path | None:
    """Return the file, beside napari's own settings; None where napari keeps none."""
    settings = get_settings().config_path
    return Path(settings).with_name(FILE) if settings else None
