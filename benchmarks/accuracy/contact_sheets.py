"""Pictures of the scenes, to see whether they show what they should.

    python -m benchmarks.accuracy.contact_sheets FOLDER [--scenes NAME ...] [--cache FOLDER]

First, middle and last plane in order of focus, true depth with the edge band, true all-in-focus image.
"""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.accuracy.rendering import Case, default_cache, load_case
from benchmarks.accuracy.scenes import SCENES


def contact_sheet(case: Case, path: Path) -> None:
    """Write the picture of one scene."""
    from matplotlib.figure import Figure

    white = np.iinfo(case.images.dtype).max
    order = np.argsort(case.optics.focus_positions_array)
    figure = Figure(figsize=(15, 8), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    for axis, index in zip(axes, (order[0], order[len(order) // 2], order[-1]), strict=False):
        focus = case.optics.focus_positions_array[index]
        axis.imshow(case.images[index] / white, cmap="gray", vmin=0, vmax=1)
        axis.set_title(f"plane {index}, focus {focus:.3g} {case.optics.depth_unit}")
    axes[3].imshow(case.all_in_focus, cmap="gray", vmin=0, vmax=1)
    axes[3].set_title("truth: all in focus")
    depth = axes[4].imshow(case.depth, cmap="viridis")
    figure.colorbar(depth, ax=axes[4])
    axes[4].set_title("truth: depth")
    axes[5].imshow(case.edges, cmap="gray")
    axes[5].set_title(f"edge pixels: {case.edges.mean():.0%}")
    figure.suptitle(
        f"{case.scene.name} ({case.scene.subset}): {case.scene.shows}; {case.images.shape}, "
        f"{case.images.dtype}, noise {case.scene.noise}/255, rendering noise {case.render_noise:.2f}/255"
    )
    figure.savefig(path, dpi=80)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--scenes", nargs="+", choices=SCENES, default=list(SCENES), metavar="NAME")
    parser.add_argument("--cache", type=Path, default=default_cache(), metavar="FOLDER")
    parser.add_argument("--threads", type=int)
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name in arguments.scenes:
        case = load_case(SCENES[name], arguments.cache, arguments.threads)
        path = arguments.folder / f"{name}.png"
        contact_sheet(case, path)
        print(
            f"{path}: edges {case.edges.mean():.2f}, rendering noise {case.render_noise:.2f}/255, "
            f"{case.render_seconds:.0f} CPU s, greatest blur radius "
            f"{case.optics.blur_radius(case.depth).max():.1f} px",
            flush=True,
        )


if __name__ == "__main__":
    main()
