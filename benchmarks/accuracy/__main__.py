"""Depth and all-in-focus image on rendered scenes: the published method, the classic measure, ours.

    python -m benchmarks.accuracy [--set tuning|final|all] [--scenes NAME ...] [--rows NAME ...]

Stacks are rendered once (about 65 CPU minutes for all) and kept in --cache. While tuning, use the tuning set:
the final one is for figures that are told.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.accuracy.arguments import parser_of
from benchmarks.accuracy.measures import SHARES, measure
from benchmarks.accuracy.rendering import Case, load_case
from benchmarks.accuracy.report import machine, tables, write
from benchmarks.accuracy.rows import ROWS
from benchmarks.accuracy.scenes import SCENES
from benchmarks.accuracy.summary import summarise

RESULTS = Path(__file__).parent.parent / "results"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = parser_of("benchmarks.accuracy", __doc__)
    parser.add_argument("--set", choices=("tuning", "final", "all"), default="tuning")
    parser.add_argument(
        "--scenes", nargs="+", choices=SCENES, metavar="NAME", help=f"any of {', '.join(SCENES)}"
    )
    parser.add_argument(
        "--rows", nargs="+", choices=ROWS, default=list(ROWS), metavar="NAME", help="any of %(choices)s"
    )
    parser.add_argument("--output", type=Path, default=RESULTS, metavar="FOLDER", help="%(default)s")
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of the renderer; default: all cores"
    )
    return parser.parse_args(argv)


def facts(case: Case) -> dict[str, Any]:
    """What a scene is, plain values."""
    scene = case.scene
    planes, rows, columns = case.images.shape[:3]
    form = " x ".join(map(str, (planes, rows, columns, *case.images.shape[3:])))
    unit = case.optics.depth_unit
    return {
        "subset": scene.subset,
        "shows": scene.shows,
        "stack": f"{form}, {scene.bits} bits",
        "rays": scene.rays,
        "supersampling": scene.supersampling,
        "noise": scene.noise,
        "render_noise": case.render_noise,
        "render_seconds": case.render_seconds,
        "breathing": scene.breathing,
        "blur_error": scene.blur_error,
        "greatest_radius": float(case.optics.blur_radius(case.depth).max()),
        "edges": float(case.edges.mean()),
        "depth": f"{case.depth.min():.3g} to {case.depth.max():.3g} {unit}",
    }


def rows_of(subset: str, scenes: Mapping[str, Any]) -> dict[str, Any]:
    """The rows of one half's scenes."""
    return {name: scene["rows"] for name, scene in scenes.items() if scene["facts"]["subset"] == subset}


def main(argv: Sequence[str] | None = None) -> None:
    arguments = parse(argv)
    names = arguments.scenes or [
        name for name, scene in SCENES.items() if arguments.set in ("all", scene.subset)
    ]
    scenes: dict[str, Any] = {}
    for name in names:
        print(f"{name}:", end="", flush=True)
        case = load_case(SCENES[name], arguments.cache, arguments.threads)
        rows = {}
        for row in arguments.rows:
            print(f" {row}", end="", flush=True)
            rows[row] = measure(case, ROWS[row](case))
        print(flush=True)
        scenes[name] = {"facts": facts(case), "rows": rows}
    run = {
        "machine": machine(),
        "sparsification_shares": SHARES,
        "scenes": scenes,
        "summary": {subset: summarise(rows_of(subset, scenes)) for subset in ("tuning", "final")},
    }
    write(run, arguments.output)
    print(f"\n{tables(run)}")


if __name__ == "__main__":
    main()
