"""Accuracy against CPU time on the NYUv2 scene with the published camera and forward model.

python -m benchmarks.nyuv2 FOLDER [--epochs 20] [--settings ours|published|default] [--bits 0] [--noise 0]
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness import NO_DATA, Clock, Row, Run
from benchmarks.published_model import DEPTH_RANGE, KERNEL_SIZE, LENS, gather, nyuv2_scene
from napari_defocus import SolverSettings, alternating_minimization
from napari_defocus.metrics import abs_rel, delta, psnr, rmse

NAME = "NYUv2"

_MODEL = {
    "blur_kernel": "gaussian",
    "boundary": "zero",
    "depth_range": DEPTH_RANGE,
    "kernel_size": KERNEL_SIZE,
    "white": 1.0,
}

SETTINGS = {
    "published": SolverSettings.nyuv2(white=1.0),
    "ours": SolverSettings.simulation(blur_tolerance=0.0005, **_MODEL),
    "default": SolverSettings(**_MODEL),
}

EPOCHS = {"published": 20, "default": 3}

Curve = list[dict[str, float]]

PUBLISHED_8_BIT = {"8 bit": 0.132, "8 bit and noise": 0.376}
"""AbsRel of the published code after 8 epochs on such stacks, measured on that code and not in this run."""


def measure(run: Run) -> list[Row]:
    folder = run.folder("nyuv2")
    engine = "published settings in our engine, 320 x 240 x 5, 20 epochs"
    noisy = {"8 bit": 0.0, "8 bit and noise": 1.0}
    if folder is None:
        targets = {
            engine: "CPU s",
            **{f"{name}: AbsRel, default settings, model of the stack": "share" for name in noisy},
        }
        return [
            Row(part=NAME, target=target, unit=unit, measured=False, note=NO_DATA)
            for target, unit in targets.items()
        ]
    truth, depth = nyuv2_scene(folder)
    stack = gather(truth, depth)
    curves = {"published": list(curve(stack, truth, depth, "published", EPOCHS["published"]))}
    last = curves["published"][-1]
    published = run.details.get("comparator")
    rows = [
        Row(
            part=NAME,
            target=engine,
            unit="CPU s",
            ours=last["cpu"],
            comparator=published and published["cpu_after_epoch"][EPOCHS["published"] - 1],
            note=f"RMSE {last['rmse']:.4f} m, AIF {last['psnr']:.1f} dB (published after as many: 0.013 m, "
            "44 dB); comparator: extrapolated",
        )
    ]
    for name, noise in noisy.items():
        spoilt = degraded(stack, 8, noise)
        points = curves[name] = list(curve(spoilt, truth, depth, "default", EPOCHS["default"]))
        rows.append(
            Row(
                part=NAME,
                target=f"{name}: AbsRel, default settings, model of the stack",
                unit="share",
                ours=points[-1]["abs_rel"],
                comparator=PUBLISHED_8_BIT[name],
                note=f"{EPOCHS['default']} epochs, {points[-1]['cpu']:.0f} CPU s, AIF "
                f"{points[-1]['psnr']:.1f} dB; comparator: published code after 8 epochs, not in this run",
            )
        )
    run.details[NAME] = curves
    return rows


def degraded(stack: np.ndarray, bits: int, noise: float) -> np.ndarray:
    """The stack with noise (standard deviation of 255) and quantised to so many bits; 0: not."""
    stack = stack + noise / 255 * np.random.default_rng(0).standard_normal(stack.shape, np.float32)
    if bits:
        top = 2**bits - 1
        stack = np.rint(np.clip(stack, 0, 1) * top) / top
    return np.asarray(stack, np.float32)


def curve(
    stack: np.ndarray, truth: np.ndarray, depth: np.ndarray, settings: str, epochs: int
) -> Iterator[dict[str, float]]:
    """CPU seconds of the solver, loss (0 to 255) and accuracy after each half-step."""
    states = alternating_minimization(stack, LENS, SETTINGS[settings].replace(epochs=epochs))
    clock = Clock()
    while True:
        with clock:
            state = next(states, None)
        if state is None:
            return
        yield {
            "epoch": state.epoch,
            "is_aif": float(state.step == "aif"),
            "cpu": clock.cpu,
            "wall": clock.wall,
            "loss": state.loss * 255**2,
            "rmse": rmse(state.depth, depth),
            "abs_rel": abs_rel(state.depth, depth),
            "delta1": delta(state.depth, depth),
            "psnr": psnr(state.all_in_focus, truth),
        }


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--settings", choices=SETTINGS, default="ours")
    parser.add_argument("--bits", type=int, default=0, help="quantise the stack to so many bits; 0: not")
    parser.add_argument("--noise", type=float, default=0.0, help="standard deviation of noise, of 255")
    arguments = parser.parse_args(argv)
    truth, depth = nyuv2_scene(arguments.folder)
    stack = degraded(gather(truth, depth), arguments.bits, arguments.noise)
    print(
        f"{'epoch':>5} {'CPU s':>8} {'RMSE m':>8} {'AbsRel':>8} {'delta1':>8} {'AIF dB':>7} "
        f"{'loss (255^2)':>13}"
    )
    for point in curve(stack, truth, depth, arguments.settings, arguments.epochs):
        if point["is_aif"]:
            print(
                f"{point['epoch']:5d} {point['cpu']:8.1f} {point['rmse']:8.4f} {point['abs_rel']:8.4f} "
                f"{point['delta1']:8.5f} {point['psnr']:7.2f} {point['loss']:13.6f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
