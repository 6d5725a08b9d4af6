"""The file that lets a run be done again: optics, settings and where they came from."""

import json
import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_defocus import __version__
from napari_defocus.errors import InputError
from napari_defocus.io.stack_part import StackPart
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.optics.binning import unbinned

if TYPE_CHECKING:
    from napari_defocus.solver.result import DefocusResult
    from napari_defocus.solver.settings import SolverSettings

PARAMETERS_FILE = "parameters.json"

ZARR_FILE = "zarr.json"
"""Where a zarr group keeps its attributes."""


def parameters_dict(result: "DefocusResult", extra: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return all that is known of a run, as plain values; the run's own entries win over `extra`."""
    return {
        **(extra or {}),
        **result.parameters,
        "napari_defocus": __version__,
        "method": result.method,
        "unit": result.unit,
        "notes": list(result.notes),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def to_json(values: Any) -> str:
    """Return JSON text of nested plain values, arrays and paths; numbers that are not finite become null."""
    return json.dumps(_plain(values), indent=2, allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return str(value)


@dataclass(frozen=True)
class RecordedRun:
    """What is needed to do a run again.

    Attributes
    ----------
    optics : Optics
        Lens model, of the pixels that were solved.
    settings : SolverSettings
        Settings.
    part : StackPart
        What part of the images it was of.
    motion : str or None
        The kind of motion that the planes were aligned by, None where they were not.
    """

    optics: Optics
    settings: "SolverSettings"
    part: StackPart
    motion: str | None

    @property
    def whole_optics(self) -> Optics:
        """Lens model of the stack's own pixels, where larger ones were solved."""
        return unbinned(self.optics, self.part.binning)


def load_parameters(path: str | Path) -> tuple[Optics, "SolverSettings"]:
    """Read optics and settings back from a result folder, its ``parameters.json``, or a result in zarr.

    Returns
    -------
    optics : Optics
        Lens model of the run.
    settings : SolverSettings
        Settings of the run.

    Raises
    ------
    InputError
        If there is no such file, it is not valid, or it is of a run of depth from focus, which has neither.
    """
    run = load_run(path)
    return run.optics, run.settings


def load_run(path: str | Path) -> RecordedRun:
    """Read all that is needed to do a run again; `path` and errors as for :func:`load_parameters`."""
    from napari_defocus.solver.settings import SolverSettings

    path, values = _read(path)
    if isinstance(values, dict) and values.get("method") == "focus":
        raise InputError(
            f"{path} is of a run of depth from focus, which has no optics and settings to solve with again; "
            "give the parameters of a depth-from-defocus run."
        )
    tables = [values.get(key) if isinstance(values, dict) else None for key in ("optics", "settings")]
    if not all(isinstance(table, dict) for table in tables):
        raise InputError(
            f"{path} holds no optics and settings; give the parameters of a depth-from-defocus run."
        )
    try:
        optics = optics_from_dict(tables[0])  # type: ignore[arg-type]
        settings = SolverSettings.from_dict(tables[1])  # type: ignore[arg-type]
    except (InputError, TypeError) as error:
        raise InputError(f"{path}: {error}") from None
    alignment = values.get("alignment")
    motion = alignment.get("motion") if isinstance(alignment, dict) else None
    return RecordedRun(optics, settings, _part(path, values), motion if isinstance(motion, str) else None)


def _part(path: Path, values: dict[str, Any]) -> StackPart:
    """Return what part of the images a run was of."""
    try:
        region, binning = values.get("region"), int(values.get("binning", 1))
        rows, columns = (slice(int(first), int(end)) for first, end in region or ((0, 0), (0, 0)))
    except (TypeError, ValueError):
        raise InputError(f"{path} does not tell rightly what part of the images its run was of.") from None
    return StackPart((rows, columns) if region else None, max(binning, 1))


def read_record(directory: Path) -> dict[str, Any] | None:
    """Return what ``parameters.json`` of a complete result holds, None where there is no complete result."""
    try:
        values = json.loads((directory / PARAMETERS_FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return None  # it is the last of the files to get there
    return values if isinstance(values, dict) else {}


def _read(path: str | Path) -> tuple[Path, Any]:
    """Return the file of the parameters and what it holds."""
    path = Path(path).expanduser()
    if path.is_dir():
        path = path / (ZARR_FILE if (path / ZARR_FILE).exists() else PARAMETERS_FILE)
    try:
        values = json.loads(path.read_text("utf-8"))
        if path.name == ZARR_FILE:
            values = values["attributes"]
    except OSError as error:
        raise InputError(f"The parameters {path} cannot be read: {error.strerror}.") from None
    except (ValueError, TypeError, KeyError) as error:
        raise InputError(f"The parameters {path} are not valid JSON: {error}.") from None
    return path, values
