from collections.abc import Callable
from pathlib import Path

import imagecodecs
import numpy as np
import pytest
import tifffile
from PIL import Image

PLANES, HEIGHT, WIDTH = 4, 12, 17
Writer = Callable[..., Path]


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def make_stack(rng):
    """Random planes; smooth enough for JPEG when asked, else noise that no codec can fake."""

    def make(dtype="uint8", rgb=False, planes=PLANES):
        shape = (planes, HEIGHT, WIDTH, 3) if rgb else (planes, HEIGHT, WIDTH)
        if np.dtype(dtype).kind == "f":
            return rng.random(shape).astype(dtype)
        return rng.integers(0, np.iinfo(dtype).max, shape, dtype=dtype, endpoint=True)

    return make


def write_image(path: Path, pixels: np.ndarray, **options) -> Path:
    if path.suffix in (".tif", ".tiff"):
        tifffile.imwrite(path, pixels, photometric="rgb" if pixels.ndim == 3 else "minisblack", **options)
    elif path.suffix == ".png" and pixels.dtype == np.uint16:
        path.write_bytes(imagecodecs.png_encode(pixels))
    else:
        Image.fromarray(pixels).save(path, **options)
    return path


@pytest.fixture
def write_folder(tmp_path):
    """Write planes as ``img1.png`` ... into a folder and return it."""

    def write(stack, suffix=".png", name="stack", **options):
        folder = tmp_path / name
        folder.mkdir()
        for k, plane in enumerate(stack, start=1):
            write_image(folder / f"img{k}{suffix}", plane, **options)
        return folder

    return write


@pytest.fixture
def save_image():
    return write_image
