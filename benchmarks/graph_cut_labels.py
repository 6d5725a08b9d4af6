"""Share of graph-cut labels that are the best plane, on a ramp through all planes.

    python -m benchmarks.graph_cut_labels FOLDER

The comparator is the cut on costs cast to integers before any scaling, the trap of the published code.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.harness import NO_DATA, Row, Run
from benchmarks.published_model import LENS, gather, nyuv2_scene, ramp_depth
from napari_defocus import SolverSettings
from napari_defocus.solver import initialization
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.sharpness import sharpness_cost

NAME = "graph cut"
UNSCALED = "costs cast to integers unscaled"
NO_CUT = "least cost of each pixel, no cut"
SMOOTHNESS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)


def measure(run: Run) -> list[Row]:
    target = "labels that are the best plane, ramp 320 x 240 x 5"
    folder = run.folder("nyuv2")
    if folder is None:
        return [Row(part=NAME, target=target, unit="share", measured=False, note=NO_DATA)]
    found = run.details[NAME] = shares(nyuv2_scene(folder)[0])
    return [
        Row(
            part=NAME,
            target=target,
            unit="share",
            ours=found[smoothness_label(SolverSettings().mrf_smoothness)],
            comparator=found[UNSCALED],
            better="higher",
            note=f"comparator: {UNSCALED}, as in the published code; {NO_CUT}: {found[NO_CUT]:.3f}",
        )
    ]


def smoothness_label(smoothness: float) -> str:
    return f"graph cut, smoothness {smoothness:g}"


def shares(image: np.ndarray) -> dict[str, float]:
    """Share of right labels for the published trap, without a cut, and at several weights, by name."""
    depth = ramp_depth(image.shape[:2])
    observations = load_stack(gather(image, depth), 1.0)
    best = LENS.blur_radius(depth).argmin(0)
    settings = SolverSettings()
    costs = np.stack(
        [
            sharpness_cost(observations.grey(k), settings.sharpness, settings.sharpness_sigma)
            for k in range(observations.count)
        ],
        axis=-1,
    )
    collapsed = cut(costs.astype(np.int32).astype(np.float32), 1.0)
    found = {UNSCALED: float((collapsed == best).mean()), NO_CUT: float((costs.argmin(-1) == best).mean())}
    for smoothness in sorted({*SMOOTHNESS, settings.mrf_smoothness}):
        trial = settings.replace(mrf_smoothness=smoothness)
        labels = initialization.start_of(observations, LENS, trial).labels
        found[smoothness_label(smoothness)] = float((labels == best).mean())
    return found


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    default = smoothness_label(SolverSettings().mrf_smoothness)
    for label, share in shares(nyuv2_scene(parser.parse_args(argv).folder)[0]).items():
        print(f"{label:35}{share:.3f}{'   (default)' if label == default else ''}")


if __name__ == "__main__":
    main()
