"""Focal stacks of any size for timing: a textured relief, its depth layers blurred and composited.

    python -m benchmarks.synthetic FOLDER --shape 1200 1600 --planes 30

Made with scipy's Gaussian filter and not with the solver's operator: every layer of depth is blurred as a
whole, with what lies behind it carried on underneath, and laid over the farther ones. So there are
occlusions, and at depth steps the solver's model is as wrong as on photographs.
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from napari_defocus import UncalibratedFocus

Floats = NDArray[np.float32]

MAX_SIGMA = 8.0
"""Standard deviation of the blur of the first plane at the depth of the last one, px."""

IN_FOCUS_BLUR = 0.5
LAYER = 0.7
"""Thickness of a layer, planes: not a whole number, so that no label of a plane is the true depth."""

NOISE = 1.0
"""Standard deviation of the noise, grey levels."""

TILE = 256


def optics(planes: int) -> UncalibratedFocus:
    """Optics of the stacks: depth in planes, blur up to `MAX_SIGMA` whatever their number."""
    return UncalibratedFocus(
        planes=planes, blur_per_plane=MAX_SIGMA / (planes - 1), in_focus_blur=IN_FOCUS_BLUR
    )


def relief(shape: tuple[int, int], planes: int) -> Floats:
    """Depth in planes, (Y, X): waves with steps up and down, in layers, the same at every size."""
    y, x = np.meshgrid(*(np.linspace(0, 1, length, dtype=np.float32) for length in shape), indexing="ij")
    waves = 0.5 + 0.22 * np.sin(5 * x + 2 * y) + 0.13 * np.cos(7 * y - 3 * x) + 0.05 * np.sin(19 * x * y)
    waves += 0.25 * ((x - 0.3) ** 2 + (y - 0.35) ** 2 < 0.02)
    waves -= 0.2 * ((np.abs(x - 0.7) < 0.13) & (np.abs(y - 0.6) < 0.2))
    waves += 0.15 * (np.abs(x + y - 1.5) < 0.06)
    depth = np.clip(waves, 0.03, 0.97) * (planes - 1)
    return np.asarray(np.round(depth / LAYER) * LAYER, np.float32)


def texture(shape: tuple[int, int], rng: np.random.Generator) -> Floats:
    """Colours in [0, 1], (Y, X, 3): patches with sharp borders, and noise of every fineness."""
    image = np.empty((*shape, 3), np.float32)
    coarse = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), 12)
    patches = np.digitize(coarse, np.quantile(coarse[::7, ::7], (0.25, 0.5, 0.75)))
    palette = rng.uniform(0.25, 0.75, (4, 3)).astype(np.float32)
    grain = np.zeros(shape, np.float32)
    for sigma in (0.7, 1.5, 3, 6):
        octave = ndimage.gaussian_filter(rng.standard_normal(shape, np.float32), sigma)
        grain += octave * np.float32(0.06 / octave.std())
    for c in range(3):
        image[..., c] = palette[patches, c] + grain * np.float32(0.8 + 0.2 * c)
    return np.clip(image, 0, 1, out=image)


def composite(image: Floats, depth: Floats, plane: int, blur_per_plane: float) -> Floats:
    """One plane of a piece of the scene: its layers from the farthest (least depth) to the nearest."""
    out = np.zeros_like(image)
    for layer, level in enumerate(np.unique(depth)):
        sigma = float(np.hypot(blur_per_plane * (level - plane), IN_FOCUS_BLUR))
        if layer == 0:
            out = blurred(image, sigma)
            continue
        mask = (depth >= level).astype(np.float32)[..., None]
        out = blurred(image * mask, sigma) + (1 - blurred(mask, sigma)) * out
    return out


def blurred(image: Floats, sigma: float) -> Floats:
    return np.asarray(ndimage.gaussian_filter(image, (sigma, sigma, 0), truncate=3, mode="mirror"))


def render(image: Floats, depth: Floats, plane: int, blur_per_plane: float) -> Floats:
    """One plane (Y, X, 3), in tiles on all cores: a tile has few layers."""
    out = np.empty_like(image)
    halo = int(np.ceil(3 * MAX_SIGMA)) + 2

    def tile(corner: tuple[int, int]) -> None:
        inner = tuple(slice(c, min(c + TILE, n)) for c, n in zip(corner, depth.shape, strict=True))
        first = [max(c - halo, 0) for c in corner]
        wide = tuple(
            slice(f, min(c + TILE + halo, n)) for f, c, n in zip(first, corner, depth.shape, strict=True)
        )
        piece = composite(image[wide], depth[wide], plane, blur_per_plane)
        own = tuple(slice(i.start - f, i.stop - f) for i, f in zip(inner, first, strict=True))
        out[inner] = piece[own]

    corners = [(y, x) for y in range(0, depth.shape[0], TILE) for x in range(0, depth.shape[1], TILE)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(tile, corners))
    return out


def render_stack(shape: tuple[int, int], planes: int, seed: int = 0) -> Iterator[NDArray[np.uint8]]:
    """The planes (Y, X, 3), uint8, one after the other."""
    rng = np.random.default_rng(seed)
    image, depth = texture(shape, rng), relief(shape, planes)
    blur_per_plane = optics(planes).blur_per_plane
    assert blur_per_plane is not None
    for plane in range(planes):
        seen = render(image, depth, plane, blur_per_plane) * np.float32(255)
        seen += rng.standard_normal(seen.shape, np.float32) * np.float32(NOISE)
        yield np.clip(np.rint(seen, out=seen), 0, 255, out=seen).astype(np.uint8)


def write_stack(folder: Path, shape: tuple[int, int], planes: int) -> None:
    """Write the planes as plane_000.npy, ... and the true depth as depth.npy."""
    for index, plane in enumerate(render_stack(shape, planes)):
        np.save(folder / f"plane_{index:03d}.npy", plane)
    np.save(folder / "depth.npy", relief(shape, planes))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shape", type=int, nargs=2, required=True, metavar=("HEIGHT", "WIDTH"))
    parser.add_argument("--planes", type=int, default=30)
    arguments = parser.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    write_stack(arguments.folder, tuple(arguments.shape), arguments.planes)


if __name__ == "__main__":
    main()
