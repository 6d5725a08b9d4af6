"""``napari-defocus prepare``: from the files of a data set as they are downloaded to what ``run`` reads."""

import argparse

from napari_defocus.cli.arguments import Subparsers

DATA_DIR = "data"


def add_data_dir(parser: argparse.ArgumentParser) -> None:
    """Add where the data sets are."""
    parser.add_argument(
        "--data-dir",
        default=DATA_DIR,
        metavar="DIR",
        help=f"folder that holds NYUv2, Make3D and MobileDepth (default: {DATA_DIR})",
    )


def add_parser(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "prepare",
        help="turn a downloaded data set into the files that run reads",
        description="Write the images and depth maps of NYU Depth v2 as single files, from "
        "DIR/NYUv2/nyu_depth_v2_labeled.mat and splits.mat. After an interruption call it again: it goes on.",
    )
    parser.add_argument("dataset", choices=["nyuv2"], help="the data set; the others need no preparing")
    add_data_dir(parser)
    talk = parser.add_mutually_exclusive_group()
    talk.add_argument("--verbose", action="store_true", help="print errors in full")
    talk.add_argument("--quiet", action="store_true", help="print errors only")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> None:
    """Write the files."""
    from napari_defocus.cli.progress import ProgressBar
    from napari_defocus.datasets import prepare_nyuv2
    from napari_defocus.datasets.files import dataset_folder

    with ProgressBar(quiet=args.quiet) as bar:
        written = prepare_nyuv2(args.data_dir, bar)
    if not args.quiet:
        print(f"{written} images with depth written to {dataset_folder('nyuv2', args.data_dir)}.")
