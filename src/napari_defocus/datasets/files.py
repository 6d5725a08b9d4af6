"""What the loaders share: finding files, reading them, resizing as the published code does."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError
from napari_defocus.io.files import ImageFile
from napari_defocus.io.image_files import read_plane
from napari_defocus.io.planes import Plane, decode

DOWNLOADS = {
    "nyuv2": (
        "NYUv2",
        "download nyu_depth_v2_labeled.mat and splits.mat from the project page 'NYU Depth Dataset V2' "
        "(cs.nyu.edu/~silberman/datasets), put both into {folder} and run "
        "'napari-defocus prepare nyuv2 --data-dir {data_dir}'",
    ),
    "make3d": (
        "Make3D",
        "download images and laser depths of 'Make3D Laser+Image data' (make3d.cs.cornell.edu/data.html) "
        "and unpack them to {folder}/Train400Img, Train400Depth, Test134Img and Test134Depth",
    ),
    "mobiledepth": (
        "MobileDepth",
        "download the aligned focal stacks and the calibration results from the project page 'Depth from "
        "Focus with Your Mobile Phone' (supasorn.com) and unpack them to {folder}/aligned-focus-stack and "
        "{folder}/photos-calibration-results",
    ),
}
"""Folder of each data set, and what to do where it is missing."""


def dataset_folder(dataset: str, data_dir: str | Path) -> Path:
    """Return the folder of a data set, absolute, there or not."""
    return (Path(data_dir).expanduser() / DOWNLOADS[dataset][0]).resolve()


def missing(dataset: str, data_dir: str | Path, path: Path) -> InputError:
    """Return the error for a file or folder of a data set that is not there."""
    advice = DOWNLOADS[dataset][1].format(folder=dataset_folder(dataset, data_dir), data_dir=data_dir)
    return InputError(f"There is no {path}; {advice}; {data_dir} is taken as the folder of all data sets.")


def existing(path: Path, dataset: str, data_dir: str | Path) -> Path:
    """Return the path, or raise the error of :func:`missing`."""
    if not path.exists():
        raise missing(dataset, data_dir, path)
    return path


def open_image(path: Path) -> Plane:
    """Read the header of a PNG or JPEG file.

    Raises
    ------
    InputError
        If it is not there or no such image.
    """
    return read_plane(ImageFile(path))


def colour(pixels: NDArray[Any], name: str) -> NDArray[np.float32]:
    """Return 8-bit RGB pixels (Y, X, 3) as float32 in [0, 1]."""
    if pixels.ndim != 3 or pixels.dtype != np.uint8:
        raise InputError(f"{name} is not an 8-bit RGB image; copy it again from the data set.")
    return np.asarray(pixels, np.float32) / np.float32(255)


def rgb_image(path: Path) -> NDArray[np.float32]:
    """Read an RGB image, (Y, X, 3), float32 in [0, 1]."""
    return colour(decode(open_image(path)), path.name)


def read_mat(path: Path, variable: str) -> NDArray[Any]:
    """Read one array of a MATLAB file (before version 7.3).

    Raises
    ------
    InputError
        If the file is damaged or does not hold the array.
    """
    from scipy.io import loadmat

    try:
        values = loadmat(path, variable_names=[variable])
    except (InputError, MemoryError):
        raise
    except Exception as error:  # of many kinds on damaged files
        raise InputError(f"{path} is damaged or no MATLAB file ({error}); download it again.") from None
    if variable not in values:
        raise InputError(f"{path} holds no array {variable}; download it again.")
    return np.asarray(values[variable])


def resized(pixels: ArrayLike, shape: tuple[int, int]) -> NDArray[np.float32]:
    """Resize an image or depth map to (Y, X), bilinear and smoothed first, as in the published code."""
    from skimage.transform import resize

    small = resize(np.asarray(pixels, np.float32), shape, order=1, anti_aliasing=True, preserve_range=True)
    return np.asarray(small, np.float32)
