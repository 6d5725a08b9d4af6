"""Textures: what the surfaces of a scene look like."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from napari_defocus.errors import InputError

FloatImage = NDArray[np.float32]

# Files of scikit-image's wheel whose authors gave them to the public domain (CC0); nothing is downloaded.
BUNDLED = {
    "brick": "brick.png",
    "camera": "camera.png",
    "cat": "chelsea.png",
    "coffee": "coffee.png",
    "grass": "grass.png",
    "gravel": "gravel.png",
    "retina": "retina.jpg",
}


@dataclass(frozen=True, eq=False)
class Texture:
    """An image laid on a surface.

    Parameters
    ----------
    image : array_like
        (rows, columns) or (rows, columns, 3), linear light; 1 is the sensor's white at full illumination,
        more than 1 makes a highlight that saturates.
    width : float
        Length on the surface that the columns span, in the scene's unit. Pixels are square.
    wrap : {"mirror", "repeat"}
        How the image goes on beyond its border.
    alpha : array_like, optional
        (rows, columns); where it is below 0.5 a :class:`Rectangle` has a hole.
    """

    image: ArrayLike
    width: float
    wrap: Literal["mirror", "repeat"] = "mirror"
    alpha: ArrayLike | None = None

    def __post_init__(self) -> None:
        image = np.asarray(self.image, np.float32)
        if image.ndim == 2:
            image = image[..., None]
        if image.ndim != 3 or image.shape[2] not in (1, 3) or 0 in image.shape:
            raise InputError(
                f"A texture must be a grey (rows, columns) or RGB (rows, columns, 3) image, "
                f"but has shape {np.shape(self.image)}."
            )
        if not np.isfinite(image).all() or image.min() < 0:
            raise InputError("A texture must be finite and not negative.")
        if not (np.isfinite(self.width) and self.width > 0):
            raise InputError(f"The width of a texture must be above 0, but is {self.width!r}.")
        if self.wrap not in ("mirror", "repeat"):
            raise InputError(f"wrap must be 'mirror' or 'repeat', but is {self.wrap!r}.")
        object.__setattr__(self, "image", image)
        if self.alpha is not None:
            alpha = np.asarray(self.alpha, np.float32)
            if alpha.shape != image.shape[:2]:
                raise InputError(
                    f"The alpha of a texture must have the shape of its image {image.shape[:2]}, "
                    f"but has {alpha.shape}."
                )
            object.__setattr__(self, "alpha", alpha)

    @property
    def pixels(self) -> FloatImage:
        """The image as (rows, columns, 1 or 3)."""
        return np.asarray(self.image, np.float32)


@cache
def bundled_image(name: str) -> FloatImage:
    """Return an image that ships inside scikit-image, as float32 in [0, 1].

    Parameters
    ----------
    name : str
        One of :data:`BUNDLED`; all are CC0 (public domain).

    Raises
    ------
    InputError
        If the name is unknown.
    """
    if name not in BUNDLED:
        raise InputError(f"There is no bundled texture {name!r}; known are {', '.join(BUNDLED)}.")
    import skimage.data
    from PIL import Image

    with Image.open(Path(skimage.data.__file__).parent / BUNDLED[name]) as file:
        image = np.asarray(file, np.float32) / np.float32(255)
    image.flags.writeable = False
    return image


def uniform(value: float | tuple[float, float, float]) -> FloatImage:
    """Return one plain colour, as an image of one pixel."""
    return np.atleast_1d(np.asarray(value, np.float32))[None, None]


def tinted(image: ArrayLike, dark: ArrayLike, light: ArrayLike) -> FloatImage:
    """Colour a grey image: 0 becomes `dark`, 1 becomes `light`, both RGB."""
    grey = np.asarray(image, np.float32)[..., None]
    return np.asarray(np.asarray(dark) * (1 - grey) + np.asarray(light) * grey, np.float32)


def fractal_noise(
    shape: tuple[int, int], *, slope: float = 1.0, low: float = 0.0, stretch: float = 1.0, seed: int = 0
) -> FloatImage:
    """Return periodic noise in [0, 1] whose amplitude falls as frequency to the power ``-slope``.

    Parameters
    ----------
    shape : tuple of int
        (rows, columns).
    slope : float
        0 is white noise, 1 natural, 2 clouds.
    low : float
        Least frequency, in cycles per image side; raise it for an even texture.
    stretch : float
        How many times longer features are along the columns' direction than across it.
    seed : int
        Seed of the random numbers.
    """
    rng = np.random.default_rng(seed)
    spectrum = np.fft.rfft2(rng.standard_normal(shape))
    across, along = np.fft.fftfreq(shape[0]) * shape[0], np.fft.rfftfreq(shape[1]) * shape[1]
    frequency = np.hypot(across[:, None], stretch * along)
    frequency[0, 0] = np.inf
    spectrum *= np.where(frequency >= low, frequency, np.inf) ** -slope
    noise = np.fft.irfft2(spectrum, shape)
    return np.asarray(np.clip(0.5 + noise / (5 * noise.std()), 0, 1), np.float32)


def checkerboard(squares: int = 8, *, dark: float = 0.2, light: float = 0.8, size: int = 32) -> FloatImage:
    """Return a board of `squares` x `squares` fields, `size` pixels each."""
    index = np.arange(squares * size) // size
    return np.where((index[:, None] + index) % 2, np.float32(light), np.float32(dark))


def wood(size: int = 512, *, planks: int = 4, seed: int = 0) -> FloatImage:
    """Return (size, size, 3) planks of wood whose grain runs from left to right."""
    rng = np.random.default_rng(seed)
    grain = fractal_noise((size, size), slope=0.9, low=2, stretch=24, seed=seed)
    waves = fractal_noise((size, size), slope=2.2, stretch=5, seed=seed + 1)
    fibre = fractal_noise((size, size), slope=0.3, low=40, stretch=12, seed=seed + 2)
    rows, columns = np.indices((size, size))
    plank = rows * planks // size
    shift = (rng.integers(0, size, planks)[plank] + 0.25 * size * waves).astype(int)
    tone = 0.7 * grain[(rows + shift) % size, columns] + 0.3 * fibre
    tone = tone + rng.uniform(-0.12, 0.12, planks)[plank]
    seam = (rows * planks) % size < planks
    tone = np.clip(np.where(seam, 0.05, 0.5 + 1.2 * (tone - 0.5)), 0, 1)
    return tinted(tone, (0.22, 0.11, 0.05), (0.80, 0.58, 0.36))


def bright_dots(
    shape: tuple[int, int],
    count: int,
    *,
    radius: float = 2.5,
    brightness: float = 6.0,
    base: float = 0.03,
    seed: int = 0,
) -> FloatImage:
    """Return a dark grey image with `count` round lights brighter than white, `radius` pixels each."""
    rng = np.random.default_rng(seed)
    image = np.full(shape, base, np.float32)
    y, x = np.mgrid[: shape[0], : shape[1]]
    for cy, cx in rng.uniform((radius, radius), np.subtract(shape, radius), (count, 2)):
        image[np.hypot(y - cy, x - cx) <= radius] = brightness
    return image
