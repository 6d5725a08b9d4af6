"""CPU seconds of our solver until the depth is right, on the stack of the published run."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.harness import NO_DATA, Clock, Row, Run
from benchmarks.nyuv2 import SETTINGS
from benchmarks.published_model import LENS, gather, nyuv2_scene
from napari_defocus import alternating_minimization
from napari_defocus.metrics import abs_rel, delta, psnr, rmse

NAME = "time to accuracy"
GOAL = 0.005
"""Root mean square error of the depth to reach, m."""

MAX_EPOCHS = 40
MAX_CPU = 400.0
"""CPU seconds after which a run that has not got there is given up."""

REFERENCE_EPOCHS = 29
"""Epochs after which the published run is at the goal."""


def measure(run: Run) -> list[Row]:
    folder = run.folder("nyuv2")
    target = f"NYUv2 320 x 240 x 5: RMSE <= {GOAL:g} m, against all 40 epochs"
    if folder is None:
        return [Row(part=NAME, target=target, unit="CPU s", ratio_at_least=100, measured=False, note=NO_DATA)]
    points = run.details[NAME] = curve(*nyuv2_scene(folder))
    published = run.details.get("comparator")
    rows = [
        Row(
            part=NAME,
            target=target,
            unit="CPU s",
            ours=seconds_to(points, GOAL),
            comparator=published and published["cpu_after_epoch"][-1],
            ratio_at_least=100,
            note=reached(points),
        )
    ]
    if published:
        rows += [against(points, published, epochs) for epochs in (5, 10, 20, REFERENCE_EPOCHS)]
    return rows


def against(points: list[dict[str, float]], published: dict[str, Any], epochs: int) -> Row:
    """Ours against the published run up to one of its epochs, at the accuracy it has there."""
    error = GOAL if epochs == REFERENCE_EPOCHS else published["accuracy"][str(epochs)]["rmse"]
    return Row(
        part=NAME,
        target=f"the same, RMSE <= {error:g} m as published after {epochs} epochs",
        unit="CPU s",
        ours=seconds_to(points, error),
        comparator=published["cpu_after_epoch"][epochs - 1],
        note="comparator: extrapolated seconds; its accuracy is that of the published code",
    )


def curve(truth: np.ndarray, depth: np.ndarray) -> list[dict[str, float]]:
    """CPU seconds, loss (0 to 255) and accuracy after each half-step, until the goal or the limits."""
    stack = gather(truth, depth)
    settings = SETTINGS["ours"].replace(epochs=MAX_EPOCHS)
    for _ in alternating_minimization(stack[:, :96, :96], LENS, settings.replace(epochs=1)):
        pass  # compile
    states = alternating_minimization(stack, LENS, settings)
    points: list[dict[str, float]] = []
    clock = Clock()
    while True:
        with clock:
            state = next(states, None)
        if state is None:
            return points
        points.append(
            {
                "epoch": state.epoch,
                "half_step": len(points),
                "cpu": clock.cpu,
                "wall": clock.wall,
                "loss": state.loss * 255**2,
                "rmse": rmse(state.depth, depth),
                "abs_rel": abs_rel(state.depth, depth),
                "delta1": delta(state.depth, depth),
                "psnr": psnr(state.all_in_focus, truth),
            }
        )
        if state.step == "aif" and (points[-1]["rmse"] <= GOAL or clock.cpu > MAX_CPU):
            return points


def seconds_to(points: list[dict[str, float]], error: float) -> float | None:
    """CPU seconds of the first half-step with an RMSE of at most `error`."""
    return next((point["cpu"] for point in points if point["rmse"] <= error), None)


def reached(points: list[dict[str, float]]) -> str:
    last = points[-1]
    verb = "reached" if last["rmse"] <= GOAL else "not reached"
    return (
        f"{verb}: RMSE {last['rmse']:.4f} m, AbsRel {last['abs_rel']:.5f}, AIF {last['psnr']:.1f} dB after "
        f"{last['epoch']:.0f} epochs and {last['cpu']:.0f} CPU s; compile time left out"
    )


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    for point in curve(*nyuv2_scene(parser.parse_args(argv).folder)):
        print("  ".join(f"{name} {value:.5g}" for name, value in point.items()), flush=True)


if __name__ == "__main__":
    main()
