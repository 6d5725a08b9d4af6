"""CPU seconds of the defaults over those of the plain solver, on the tuning scenes.

    python -m benchmarks.accuracy.plain_cost [--scenes NAME ...] [--cache FOLDER]

Plain is the same solver without what was added for real photographs. Photographs are aligned before either
clock starts.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

from numpy.typing import NDArray

from benchmarks.accuracy.rendering import default_cache, load_case
from benchmarks.accuracy.rows import WARM_UP_SIDE
from benchmarks.accuracy.scenes import SCENES
from napari_defocus import SolverSettings, ThinLens, align_focal_stack, solve
from napari_defocus.optics import Optics

PLAIN = SolverSettings(
    estimate_blur=False,
    revise_start=False,
    bilateral=0.0,
    occlusion=False,
    denoising=0.0,
    weighted_median=0.0,
    regression=0.0,
    outlier_method="none",
)
TUNING = [name for name, scene in SCENES.items() if scene.subset == "tuning"]


def seconds_of(images: NDArray, optics: Optics, settings: SolverSettings) -> float:
    """CPU seconds of a run, all threads, compiling left out."""
    solve(images[:, :WARM_UP_SIDE, :WARM_UP_SIDE], optics, settings)
    start = time.process_time()
    solve(images, optics, settings)
    return time.process_time() - start


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy.plain_cost",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=TUNING, metavar="NAME")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="FOLDER", help="%(default)s")
    arguments = parser.parse_args(argv)
    total = plain_total = 0.0
    for name in arguments.scenes:
        case = load_case(SCENES[name], arguments.cache)
        aligned = isinstance(case.told, ThinLens)
        images = align_focal_stack(case.images).images if aligned else case.images
        ours, plain = (seconds_of(images, case.told, settings) for settings in (SolverSettings(), PLAIN))
        total, plain_total = total + ours, plain_total + plain
        print(f"{name}: {ours:.2f} s, plain {plain:.2f} s", flush=True)
    print(f"all: {total:.1f} s over {plain_total:.1f} s: {total / plain_total:.2f}")


if __name__ == "__main__":
    main()
