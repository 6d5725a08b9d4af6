"""CPU seconds of our solver until the depth is right, on the stack of the published run."""

import numpy as np

from benchmarks.harness import NO_DATA, Row, Run
from benchmarks.nyuv2 import Curve, curve
from benchmarks.published_model import gather, nyuv2_scene

NAME = "time to accuracy"
GOAL = 0.005
"""Root mean square error of the depth to reach, m."""

MAX_EPOCHS = 60
MAX_CPU = 400.0
"""CPU seconds after which a run that has not got there is given up."""

REFERENCE_EPOCHS = 29
"""Epochs after which the published run is at the goal."""


def measure(run: Run) -> list[Row]:
    target = f"NYUv2 320 x 240 x 5: RMSE <= {GOAL:g} m, against all 40 epochs"
    folder = run.folder("nyuv2")
    if folder is None:
        return [Row(part=NAME, target=target, unit="CPU s", ratio_at_least=100, measured=False, note=NO_DATA)]
    points = run.details[NAME] = until_right(*nyuv2_scene(folder))
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
    for epochs in (5, 10, 20, REFERENCE_EPOCHS) if published else ():
        error = GOAL if epochs == REFERENCE_EPOCHS else published["accuracy"][str(epochs)]["rmse"]
        rows.append(
            Row(
                part=NAME,
                target=f"the same, RMSE <= {error:g} m as published after {epochs} epochs",
                unit="CPU s",
                ours=seconds_to(points, error),
                comparator=published["cpu_after_epoch"][epochs - 1],
                note="comparator: extrapolated seconds; its accuracy was measured on the published code",
            )
        )
    return rows


def until_right(truth: np.ndarray, depth: np.ndarray) -> Curve:
    """The run until the goal or a limit is reached, after a short one that compiles."""
    stack = gather(truth, depth)
    list(curve(stack[:, :96, :96], truth[:96, :96], depth[:96, :96], "ours", 1))
    points = []
    for point in curve(stack, truth, depth, "ours", MAX_EPOCHS):
        points.append(point)
        if point["is_aif"] and (point["rmse"] <= GOAL or point["cpu"] > MAX_CPU):
            break
    return points


def seconds_to(points: Curve, error: float) -> float | None:
    """CPU seconds at the first half-step with an RMSE of at most `error`."""
    return next((point["cpu"] for point in points if point["rmse"] <= error), None)


def reached(points: Curve) -> str:
    last = points[-1]
    verb = "reached" if last["rmse"] <= GOAL else "not reached"
    return (
        f"{verb}: RMSE {last['rmse']:.4f} m, AbsRel {last['abs_rel']:.5f}, AIF {last['psnr']:.1f} dB after "
        f"{last['epoch']} epochs and {last['cpu']:.0f} CPU s; compile time left out"
    )
