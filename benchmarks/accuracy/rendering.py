"""Stacks with their truth: rendered once, then kept in a folder outside the checkout."""

import hashlib
import json
import os
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy.scenes import AccuracyScene
from benchmarks.accuracy.truth import edge_mask, pixel_depth
from napari_defocus import ThinLens, align_focal_stack, simulation
from napari_defocus.optics import Optics
from napari_defocus.simulation import render_focal_stack
from napari_defocus.simulation.packing import pack
from napari_defocus.simulation.setup import Setup

RENDERER = ("intersection", "packing", "render", "shading", "texturing", "tracing", "view")
"""Modules whose change makes other stacks."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Case:
    """A stack as a solver gets it, and the truth about it.

    Attributes
    ----------
    scene : AccuracyScene
        What it shows and how it was made.
    images : ndarray (planes, rows, columns[, 3])
        uint8 or uint16.
    optics, told : Optics
        The true optics, and those that a solver is given.
    depth : ndarray (rows, columns)
        See :func:`benchmarks.accuracy.truth.pixel_depth`.
    all_in_focus : ndarray (rows, columns[, 3])
        Pinhole image of the same exposure, without noise and diffraction, saturated at white.
    edges : ndarray (rows, columns)
        See :func:`benchmarks.accuracy.truth.edge_mask`.
    render_noise : float
        Standard deviation of the renderer's own noise, of 255, below white.
    render_seconds : float
        CPU seconds of the rendering.
    """

    scene: AccuracyScene
    images: NDArray[np.uint8] | NDArray[np.uint16]
    optics: Optics
    told: Optics
    depth: Floats
    all_in_focus: Floats
    edges: NDArray[np.bool_]
    render_noise: float
    render_seconds: float


def default_cache() -> Path:
    """Folder for rendered stacks: the user's cache, or that of the system for passing files."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA", tempfile.gettempdir())
    else:
        base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "napari-defocus" / "accuracy"


def aligned(case: Case) -> Case:
    """Lay the planes of photographs over each other; microscopes' stay as they are."""
    if not isinstance(case.told, ThinLens):
        return case
    return replace(case, images=align_focal_stack(case.images).images)


def load_case(scene: AccuracyScene, cache: Path, threads: int | None = None) -> Case:
    """The stack of a scene, from the cache or rendered."""
    setup = scene.setup()
    path = cache / f"{scene.name}_{key(scene, setup)}.npz"
    if not path.exists():
        store(path, render(scene, setup, threads))
    with np.load(path) as file:
        radiance, other = file["radiance"], file["other"]
        all_in_focus, seconds = file["all_in_focus"], float(file["seconds"])
    optics, depth = setup.optics, pixel_depth(setup)
    return Case(
        scene=scene,
        images=scene.sensor.expose((radiance + other) / 2, seed=scene.seed),
        optics=optics,
        told=scene.told(optics),
        depth=depth,
        all_in_focus=all_in_focus,
        edges=edge_mask(optics.to_blur_coordinate(depth)),
        render_noise=255 * float(np.std(np.clip(radiance, 0, 1) - np.clip(other, 0, 1)) / 2),
        render_seconds=seconds,
    )


def render(scene: AccuracyScene, setup: Setup, threads: int | None = None) -> dict[str, NDArray]:
    """Two stacks of half the rays each: their mean is the stack, their difference tells its noise."""
    start = time.process_time()
    halves = [
        render_focal_stack(
            *setup,
            lens_samples=max(scene.rays // (2 * scene.supersampling**2), 1),
            supersampling=scene.supersampling,
            seed=2 * scene.seed + half,
            magnification=scene.magnification,
            threads=threads,
        )
        for half in (0, 1)
    ]
    return {
        "radiance": halves[0].radiance,
        "other": halves[1].radiance,
        "all_in_focus": (halves[0].all_in_focus + halves[1].all_in_focus) / 2,
        "seconds": np.array(time.process_time() - start),
    }


def store(path: Path, arrays: dict[str, NDArray]) -> None:
    """Write a file whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".unfinished", delete=False) as file:
        np.savez_compressed(file, **arrays)
    Path(file.name).replace(path)


def key(scene: AccuracyScene, setup: Setup) -> str:
    """Short hash of all that the radiance depends on: the scene, the rays and the renderer's own text."""
    digest = hashlib.sha256()
    for array in pack(setup.scene):
        digest.update(np.ascontiguousarray(array).tobytes())
    rays = [scene.rays, scene.supersampling, scene.seed, scene.magnification]
    digest.update(json.dumps([setup.optics.to_dict(), setup.shape, rays]).encode())
    folder = Path(simulation.__file__).parent
    for name in RENDERER:
        digest.update((folder / f"{name}.py").read_bytes())
    return digest.hexdigest()[:12]
