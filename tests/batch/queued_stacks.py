"""Small focal stacks on disk, and queues of them."""

from pathlib import Path

import numpy as np
import tifffile
from PIL import Image
from scipy.ndimage import gaussian_filter

from napari_defocus.batch import Plan, find_stacks, new_items, no_optics
from napari_defocus.optics import ThinLens, save_optics
from napari_defocus.solver.settings import SolverSettings

QUICK = {"epochs": 1, "initialization": "focus", "occlusion": False, "estimate_blur": False}
LENS = ThinLens.from_camera(50, 8, 60, [1.0, 1.5, 2.5, 4.0])


def images(seed=0, planes=4, side=24):
    texture = np.random.default_rng(seed).random((side, side))
    stack = [gaussian_filter(texture, 0.4 + 0.8 * abs(k - 1 - seed % 2)) for k in range(planes)]
    return np.rint(255 * np.stack(stack)).astype(np.uint8)


def write_folder(path, stack, optics=LENS):
    path.mkdir(parents=True)
    for k, image in enumerate(stack):
        Image.fromarray(image).save(path / f"plane{k}.png")
    if optics is not None:
        save_optics(optics, path / "optics.toml")
    return path


def write_tiff(path, stack, optics=LENS):
    path.parent.mkdir(parents=True, exist_ok=True)
    tifffile.imwrite(path, stack, photometric="minisblack")
    if optics is not None:
        save_optics(optics, path.with_name(f"{path.stem}.optics.toml"))
    return path


def break_image(folder):
    image = folder / "plane2.png"
    image.write_bytes(image.read_bytes()[:200])


def write_six(folder):
    """Write six stacks: the third is broken, the fourth brings no optics."""
    for number, letter in enumerate("abcdef"):
        write_folder(folder / letter, images(number), None if letter == "d" else LENS)
    break_image(folder / "c")


def make_plan(output, fallback=no_optics, **changes):
    settings = SolverSettings(**QUICK | changes.pop("settings", {}))
    return Plan(Path(output), settings, fallback=fallback, fallback_name="form", **changes)


def queue_of(*paths):
    return new_items(find_stacks(paths))
