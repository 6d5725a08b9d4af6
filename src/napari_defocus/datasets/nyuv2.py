"""NYU Depth v2 (Silberman et al., "Indoor segmentation and support inference from RGBD images", 2012)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_defocus.datasets.files import dataset_folder, missing, resized, rgb_image
from napari_defocus.datasets.forward import forward_stack, model_settings
from napari_defocus.datasets.scene import DatasetScene
from napari_defocus.errors import InputError
from napari_defocus.optics import ThinLens

NAME = "nyuv2"
SPLITS = ("train", "test")
LABELED = "nyu_depth_v2_labeled.mat"
DEPTH_RANGE = (0.1, 10.0)
KERNEL_SIZE = 11
PER_METRE = 10_000
"""Units of the depth files in a metre: they hold tenths of a millimetre."""

OPTICS = ThinLens.from_camera(50, 8, 12, [1.0, 1.5, 2.5, 4.0, 6.0], min_blur=2.0)


def split_folders(data_dir: str | Path, split: str) -> tuple[Path, Path]:
    """Return the folders of the images and of the depth maps of a split, there or not."""
    if split not in SPLITS:
        raise InputError(f"NYUv2 has the splits {' and '.join(SPLITS)}, but not {split!r}.")
    folder = dataset_folder(NAME, data_dir)
    return folder / f"{split}_rgb", folder / f"{split}_depth"


def numbers(data_dir: str | Path, split: str) -> list[str]:
    """Return the numbers of the images of a split that are on disk, in order.

    Raises
    ------
    InputError
        If there are none; the message says where to get them.
    """
    images, _ = split_folders(data_dir, split)
    found = sorted(path.stem for path in images.glob("*.png"))
    if not found:
        raise absent(data_dir, images / "*.png")
    return found


def absent(data_dir: str | Path, path: Path) -> InputError:
    """Return the error for an image or depth map that is not there: is it to be downloaded, or prepared."""
    if (dataset_folder(NAME, data_dir) / LABELED).exists():
        return InputError(
            f"There is no {path}; if {LABELED} has it, 'napari-defocus prepare nyuv2 --data-dir {data_dir}' "
            "makes it."
        )
    return missing(NAME, data_dir, path)


def load_nyuv2(data_dir: str | Path, split: str, number: str | int) -> DatasetScene:
    """Load one image of NYUv2 and make its focal stack.

    Parameters
    ----------
    data_dir : path
        Folder that holds ``NYUv2/{train,test}_rgb/NNNN.png`` and ``NYUv2/{train,test}_depth/NNNN.tiff``.
    split : {"train", "test"}
        Split of the image.
    number : str or int
        Its number in the whole data set, from 0.

    Returns
    -------
    DatasetScene
        240 x 320 px, 5 planes, depth in m.

    Raises
    ------
    InputError
        If a file is missing or damaged.
    """
    import tifffile

    images, depths = split_folders(data_dir, split)
    name = str(number).zfill(4)
    other = split_folders(data_dir, SPLITS[split == "train"])[0] / f"{name}.png"
    if other.exists() and not (images / f"{name}.png").exists():
        raise InputError(f"Image {name} of NYUv2 is in the split {other.parent.name[:-4]}, not in {split}.")
    image_file, depth_file = images / f"{name}.png", depths / f"{name}.tiff"
    for file in (image_file, depth_file):
        if not file.exists():
            raise absent(data_dir, file)
    image = rgb_image(image_file)
    try:
        depth = np.asarray(tifffile.imread(depth_file), np.float32)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{depth_file} is damaged ({error}); remove it and run napari-defocus prepare nyuv2."
        ) from None
    if depth.shape != image.shape[:2]:
        raise InputError(f"{depth_file} and {image_file} differ in size; remove both and prepare them again.")
    return scene(f"{split}_{name}", image, np.float32(1 / PER_METRE) * depth, (image_file, depth_file))


def scene(
    name: str, image: NDArray[np.float32], depth: NDArray[np.float32], files: tuple[Path, ...]
) -> DatasetScene:
    """Make the scene of an image in [0, 1] and its depth in m, both at full size."""
    half = (image.shape[0] // 2, image.shape[1] // 2)
    truth = resized(np.clip(depth, *DEPTH_RANGE), half)
    sharp = resized(image, half)
    return DatasetScene(
        dataset=NAME,
        name=name,
        stack=forward_stack(sharp, truth, OPTICS, depth_range=DEPTH_RANGE, kernel_size=KERNEL_SIZE),
        optics=OPTICS,
        settings=model_settings(DEPTH_RANGE, KERNEL_SIZE),
        truth=truth,
        all_in_focus=sharp,
        treatment="image and depth at half size; stack made from them by the forward model",
        files=tuple(str(path) for path in files),
    )
