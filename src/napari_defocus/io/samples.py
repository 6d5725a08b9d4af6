"""The sample stacks that come with the package, and the truth about them."""

from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_defocus.errors import InputError

# What to open, relative to the folder of the samples.
_STACKS = {"photograph": "photograph", "microscope": "microscope/etched_surface.ome.tif"}


def sample_names() -> list[str]:
    """Return the names of the samples."""
    return list(_STACKS)


def sample_path(name: str) -> Path:
    """Return what to give to :func:`~napari_defocus.io.read_focal_stack`: a folder or a file.

    The optics, ``optics.toml``, are in the same folder.

    Raises
    ------
    InputError
        If there is no such sample or its files are missing.
    """
    if name not in _STACKS:
        raise InputError(f"There is no sample {name!r}; known are {', '.join(_STACKS)}.")
    path = Path(str(files("napari_defocus"))) / "sample_data" / _STACKS[name]
    if not path.exists():
        raise InputError(
            f"The files of the sample {name!r} are missing from {path}; install the package again."
        )
    return path


def load_truth(name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the true depth and the true all-in-focus image of a sample.

    Returns
    -------
    depth : ndarray
        (Y, X) float32, in the unit of the sample's optics.
    all_in_focus : ndarray
        (Y, X[, 3]) float32 in [0, 1].

    Raises
    ------
    InputError
        If there is no such sample or its files are missing.
    """
    import tifffile
    from PIL import Image

    path = sample_path(name)
    folder = (path if path.is_dir() else path.parent) / "truth"
    depth = np.asarray(tifffile.imread(folder / "depth.tif"), np.float32)
    if name == "photograph":
        with Image.open(folder / "all_in_focus.png") as image:
            all_in_focus = np.asarray(image, np.float32) / np.float32(255)
    else:
        pixels = tifffile.imread(folder / "all_in_focus.tif")
        all_in_focus = np.asarray(pixels, np.float32) / np.float32(65535)
    return depth, all_in_focus
