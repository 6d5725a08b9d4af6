"""All benchmarks: ``python -m benchmarks [--nyuv2 FOLDER]``."""

import argparse
from pathlib import Path

from benchmarks import graph_cut_labels, nyuv2, samples


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--nyuv2", type=Path, metavar="FOLDER", help="folder with 0045_rgb.png and 0045_depth.png of NYUv2"
    )
    folder = parser.parse_args().nyuv2
    print("== bundled samples")
    samples.main()
    if folder is None:
        print("\n(no NYUv2 scene: give --nyuv2 FOLDER, or make bench ARGS='--nyuv2 FOLDER')")
        return
    print("\n== labels of the graph cut on a ramp")
    graph_cut_labels.main([str(folder)])
    for settings in nyuv2.SETTINGS:
        print(f"\n== NYUv2 scene, published camera and model, settings: {settings}")
        nyuv2.main([str(folder), "--settings", settings])


if __name__ == "__main__":
    main()
