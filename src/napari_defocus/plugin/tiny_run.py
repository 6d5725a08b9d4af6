"""A whole run on a tiny made-up stack, in a process of its own: what it compiles is cached for all others.

Compiling takes some twenty seconds and holds Python's lock most of the time: a window that did it would
hardly answer. Run as a module this reads from its first line of input what to compile for, tells each step
that can be loaded from the cache from then on, and ends early when its input is closed.
"""

import hashlib
import json
import os
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from napari_defocus import optics, solver
from napari_defocus.optics import Optics, optics_from_dict
from napari_defocus.optics.tile_kernels import bank_tile
from napari_defocus.solver.observations import stored_type
from napari_defocus.solver.settings import SolverSettings

__all__ = ["FINISH", "kind_of_run", "prepared", "tiny_run", "tiny_stack"]

FINISH = "finish"
"""Told when all is compiled."""

SIDE = 96
"""Rows and columns of the stack, px: more than one tile, since a part of an array is a type of its own."""

EPOCHS = 2
"""Rounds of the tiny run: in the second there is nothing new, but steps between the two."""

MOST_BLUR = 6.0
"""Blur that planes are made with at most, px."""


def kind_of_run(dtype: Any, colour: bool, lens: Optics, settings: SolverSettings) -> dict[str, Any]:
    """Return what a run needs compiled kernels for, as plain values.

    Parameters
    ----------
    dtype : dtype
        Type of the stack.
    colour : bool
        Whether it is RGB.
    lens : Optics
        Its optics.
    settings : SolverSettings
        Settings of the run.
    """
    return {
        "dtype": str(stored_type(dtype)),
        "colour": colour,
        "optics": lens.to_dict(),
        "settings": settings.to_dict(),
    }


def prepared(kind: dict[str, Any]) -> Path:
    """Return the file that is there when all kernels for this kind of run are in the cache.

    Figures of optics and settings make no difference to what is compiled; the source, its version and the
    processor do.
    """
    facts = json.dumps([_form(kind), _compiler()], sort_keys=True)
    key = hashlib.sha256(facts.encode()).hexdigest()[:16]
    return Path(bank_tile.stats.cache_path) / f"napari_defocus-{key}.prepared"


def tiny_stack(kind: dict[str, Any], lens: Optics) -> NDArray[Any]:
    """Return a textured scene of two depths with a plain patch and a light, (planes, Y, X[, 3])."""
    rng = np.random.default_rng(0)
    scene = rng.random((SIDE, SIDE), np.float32)
    scene[: SIDE // 3, : SIDE // 2] = 0.4
    scene[-9:-6, 6:9] = 1.0
    near, far = lens.planes / 4, 3 * lens.planes / 4
    right = np.arange(SIDE) >= SIDE // 2
    images = np.empty((lens.planes, SIDE, SIDE), np.float32)
    for plane in range(lens.planes):
        left, other = (
            gaussian_filter(scene, min(0.5 + abs(plane - depth), MOST_BLUR)) for depth in (near, far)
        )
        images[plane] = np.where(right, other, left)
    images += 0.01 * rng.standard_normal(images.shape, np.float32)
    images = np.clip(images / images.max(), 0, 1)
    dtype = np.dtype(kind["dtype"])
    if dtype.kind == "u":
        images = np.rint(images * np.iinfo(dtype).max)
    images = images.astype(dtype)
    return np.repeat(images[..., None], 3, axis=-1) if kind["colour"] else images


def tiny_run(kind: dict[str, Any]) -> Iterator[str]:
    """Run on a tiny stack; yield the step that is done, each kind of step once, and :data:`FINISH`."""
    lens = optics_from_dict(kind["optics"])
    settings = SolverSettings.from_dict(kind["settings"])
    settings = settings.replace(epochs=min(settings.epochs, EPOCHS), white=None)
    told = set()
    for state in solver.alternating_minimization(tiny_stack(kind, lens), lens, settings):
        if state.step not in told:
            told.add(state.step)
            yield str(state.step)
    solver.finish(state)
    yield FINISH


@cache
def _compiler() -> list[Any]:
    """What compiles, for which processor, and from what."""
    from llvmlite import binding

    folders = [Path(str(package.__file__)).parent for package in (optics, solver)]
    sources = [path.stat() for folder in folders for path in sorted(folder.glob("*.py"))]
    stamps = [(status.st_mtime_ns, status.st_size) for status in sources]
    return [sys.version, version("numba"), str(binding.get_host_cpu_name()), stamps]


def _form(value: Any) -> Any:
    """Values without their figures."""
    if isinstance(value, dict):
        return {key: _form(entry) for key, entry in value.items()}
    if isinstance(value, bool | str) or value is None:
        return value
    return type(value).__name__


def _end_with_input() -> None:
    """End this process when the other end of its input is gone."""
    sys.stdin.read()
    os._exit(1)


def main() -> None:
    """Compile what the first line of input asks for."""
    kind = json.loads(sys.stdin.readline())
    Thread(target=_end_with_input, daemon=True).start()
    for step in tiny_run(kind):
        print(step, flush=True)
    prepared(kind).touch()


if __name__ == "__main__":
    main()
