"""What napari's Preferences hold for this plugin, and what it does with it."""

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from napari.settings import get_plugin_settings

from napari_defocus.optics.lookahead import limit_threads

__all__ = ["Preferences", "apply_threads", "on_activate", "preferences", "preset_name"]

PLUGIN = "napari-defocus"
CACHE_VARIABLE = "NUMBA_CACHE_DIR"
COMPILED = "napari_defocus.optics.compiling"

RENAMED = {"Real photographs": "Real stacks"}
"""Presets that an earlier version kept under another name."""


@dataclass(frozen=True)
class Preferences:
    """The page of this plugin in napari's Preferences, as the manifest declares it.

    Attributes
    ----------
    threads : int
        Threads of a computation; 0: one for each core.
    cache_folder : str
        Where compiled kernels are kept; "": beside the package, or in the user's cache.
    default_preset : str
        Preset that the settings start from.
    """

    threads: int = 0
    cache_folder: str = ""
    default_preset: str = "Real stacks"


def preferences() -> Preferences:
    """Return what the user has set, the defaults where napari does not know the plugin."""
    stored = _stored()
    if stored is None:
        return Preferences()
    return Preferences(
        threads=int(stored.threads),
        cache_folder=str(stored.cache_folder).strip(),
        default_preset=preset_name(str(stored.default_preset)),
    )


def preset_name(kept: str) -> str:
    """Return the name of a preset as it is now, whichever version has kept it."""
    return RENAMED.get(kept, kept)


def apply_threads() -> None:
    """Let computations use as many threads as the user allows; called before each run."""
    limit_threads(preferences().threads or None)


def on_activate(context: Any = None) -> None:
    """Set the cache folder: napari calls this before it imports any widget and with it the kernels.

    A folder that cannot be written would fail every run, so it is not taken. A NUMBA_CACHE_DIR from
    outside wins.
    """
    folder = preferences().cache_folder
    if not folder or os.environ.get(CACHE_VARIABLE) or COMPILED in sys.modules:
        return
    path = Path(folder).expanduser()
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError:
        return
    if not os.access(path, os.W_OK | os.X_OK):
        return
    os.environ[CACHE_VARIABLE] = str(path)
    if "numba" in sys.modules:  # it has read the variable already
        sys.modules["numba"].config.CACHE_DIR = str(path)


def _stored() -> Any:
    try:
        return getattr(get_plugin_settings(PLUGIN), "solver", None)
    except KeyError:  # used from a script, without the plugin's manifest
        return None
