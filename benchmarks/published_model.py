"""Stacks by the published forward model, written down plainly; shares no code with the solver."""

from pathlib import Path

import numpy as np
from PIL import Image

from napari_defocus import ThinLens

LENS = ThinLens.from_camera(50, 8, 12, [1.0, 1.5, 2.5, 4.0, 6.0], min_blur=2.0)
KERNEL_SIZE = 11
DEPTH_RANGE = (0.1, 10.0)


def nyuv2_scene(folder: Path, name: str = "0045") -> tuple[np.ndarray, np.ndarray]:
    """Image (240, 320, 3) in [0, 1] and depth (240, 320) in m: the files at half size, every second pixel."""
    image = np.asarray(Image.open(folder / f"{name}_rgb.png").convert("RGB"))[::2, ::2] / 255
    depth = np.asarray(Image.open(folder / f"{name}_depth.png"))[::2, ::2] * 1e-4
    return image.astype(np.float32), np.clip(depth, *DEPTH_RANGE)


def gather(
    image: np.ndarray, depth: np.ndarray, lens: ThinLens = LENS, size: int = KERNEL_SIZE
) -> np.ndarray:
    """Blur each pixel with the sampled Gaussian of its own depth in a window; black beyond the frame."""
    reach = size // 2
    offsets = np.arange(size) - reach
    padded = np.pad(image.astype(np.float64), [(reach, reach), (reach, reach), (0, 0)])
    planes = []
    for sigma in lens.blur_sigma(depth):
        weight = np.exp(-0.5 * (offsets / sigma[..., None]) ** 2)
        weight /= weight.sum(-1, keepdims=True)
        plane = np.zeros(image.shape)
        for i in range(size):
            for j in range(size):
                seen = padded[i : i + depth.shape[0], j : j + depth.shape[1]]
                plane += (weight[..., i] * weight[..., j])[..., None] * seen
        planes.append(plane)
    return np.array(planes, np.float32)


def ramp_depth(shape: tuple[int, int], lens: ThinLens = LENS) -> np.ndarray:
    """Depth that runs evenly in 1 / Z through all focus distances, from left to right."""
    ends = 1 / np.array([lens.focus_distances[0], lens.focus_distances[-1]])
    return np.broadcast_to(1 / np.linspace(*ends, shape[1]), shape)
