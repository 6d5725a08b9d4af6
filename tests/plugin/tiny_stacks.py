"""Tiny focal stacks as layers."""

from typing import Any

import numpy as np
from napari.components import ViewerModel
from napari.layers import Image
from scipy.ndimage import gaussian_filter

from napari_defocus.optics import Microscope, Optics, ThinLens
from napari_defocus.solver.result import SolverState
from napari_defocus.solver.settings import SolverSettings

LENS = ThinLens(
    focal_length=0.05,
    aperture_diameter=0.05 / 8,
    pixel_pitch=50e-6,
    focus_distances=[1, 1.5, 2.5, 4],
    blur_scale=0.5,
    in_focus_blur=0.4,
)
SCOPE = Microscope(numerical_aperture=0.4, pixel_size=0.325, focus_positions=[0, 2, 4, 6])


def make_stack(planes: int = 4, side: int = 24, *, rgb: bool = False, dtype: str = "uint8") -> np.ndarray:
    """A textured stack with its sharpness moving from left to right, plane by plane."""
    texture = np.random.default_rng(0).random((side, side, 3) if rgb else (side, side))
    near = np.linspace(0, planes - 1, side)[None, :, None][:, :, : texture.ndim]
    near = near if rgb else near[:, :, 0]
    images = []
    for plane in range(planes):
        blurred = [gaussian_filter(texture, (s, s, 0) if rgb else s, mode="reflect") for s in (0.4, 1.2, 2.4)]
        level = np.clip(np.abs(near - plane), 0, 2)
        images.append(
            np.where(
                level < 1,
                (1 - level) * blurred[0] + level * blurred[1],
                (2 - level) * blurred[1] + (level - 1) * blurred[2],
            )
        )
    data = np.stack(images)
    return data.astype(dtype) if dtype.startswith("float") else (data * np.iinfo(dtype).max).astype(dtype)


def add_stack(
    viewer: ViewerModel, data: Any = None, optics: Any = LENS, *, figures: Any = None, **options: Any
) -> Image:
    """Open a stack the way the reader does."""
    data = make_stack() if data is None else data
    metadata = {
        "napari_defocus": {
            "optics": None if optics is None else optics.to_dict(),
            "focal_stack": figures or {},
        }
    }
    options = {"rgb": False, "name": "stone", "contrast_limits": (0, 255)} | options
    return viewer.add_layer(Image(data, metadata=metadata, **options))


class Sure:
    """Stands for an estimate of full confidence."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.shape = shape

    def confidence(self) -> np.ndarray:
        return np.ones(self.shape, np.float32)


def make_state(
    shape: tuple[int, ...] = (24, 24), epoch: int = 0, optics: Optics = LENS, **changes: Any
) -> SolverState:
    """A state of a run; the depth grows from 1 at the first pixel to 3 at the last, the loss halves."""
    depth = np.linspace(1, 3, shape[0] * shape[1], dtype=np.float32).reshape(shape[:2])
    losses = tuple(0.5**index for index in range(epoch + 1))
    values = {
        "epoch": epoch,
        "step": "aif" if epoch else "initialization",
        "loss": losses[-1],
        "residual": losses[-1],
        "depth": depth,
        "all_in_focus": np.full(shape, 0.1 * (epoch + 1), np.float32),
        "estimate": Sure(shape[:2]),
        "optics": optics,
        "settings": SolverSettings(),
        "losses": losses,
    }
    return SolverState(**values | changes)
