"""Small files in the formats of the official ones, and the values that are in them."""

import struct
from pathlib import Path
from typing import NamedTuple

import h5py
import numpy as np
import tifffile
from PIL import Image
from scipy.io import savemat
from scipy.ndimage import gaussian_filter

HEIGHT, WIDTH = 48, 64

EXIF_IFD, ORIENTATION, F_NUMBER, FOCAL_LENGTH = 34665, 274, 33437, 37386


def texture(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A soft random RGB image, uint8, that JPEG hardly changes."""
    noise = np.random.default_rng(seed).random((height, width, 3))
    soft = gaussian_filter(noise, (1.5, 1.5, 0))
    return np.rint(255 * (soft - soft.min()) / np.ptp(soft)).astype(np.uint8)


def slope(seed: int, height: int = HEIGHT, width: int = WIDTH) -> np.ndarray:
    """A depth map that runs from 1 m on the left to some 4 m on the right, float32."""
    far = np.random.default_rng(seed).uniform(3, 4)
    return np.tile(np.linspace(1, far, width, dtype=np.float32), (height, 1))


class Labeled(NamedTuple):
    """What is in ``nyu_depth_v2_labeled.mat``, the right way round."""

    images: np.ndarray  # (n, Y, X, 3), uint8
    depths: np.ndarray  # (n, Y, X), float32, m


def write_labeled(data_dir: Path, *, train: list[int], test: list[int]) -> Labeled:
    """Write both files of NYU Depth v2; `train` and `test` count from 1, as in the file."""
    folder = data_dir / "NYUv2"
    folder.mkdir(parents=True, exist_ok=True)
    count = len(train) + len(test)
    images = np.stack([texture(seed) for seed in range(count)])
    depths = np.stack([slope(seed) for seed in range(count)])
    with h5py.File(folder / "nyu_depth_v2_labeled.mat", "w", userblock_size=512) as file:  # as MATLAB's 7.3
        file["images"] = np.transpose(images, (0, 3, 2, 1))
        file["depths"] = np.transpose(depths, (0, 2, 1))
    column = {"trainNdxs": np.array(train)[:, None], "testNdxs": np.array(test)[:, None]}
    savemat(folder / "splits.mat", {name: values.astype(np.uint16) for name, values in column.items()})
    return Labeled(images, depths)


def write_nyuv2(data_dir: Path, names: list[str], split: str = "test") -> None:
    """Write single images and depth maps as they are once prepared."""
    for kind in ("rgb", "depth"):
        (data_dir / f"NYUv2/{split}_{kind}").mkdir(parents=True, exist_ok=True)
    for name in names:
        Image.fromarray(texture(int(name))).save(data_dir / f"NYUv2/{split}_rgb/{name}.png")
        tenths = np.rint(slope(int(name)) * 1e4).astype(np.int32)
        tifffile.imwrite(data_dir / f"NYUv2/{split}_depth/{name}.tiff", tenths)


def write_make3d(
    data_dir: Path,
    name: str,
    split: str = "test",
    *,
    pixels: np.ndarray | None = None,
    camera: dict[int, float] | None = None,
    orientation: int = 1,
    depth: np.ndarray | None = None,
) -> np.ndarray:
    """Write an image with EXIF and its laser depth; return that, (55, 305)."""
    images, depths = {"test": ("Test134Img", "Test134Depth"), "train": ("Train400Img", "Train400Depth")}[
        split
    ]
    for folder in (images, depths):
        (data_dir / "Make3D" / folder).mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    exif.get_ifd(EXIF_IFD).update({FOCAL_LENGTH: 7.1, F_NUMBER: 4.0} if camera is None else camera)
    pixels = texture(5, 284, 213) if pixels is None else pixels
    Image.fromarray(pixels).save(
        data_dir / "Make3D" / images / f"img-{name}.jpg", exif=exif, quality=97, subsampling=0
    )
    depth = np.geomspace(2, 81, 55)[::-1, None] * np.ones(305) if depth is None else depth
    grid = np.dstack([np.full(depth.shape, axis, float) for axis in (1, 2, 3)] + [depth])
    savemat(data_dir / "Make3D" / depths / f"depth_sph_corr-{name}.mat", {"Position3DGrid": grid})
    return depth


OPENCV_TYPES = {np.uint8: 0, np.int16: 3, np.int32: 4, np.float32: 5, np.float64: 6}


def write_matrix(path: Path, values: np.ndarray) -> None:
    """Write a matrix (rows, columns[, channels]) with the header of MobileDepth's files."""
    channels = values.shape[2] if values.ndim == 3 else 1
    kind = OPENCV_TYPES[values.dtype.type] + 8 * (channels - 1)
    path.write_bytes(struct.pack("<Bii", kind, *values.shape[:2]) + values.tobytes())


def write_mobiledepth(
    data_dir: Path,
    scene: str,
    calibration: str | None = None,
    *,
    distances: tuple[float, ...] = (90.0, 20.0, 35.0, 200.0),
    group: str = "Figure1",
) -> list[np.ndarray]:
    """Write a scene and its calibration; return the images, uint8, in the order of their names."""
    folder = data_dir / "MobileDepth/aligned-focus-stack/Aligned" / group / scene
    calibrated = data_dir / "MobileDepth/photos-calibration-results/calibration" / (calibration or scene)
    folder.mkdir(parents=True)
    calibrated.mkdir(parents=True)
    images = []
    for k in range(len(distances)):
        images.append(gaussian_filter(texture(9), (0.5 * k, 0.5 * k, 0)))
        Image.fromarray(images[-1]).save(folder / f"a{k:02d}.jpg", quality=97, subsampling=0)
    lines = [f"{distance:.4f} 3.5" for distance in distances] + ["8.25"]
    (calibrated / "calibrated.txt").write_text("\n".join(lines) + "\n")
    write_matrix(
        calibrated / "depth_var.bin", np.arange(HEIGHT * WIDTH, dtype=np.float32).reshape(HEIGHT, -1)
    )
    write_matrix(calibrated / "scaleMatrix.bin", np.eye(3)[:2])
    return images
