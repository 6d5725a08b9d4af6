"""Results back from files."""

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from napari_defocus.errors import InputError
from napari_defocus.io.depth_files import read_all_in_focus, read_depth_map
from napari_defocus.io.parameters import PARAMETERS_FILE

if TYPE_CHECKING:
    from napari_defocus.solver.result import DefocusResult


def load_result(directory: str | Path) -> "DefocusResult":
    """Read what :func:`napari_defocus.save_result` has written.

    Parameters
    ----------
    directory : path
        The directory of the result.

    Returns
    -------
    DefocusResult
        With the all-in-focus image as precise as its file (8 or 16 bits, or float32), and with all that
        ``parameters.json`` holds among its parameters.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    import tifffile
    from PIL import Image

    from napari_defocus.solver.result import DefocusResult

    directory = Path(directory).expanduser()
    found = read_depth_map(directory)
    if found.all_in_focus is None:
        raise InputError(f"The result in {directory} lacks its all-in-focus image; run it again.")
    try:
        parameters: dict[str, Any] = json.loads((directory / PARAMETERS_FILE).read_text("utf-8"))
        with Image.open(directory / "outliers.png") as image:
            outliers = np.asarray(image) > 0
        return DefocusResult(
            depth=found.depth.astype(np.float32),
            all_in_focus=read_all_in_focus(found.all_in_focus).astype(np.float32),
            outliers=outliers,
            confidence=np.asarray(tifffile.imread(directory / "confidence.tif"), np.float32),
            losses=_read_losses(directory / "losses.csv"),
            unit=str(parameters["unit"]),
            method=parameters["method"],
            parameters=parameters,
            notes=tuple(parameters["notes"]),
        )
    except InputError:
        raise
    except Exception as error:  # of many kinds
        raise InputError(f"The result in {directory} is damaged ({error}); run it again.") from None


def _read_losses(path: Path) -> tuple[float, ...]:
    if not path.is_file():  # depth from focus has none
        return ()
    with path.open(newline="", encoding="utf-8") as stream:
        return tuple(float(row["loss"]) for row in csv.DictReader(stream))
