"""MobileDepth (Suwajanakorn, Hernandez, Seitz, "Depth from focus with your mobile phone", CVPR 2015)."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from napari_defocus.datasets.files import dataset_folder, existing, missing, resized, rgb_image
from napari_defocus.datasets.opencv_matrix import read_matrix
from napari_defocus.datasets.scene import DatasetScene
from napari_defocus.errors import InputError
from napari_defocus.optics import ThinLens
from napari_defocus.optics.units import UNITLESS

NAME = "mobiledepth"
SCENES = (
    "keyboard",
    "bottles",
    "fruits",
    "metals",
    "plants",
    "telephone",
    "window",
    "largemotion",
    "smallmotion",
    "zeromotion",
    "balls",
)
CALIBRATION_FOLDERS = {
    "largemotion": "GTLarge",
    "smallmotion": "GTSmall",
    "zeromotion": "GT",
    "metals": "metal",
}
"""Where a scene's calibration has another name than its images."""

PIXEL_PITCH = 1.5
"""In the unit of the calibration, for images at half size."""


@dataclass(frozen=True, eq=False)
class Calibration:
    """Calibration of a scene and what was computed with it; without a unit, only ratios have a meaning.

    Attributes
    ----------
    focus_distances : ndarray, (planes,)
        In the order of the images.
    aperture_diameter, focal_length : float
        The same for all planes.
    depth : ndarray, (Y, X), optional
        The authors' result (``depth_var.bin``), not a truth.
    scale : ndarray, optional
        ``scaleMatrix.bin``.
    """

    focus_distances: NDArray[np.float64]
    aperture_diameter: float
    focal_length: float
    depth: NDArray[Any] | None = None
    scale: NDArray[Any] | None = None


def read_calibration(folder: Path) -> Calibration:
    """Read ``calibrated.txt`` and, where they are there, ``depth_var.bin`` and ``scaleMatrix.bin``.

    Raises
    ------
    InputError
        If a file is malformed or the apertures differ.
    """
    path = folder / "calibrated.txt"
    try:
        *pairs, last = [line.split() for line in path.read_text("utf-8").splitlines() if line.strip()]
        (focal_length,) = (float(word) for word in last)
        table = np.array([[float(word) for word in pair] for pair in pairs], np.float64)
        distances, apertures = table.T
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InputError(
            f"{path} must hold a focus distance and an aperture on each line and the focal length on the "
            "last; copy it again from the data set."
        ) from None
    if np.ptp(apertures) > 0:
        raise InputError(f"{path} has apertures from {apertures.min():g} to {apertures.max():g}, not one.")
    matrices = {name: folder / f"{name}.bin" for name in ("depth_var", "scaleMatrix")}
    found = {name: read_matrix(path) if path.exists() else None for name, path in matrices.items()}
    return Calibration(distances, float(apertures[0]), focal_length, found["depth_var"], found["scaleMatrix"])


def scene_folder(data_dir: str | Path, name: str) -> Path | None:
    """Return the folder of the images of a scene, None where it is not on disk."""
    aligned = dataset_folder(NAME, data_dir) / "aligned-focus-stack" / "Aligned"
    return next((path for path in sorted(aligned.glob(f"*/{name}")) if path.is_dir()), None)


def scenes(data_dir: str | Path) -> list[str]:
    """Return the names of the scenes whose images are on disk.

    Raises
    ------
    InputError
        If there are none; the message says where to get them.
    """
    found = [name for name in SCENES if scene_folder(data_dir, name) is not None]
    if not found:
        raise missing(NAME, data_dir, dataset_folder(NAME, data_dir) / "aligned-focus-stack" / "Aligned")
    return found


def load_mobiledepth(data_dir: str | Path, name: str) -> DatasetScene:
    """Load one scene of MobileDepth: photographs with their calibration; its depth has no unit.

    Parameters
    ----------
    data_dir : path
        Folder that holds ``MobileDepth/aligned-focus-stack/Aligned/*/SCENE/a*.jpg`` and
        ``MobileDepth/photos-calibration-results/calibration/SCENE/calibrated.txt``.
    name : str
        One of the scenes that have a calibration.

    Returns
    -------
    DatasetScene
        At half size, turned by 90 degrees clockwise, planes from near to far; no truth.

    Raises
    ------
    InputError
        If the scene is unknown, or a file is missing or malformed.
    """
    if name not in SCENES:
        raise InputError(f"MobileDepth has no calibrated scene {name!r}; its scenes are {', '.join(SCENES)}.")
    folder = dataset_folder(NAME, data_dir)
    images = scene_folder(data_dir, name)
    if images is None:
        raise missing(NAME, data_dir, folder / "aligned-focus-stack" / "Aligned" / "*" / name)
    calibrations = folder / "photos-calibration-results" / "calibration"
    calibrated = existing(calibrations / CALIBRATION_FOLDERS.get(name, name), NAME, data_dir)
    calibration = read_calibration(calibrated)
    files = sorted(images.glob("a*.jpg"))
    if len(files) != len(calibration.focus_distances):
        raise InputError(
            f"{images} holds {len(files)} images a*.jpg, but {calibrated / 'calibrated.txt'} has "
            f"{len(calibration.focus_distances)} focus distances; unpack the data set again."
        )
    order = np.argsort(calibration.focus_distances, kind="stable")
    planes = [_turned(rgb_image(files[index])) for index in order]
    if len({plane.shape for plane in planes}) > 1:
        raise InputError(f"The images in {images} differ in size; unpack the data set again.")
    return DatasetScene(
        dataset=NAME,
        name=name,
        stack=np.stack(planes),
        optics=ThinLens(
            focal_length=calibration.focal_length,
            aperture_diameter=calibration.aperture_diameter,
            pixel_pitch=PIXEL_PITCH,
            focus_distances=calibration.focus_distances[order].tolist(),
            min_blur=0.1,
            unit=UNITLESS,
        ),
        settings={"white": 1.0},
        reference=None if calibration.depth is None else _turned(calibration.depth),
        pads_edges=True,
        images_dtype="uint8",
        treatment="photographs at half size, turned by 90 degrees clockwise",
        files=tuple(str(files[index]) for index in order),
    )


def _turned(pixels: NDArray[Any]) -> NDArray[np.float32]:
    """Return an image or map at half size, turned by 90 degrees clockwise."""
    half = resized(pixels, (pixels.shape[0] // 2, pixels.shape[1] // 2))
    return np.ascontiguousarray(np.rot90(half, k=-1))
