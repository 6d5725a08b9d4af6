"""Share of graph-cut labels that are the best plane, on a ramp through all planes.

    python -m benchmarks.graph_cut_labels FOLDER

The comparator is the cut on costs cast to integers before any scaling, the trap of the published code.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.published_model import LENS, gather, nyuv2_scene, ramp_depth
from napari_defocus import SolverSettings
from napari_defocus.solver import initialization
from napari_defocus.solver.graph_cut import cut
from napari_defocus.solver.observations import load_stack
from napari_defocus.solver.sharpness import sharpness_cost


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="folder with 0045_rgb.png and 0045_depth.png")
    image, _ = nyuv2_scene(parser.parse_args(argv).folder)
    depth = ramp_depth(image.shape[:2])
    observations = load_stack(gather(image, depth), 1.0)
    sigma = LENS.blur_radius(depth)
    best = sigma.argmin(0)
    settings = SolverSettings()
    costs = np.stack(
        [
            sharpness_cost(observations.grey(k), settings.sharpness, settings.sharpness_sigma)
            for k in range(observations.count)
        ],
        axis=-1,
    )
    collapsed = cut(costs.astype(np.int32).astype(np.float32), 1.0)
    print(f"costs cast to integers unscaled    {(collapsed == best).mean():.3f}")
    print(f"least cost of each pixel, no cut   {(costs.argmin(-1) == best).mean():.3f}")
    for smoothness in (0.005, 0.01, 0.02, 0.05, 0.1, 0.2):
        trial = settings.replace(mrf_smoothness=smoothness)
        labels, _ = initialization.initial_labels(observations, trial)
        mark = "   (default)" if smoothness == settings.mrf_smoothness else ""
        print(f"graph cut, smoothness {smoothness:<12g} {(labels == best).mean():.3f}{mark}")


if __name__ == "__main__":
    main()
