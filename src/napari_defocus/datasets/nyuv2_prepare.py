"""From the files of NYU Depth v2 as they are downloaded to the folders of single images."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from napari_defocus.datasets.files import dataset_folder, missing, read_mat
from napari_defocus.datasets.nyuv2 import DEPTH_RANGE, LABELED, NAME, PER_METRE, SPLITS, split_folders
from napari_defocus.errors import InputError
from napari_defocus.io.writing import write_in_place

SPLIT_FILE = "splits.mat"


def prepare_nyuv2(data_dir: str | Path, progress: Callable[[float, str], None] | None = None) -> int:
    """Write ``{train,test}_rgb/NNNN.png`` and ``{train,test}_depth/NNNN.tiff`` from the downloaded files.

    Numbers are from 0 and count through the whole data set; depth is in tenths of a millimetre (int32, since
    10 m do not fit into 16 bits), clipped to 0.1 to 10 m. What is there already is left as it is, and every
    file is written under a temporary name first, so that an interrupted call is simply made again.

    Parameters
    ----------
    data_dir : path
        Folder with ``NYUv2/nyu_depth_v2_labeled.mat`` and ``NYUv2/splits.mat``.
    progress : callable, optional
        Gets the share of images that are there and what is being done.

    Returns
    -------
    int
        Number of images that were written.

    Raises
    ------
    InputError
        If a file is missing, damaged or not of this layout, or h5py is not installed.
    """
    folder = dataset_folder(NAME, data_dir)
    for name in (LABELED, SPLIT_FILE):
        if not (folder / name).is_file():
            raise missing(NAME, data_dir, folder / name)
    members = [(split, index) for split in SPLITS for index in _indices(folder / SPLIT_FILE, split)]
    written = 0
    with _opened(folder / LABELED) as file:
        images, depths = _arrays(file, folder / LABELED)
        out_of_range = [index for _, index in members if not 0 <= index < len(images)]
        if out_of_range:
            raise InputError(
                f"{SPLIT_FILE} names image {out_of_range[0] + 1} but {LABELED} has {len(images)}; "
                "download both again."
            )
        for done, (split, index) in enumerate(members, 1):
            written += _write(images, depths, split, index, data_dir)
            if progress is not None:
                progress(done / len(members), f"{split} {index:04d}")
    return written


def _indices(path: Path, split: str) -> list[int]:
    """Return the images of a split, from 0."""
    return [int(index) - 1 for index in read_mat(path, f"{split}Ndxs").ravel()]


def _opened(path: Path) -> Any:
    try:
        import h5py
    except ImportError:
        raise InputError(
            "Preparing NYUv2 needs h5py; install it with: pip install 'napari-defocus[datasets]'."
        ) from None
    try:
        return h5py.File(path, "r")
    except OSError as error:
        raise InputError(f"{path} is cut off or damaged ({error}); download it again.") from None


def _arrays(file: Any, path: Path) -> tuple[Any, Any]:
    """Return images (n, 3, X, Y) and depths (n, X, Y), both transposed as MATLAB stores them."""
    if "images" not in file or "depths" not in file:
        raise InputError(f"{path} holds no arrays images and depths; download {LABELED} again.")
    images, depths = file["images"], file["depths"]
    count, width, height = depths.shape if len(depths.shape) == 3 else (0, 0, 0)
    if images.shape != (count, 3, width, height):
        raise InputError(
            f"{path} holds images of shape {images.shape} and depths of shape {depths.shape}, where "
            "(n, 3, 640, 480) and (n, 640, 480) are expected; download it again."
        )
    return images, depths


def _write(images: Any, depths: Any, split: str, index: int, data_dir: str | Path) -> bool:
    """Write one image and its depth, unless both are there; return whether anything was written."""
    import tifffile
    from PIL import Image

    rgb_folder, depth_folder = split_folders(data_dir, split)
    rgb_file, depth_file = rgb_folder / f"{index:04d}.png", depth_folder / f"{index:04d}.tiff"
    if rgb_file.exists() and depth_file.exists():
        return False
    try:
        pixels = np.ascontiguousarray(np.transpose(images[index]))
        metres = np.transpose(depths[index])
    except OSError as error:
        raise InputError(f"{LABELED} is cut off or damaged ({error}); download it again.") from None
    tenths = np.rint(np.clip(metres.astype(np.float64), *DEPTH_RANGE) * PER_METRE).astype(np.int32)
    with write_in_place(rgb_file) as temporary:
        Image.fromarray(pixels.astype(np.uint8)).save(temporary, format="PNG")
    with write_in_place(depth_file) as temporary:
        tifffile.imwrite(temporary, tenths, photometric="minisblack", compression="zlib")
    return True
