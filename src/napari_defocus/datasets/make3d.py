"""Make3D (Saxena, Sun, Ng, "Make3D: learning 3D scene structure from a single still image", PAMI 2009)."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from napari_defocus.datasets.files import (
    colour,
    dataset_folder,
    existing,
    missing,
    open_image,
    read_mat,
    resized,
)
from napari_defocus.datasets.forward import forward_stack, model_settings
from napari_defocus.datasets.scene import DatasetScene
from napari_defocus.errors import InputError
from napari_defocus.io.exif import camera_metadata
from napari_defocus.optics import ThinLens

NAME = "make3d"
FOLDERS = {"train": ("Train400Img", "Train400Depth"), "test": ("Test134Img", "Test134Depth")}
SHAPE = (460, 345)
DEPTH_RANGE = (0.01, 80.0)
FOCUS_DISTANCES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
KERNEL_SIZE = 15
C1_LIMIT = 70.0

PIXEL_PITCH = 7.11e-3 / 460 * 0.01
"""Metres: the sensor's 7.11 mm over 460 px, and a hundredth of that, as published, for more blur than the
camera has."""


def split_folders(data_dir: str | Path, split: str) -> tuple[Path, Path]:
    """Return the folders of the images and of the depth maps of a split, there or not."""
    if split not in FOLDERS:
        raise InputError(f"Make3D has the splits {' and '.join(FOLDERS)}, but not {split!r}.")
    folder = dataset_folder(NAME, data_dir)
    images, depths = FOLDERS[split]
    return folder / images, folder / depths


def images(data_dir: str | Path, split: str) -> list[str]:
    """Return the names of the images of a split that are on disk, without ``img-`` and ``.jpg``, in order.

    Raises
    ------
    InputError
        If there are none; the message says where to get them.
    """
    folder, _ = split_folders(data_dir, split)
    found = sorted(_short(path.name) for path in existing(folder, NAME, data_dir).glob("img-*.jpg"))
    if not found:
        raise missing(NAME, data_dir, folder / "img-*.jpg")
    return found


def _short(name: str) -> str:
    return name.removeprefix("img-").removesuffix(".jpg")


def load_make3d(data_dir: str | Path, split: str, image: str) -> DatasetScene:
    """Load one image of Make3D and make its focal stack.

    Parameters
    ----------
    data_dir : path
        Folder that holds ``Make3D/{Train400Img,Test134Img}/img-X.jpg`` and
        ``Make3D/{Train400Depth,Test134Depth}/depth_sph_corr-X.mat``.
    split : {"train", "test"}
        Split of the image.
    image : str
        X, or the name of the file.

    Returns
    -------
    DatasetScene
        460 x 345 px, 7 planes, depth in m.

    Raises
    ------
    InputError
        If a file is missing or damaged, or the image does not tell its focal length and f-number.
    """
    name = _short(image)
    image_folder, depth_folder = split_folders(data_dir, split)
    image_file = existing(image_folder / f"img-{name}.jpg", NAME, data_dir)
    depth_file = existing(depth_folder / f"depth_sph_corr-{name}.mat", NAME, data_dir)
    optics = camera(image_file)
    sharp = resized(upright(image_file), SHAPE)
    truth = np.clip(resized(laser_depth(depth_file), SHAPE), *DEPTH_RANGE).astype(np.float32)
    return DatasetScene(
        dataset=NAME,
        name=f"{split}_{name}",
        stack=forward_stack(sharp, truth, optics, depth_range=DEPTH_RANGE, kernel_size=KERNEL_SIZE),
        optics=optics,
        settings=model_settings(DEPTH_RANGE, KERNEL_SIZE),
        truth=truth,
        all_in_focus=sharp,
        truth_limit=C1_LIMIT,
        treatment="image and depth at 345 x 460 px, upright; stack made from them by the forward model",
        files=(str(image_file), str(depth_file)),
    )


def camera(path: Path) -> ThinLens:
    """Return the published optics with focal length and aperture from the EXIF of an image."""
    known = camera_metadata([open_image(path)]).get("camera", {})
    if "focal_length_mm" not in known or "f_number" not in known:
        raise InputError(
            f"{path.name} has no FocalLength and FNumber in its EXIF, which the optics of Make3D come from; "
            "copy it again from the data set, unchanged."
        )
    focal_length = known["focal_length_mm"] * 1e-3
    return ThinLens(
        focal_length=focal_length,
        aperture_diameter=focal_length / known["f_number"],
        pixel_pitch=PIXEL_PITCH,
        focus_distances=FOCUS_DISTANCES,
        min_blur=0.5,
    )


def upright(path: Path) -> NDArray[np.float32]:
    """Read an image, (Y, X, 3) in [0, 1]; where its pixels lie on their side, turn it as its EXIF says.

    The depth maps are all upright. One image is stored on its side (img-op29-p-295t000.jpg); on the others,
    whose pixels are upright, an orientation in the EXIF must not turn them.
    """
    from PIL import Image, ImageOps

    try:
        with Image.open(path) as image:
            turned = ImageOps.exif_transpose(image) if image.width > image.height else image
            return colour(np.asarray(turned.convert("RGB")), path.name)
    except (OSError, SyntaxError) as error:
        raise InputError(f"{path.name} is damaged or cut off ({error}); copy it again.") from None


def laser_depth(path: Path) -> NDArray[np.float32]:
    """Read the depth of the laser scan, (55, 305) in the published files, m."""
    grid = read_mat(path, "Position3DGrid")
    if grid.ndim != 3 or grid.shape[2] < 4:
        raise InputError(f"Position3DGrid of {path} has shape {grid.shape}, where (55, 305, 4) is expected.")
    return np.asarray(grid[..., 3], np.float32)
