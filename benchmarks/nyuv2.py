"""Accuracy against CPU time on the NYUv2 scene with the published camera and forward model.

python -m benchmarks.nyuv2 FOLDER [--epochs 20] [--settings ours|published] [--bits 0] [--noise 0]
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.published_model import DEPTH_RANGE, KERNEL_SIZE, LENS, gather, nyuv2_scene
from napari_defocus import SolverSettings, alternating_minimization
from napari_defocus.metrics import abs_rel, delta, psnr, rmse

SETTINGS = {
    "published": SolverSettings.nyuv2(white=1.0),
    "ours": SolverSettings.simulation(
        depth_range=DEPTH_RANGE, kernel_size=KERNEL_SIZE, boundary="zero", blur_tolerance=0.0005, white=1.0
    ),
}


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--settings", choices=SETTINGS, default="ours")
    parser.add_argument("--bits", type=int, default=0, help="quantise the stack to so many bits; 0: not")
    parser.add_argument("--noise", type=float, default=0.0, help="standard deviation of noise, of 255")
    arguments = parser.parse_args(argv)
    image, depth = nyuv2_scene(arguments.folder)
    stack = gather(image, depth)
    stack += arguments.noise / 255 * np.random.default_rng(0).standard_normal(stack.shape, np.float32)
    if arguments.bits:
        top = 2**arguments.bits - 1
        stack = (np.rint(np.clip(stack, 0, 1) * top) / top).astype(np.float32)
    settings = SETTINGS[arguments.settings].replace(epochs=arguments.epochs)
    print(
        f"{'epoch':>5} {'CPU s':>8} {'RMSE m':>8} {'AbsRel':>8} {'delta1':>8} {'AIF dB':>7} "
        f"{'loss (255^2)':>13}"
    )
    start = time.process_time()
    for state in alternating_minimization(stack, LENS, settings):
        if state.step == "depth":
            continue
        print(
            f"{state.epoch:5d} {time.process_time() - start:8.1f} {rmse(state.depth, depth):8.4f} "
            f"{abs_rel(state.depth, depth):8.4f} {delta(state.depth, depth):8.5f} "
            f"{psnr(state.all_in_focus, image):7.2f} {state.loss * 255**2:13.6f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
