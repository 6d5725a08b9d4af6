"""``napari-defocus compare``: two depth maps side by side."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from napari_defocus.cli.arguments import Subparsers, add_output

if TYPE_CHECKING:
    from napari_defocus.comparison import DepthComparison
    from napari_defocus.io.depth_files import DepthMap

MEANINGS = {
    "rmse": "root mean square",
    "bias": "mean",
    "mae": "mean absolute",
    "median_abs": "median absolute",
    "p95_abs": "95th percentile, absolute",
    "abs_rel": "mean relative (AbsRel)",
    "log10": "mean absolute log10 of the ratio",
    "delta1": "share within a factor of 1.25",
    "delta2": "share within 1.25 squared",
    "delta3": "share within 1.25 cubed",
    "psnr": "all-in-focus image, PSNR",
    "ssim": "all-in-focus image, SSIM",
}
IN_UNIT = ("rmse", "bias", "mae", "median_abs", "p95_abs")
IN_DECIBELS = ("psnr",)


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "compare",
        help="compare two depth maps, or one with the truth",
        description="Metrics of depth map A against B, and of its all-in-focus image where both have one. "
        "With -o also the error map (A minus B), its histogram and metrics.json.",
    )
    what = "a result's folder, or a depth map as .npy or TIFF"
    parser.add_argument("first", metavar="A", help=what)
    parser.add_argument("second", metavar="B", help=f"{what}, to compare A with")
    parser.add_argument(
        "--truth",
        action="store_true",
        help="B is the truth: where it is known and A is not, A is wrong (else such pixels do not count)",
    )
    add_output(parser, default="nothing is written")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Compare, print the metrics, and write what was asked for."""
    from napari_defocus.cli.output import check_output
    from napari_defocus.comparison import compare_depths
    from napari_defocus.errors import InputError
    from napari_defocus.io.comparison_files import COMPARISON_FILES, save_comparison
    from napari_defocus.io.depth_files import read_depth_map

    if args.output is None and (args.save_plots or args.overwrite):
        raise InputError("--save-plots and --overwrite need a folder to write to; name one with -o.")
    if args.output is not None:
        check_output(Path(args.output), overwrite=args.overwrite, names=COMPARISON_FILES)
    first, second = read_depth_map(args.first), read_depth_map(args.second)
    comparison = compare_depths(
        first.depth,
        second.depth,
        unit=first.unit,
        reference_unit=second.unit,
        truth=args.truth,
    )
    images = image_metrics(first, second)
    if not args.quiet:
        print(describe(comparison, images, first, second))
    if args.output is not None:
        directory = save_comparison(
            comparison,
            args.output,
            overwrite=args.overwrite,
            extra={**images, "first": str(first.path.resolve()), "second": str(second.path.resolve())},
            save_plots=args.save_plots,
        )
        if not args.quiet:
            print(f"The comparison is in {directory}:")
            print(*(f"  {path.name}" for path in sorted(directory.iterdir())), sep="\n")


def image_metrics(first: "DepthMap", second: "DepthMap") -> dict[str, float]:
    """PSNR and SSIM of the all-in-focus image of A against that of B; none unless both have one shape."""
    from napari_defocus.io.depth_files import read_all_in_focus
    from napari_defocus.metrics import psnr, ssim

    if first.all_in_focus is None or second.all_in_focus is None:
        return {}
    image, reference = read_all_in_focus(first.all_in_focus), read_all_in_focus(second.all_in_focus)
    if image.shape != reference.shape or min(image.shape[:2]) < 7:  # the window of SSIM
        return {}
    return {"psnr": psnr(image, reference), "ssim": ssim(image, reference)}


def describe(
    comparison: "DepthComparison", images: dict[str, float], first: "DepthMap", second: "DepthMap"
) -> str:
    """Return the table of the metrics, and what was compared."""
    kind = "the truth" if comparison.truth else "result"
    lines = [
        f"{first.path} against {kind} {second.path}: "
        f"{comparison.metrics['pixels']:.0f} of {comparison.error.size} pixels."
    ]
    untold = [str(depth.path) for depth in (first, second) if depth.unit is None]
    if untold and comparison.unit:
        lines.append(f"No unit is told by {untold[0]}; it is taken for {comparison.unit}.")
    values: dict[str, Any] = {**comparison.metrics, **images}
    for name, meaning in MEANINGS.items():
        if name in values:
            unit = comparison.unit or "" if name in IN_UNIT else "dB" if name in IN_DECIBELS else ""
            lines.append(f"  {name:11}{values[name]:10.4g} {unit:6}{meaning}")
    return "\n".join(lines)
