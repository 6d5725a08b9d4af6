"""Accuracy on the bundled samples, which a renderer made by tracing rays through a round aperture.

    python -m benchmarks.samples

Rows: the classic measure at several windows, the published settings (no priors), ours. The microscope's
depth is also given in units of its depth of field.
"""

import time
from collections.abc import Callable
from functools import partial

import numpy as np

from napari_defocus import (
    DefocusResult,
    Microscope,
    Optics,
    SolverSettings,
    depth_from_focus,
    read_focal_stack,
    solve,
)
from napari_defocus.io.samples import load_truth, sample_names, sample_path
from napari_defocus.metrics import abs_rel, psnr, rmse


def runs(images: np.ndarray, optics: Optics) -> dict[str, Callable[[], DefocusResult]]:
    """What is compared, by name."""

    def focus(window: int) -> DefocusResult:
        return depth_from_focus(images, optics.focus_positions_array, window=window)

    published = SolverSettings.make3d(depth_range=optics.default_depth_range())
    return {
        **{f"depth from focus, window {window}": partial(focus, window) for window in (3, 9, 15)},
        "published settings": partial(solve, images, optics, published),
        "default settings": partial(solve, images, optics),
    }


def main() -> None:
    for name in sample_names():
        stack = read_focal_stack(sample_path(name))
        depth, all_in_focus = load_truth(name)
        unit = stack.optics.depth_unit
        print(
            f"\n{name}: {stack.images.shape} {stack.images.dtype}, "
            f"{depth.min():.3g} to {depth.max():.3g} {unit}"
        )
        heading = f"RMSE ({unit})"
        print(f"{'':28}{'AbsRel':>8} {'median':>8} {heading:>10} {'in DOF':>7} {'AIF dB':>7} {'CPU s':>6}")
        for label, run in runs(stack.images.compute(), stack.optics).items():
            start = time.process_time()
            result = run()
            seconds = time.process_time() - start
            error = rmse(result.depth, depth)
            microscope = isinstance(stack.optics, Microscope)
            field = f"{error / stack.optics.depth_of_field:7.2f}" if microscope else f"{'':7}"
            middle = np.median(np.abs(result.depth - depth) / depth)
            print(
                f"{label:28}{abs_rel(result.depth, depth):8.4f} {middle:8.4f} {error:10.4f} {field} "
                f"{psnr(result.all_in_focus, all_in_focus):7.2f} {seconds:6.1f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
