"""``napari-defocus demo``: a sample in napari; without a display, the samples solved and judged."""

import argparse
import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from napari_defocus.cli.arguments import Subparsers, add_output
from napari_defocus.cli.output import check_output
from napari_defocus.errors import InputError

if TYPE_CHECKING:
    from napari_defocus.io import FocalStack
    from napari_defocus.solver import DefocusResult, Progress

DEFAULT_OUTPUT = "demo_results"


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "demo",
        help="show the bundled samples in napari, or solve them without a display",
        description="Open napari with a sample focal stack and the widget. Without a display, or with "
        "--headless: solve the bundled samples and compare depth and sharp image with the known truth.",
    )
    parser.add_argument("--headless", action="store_true", help="solve the samples, open no window")
    add_output(parser, default=DEFAULT_OUTPUT)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Open the window, or solve the samples where there is none."""
    if not args.headless and window_is_possible():
        code = subprocess.call([sys.executable, "-m", "napari_defocus.plugin.demo"])
        if code:
            raise InputError(f"napari ended with exit code {code}; try napari-defocus demo --headless.")
    else:
        solve_samples(args)


def window_is_possible() -> bool:
    """Whether napari is there and a window opens; tried in a process apart, since Qt aborts if not."""
    if importlib.util.find_spec("napari") is None or importlib.util.find_spec("qtpy") is None:
        return False
    if sys.platform == "linux" and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    trial = "from qtpy.QtWidgets import QApplication; QApplication([])"
    return subprocess.run([sys.executable, "-c", trial], capture_output=True, check=False).returncode == 0


def solve_samples(args: argparse.Namespace) -> None:
    """Solve each bundled sample by both methods, write the results and print how true they are."""
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.io import read_focal_stack, save_result
    from napari_defocus.io.samples import load_truth, sample_names, sample_path
    from napari_defocus.metrics import depth_metrics, psnr

    output = Path(args.output or DEFAULT_OUTPUT)
    runs = [(name, method) for name in sample_names() for method in METHODS]
    for name, method in runs:
        check_output(output / name / method, overwrite=args.overwrite)
    say = (lambda *_: None) if args.quiet else print
    say(f"{'sample':<12}{'method':<9}{'RMSE':>14}{'AbsRel':>10}{'sharp image':>14}")
    for name, method in runs:
        stack = read_focal_stack(sample_path(name))
        depth, image = load_truth(name)
        with ProgressBar(quiet=args.quiet, verbose=args.verbose) as bar:
            result = METHODS[method](stack, bar)
        measured = depth_metrics(result.depth, depth)
        measured["psnr"] = psnr(result.all_in_focus, image)
        save_result(
            result,
            output / name / method,
            images_dtype=stack.images.dtype,
            overwrite=args.overwrite,
            extra_parameters={"source": f"bundled sample {name}"},
            save_plots=args.save_plots or importlib.util.find_spec("matplotlib") is not None,
            metrics=measured,
        )
        relative = f"{measured['abs_rel']:.4f}" if "abs_rel" in measured else "-"
        error = f"{measured['rmse']:.4g} {result.unit}"
        say(f"{name:<12}{method:<9}{error:>14}{relative:>10}{measured['psnr']:>11.1f} dB")
    say(f"Depth maps, sharp images and plots are in {output.resolve()}")


def _by_focus(stack: "FocalStack", progress: "Progress") -> "DefocusResult":
    from napari_defocus.solver import depth_from_focus

    return depth_from_focus(stack.images, stack.focus, unit=stack.unit, progress=progress)


def _by_defocus(stack: "FocalStack", progress: "Progress") -> "DefocusResult":
    from napari_defocus.solver import solve

    assert stack.optics is not None  # each sample has its optics beside it
    return solve(stack.images, stack.optics, progress=progress)


METHODS = {"focus": _by_focus, "defocus": _by_defocus}
