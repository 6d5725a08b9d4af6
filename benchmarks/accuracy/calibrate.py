"""Fit what the confidence means, on the tuning scenes alone.

    python -m benchmarks.accuracy.calibrate [--write] [--method defocus|focus ...]

Prints, for each scene, how well a confidence holds that was fitted without it, and what is fitted on all of
them; --write puts that into the table that the solver reads. To be repeated when the depth step changes.
"""

import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import napari_defocus.solver.calibration as calibration_module
from benchmarks.accuracy.arguments import parser_of
from benchmarks.accuracy.fitting import Pixels, defocus_pixels, fit, focus_pixels, left_out
from benchmarks.accuracy.measures import DROPPED
from benchmarks.accuracy.rendering import Case, load_case
from benchmarks.accuracy.report import table
from benchmarks.accuracy.scenes import SCENES, TUNING_NAMES
from napari_defocus import SolverSettings

PATH = Path(calibration_module.__file__).parent / calibration_module.TABLE

RUNS: dict[str, dict[str, Callable[[Case], Pixels]]] = {
    "defocus": {
        "defaults": partial(defocus_pixels, settings=SolverSettings(), align=True),
        "weaker priors": partial(
            defocus_pixels,
            settings=SolverSettings(mrf_smoothness=0.05, smoothness=10.0, trusted_blur=0.7),
            align=False,
        ),
    },
    "focus": {f"window {window}": partial(focus_pixels, window=window) for window in (3, 9)},
}
"""Several settings of a method, so that what is fitted holds when a user changes them a little; photographs
with planes aligned and as they are."""


def gather(method: str, cache: Path) -> dict[tuple[str, str], Pixels]:
    """Pixels of all runs by scene and settings."""
    cases = {name: load_case(SCENES[name], cache) for name in TUNING_NAMES}
    return {(name, row): run(case) for name, case in cases.items() for row, run in RUNS[method].items()}


def page(figures: dict[tuple[str, str], dict[str, float]], bins: list[tuple[int, float, float]]) -> str:
    """Tables of the scenes left out and of the bins of confidence."""
    names = list(next(iter(figures.values())))
    rows = [[*key, *(f"{values[name]:.3f}" for name in names)] for key, values in figures.items()]
    means = [float(np.mean([values[name] for values in figures.values()])) for name in names]
    rows.append(["mean", "", *(f"{mean:.3f}" for mean in means)])
    diagram = [[str(count), f"{mean:.3f}", f"{share:.3f}"] for count, mean, share in bins]
    return (
        f"{table(['left out', 'run', *names], rows)}\n\n{table(['pixels', 'confidence', 'right'], diagram)}\n"
    )


def entry(method: str, runs: dict[tuple[str, str], Pixels]) -> dict[str, Any]:
    """What is fitted on all runs, with notes on how well it held for scenes that were left out."""
    figures, bins = left_out(method, runs, DROPPED)
    print(f"{method}: each scene with what was fitted without it\n\n{page(figures, bins)}")
    fitted = fit(method, list(runs.values())).to_dict()
    print(f"fitted on all: {json.dumps(fitted, indent=1)}\n")
    mean = {
        name: round(float(np.mean([values[name] for values in figures.values()])), 3)
        for name in next(iter(figures.values()))
    }
    return {
        **fitted,
        "fitted_on": {"scenes": TUNING_NAMES, "runs": list(RUNS[method])},
        "scenes_left_out": {"mean": mean, "bins": [[n, round(c, 3), round(r, 3)] for n, c, r in bins]},
    }


def main(argv: Sequence[str] | None = None) -> None:
    parser = parser_of("benchmarks.accuracy.calibrate", __doc__)
    parser.add_argument("--method", nargs="+", choices=RUNS, default=list(RUNS), metavar="NAME")
    parser.add_argument("--write", action="store_true", help=f"write {PATH.name} beside the solver")
    arguments = parser.parse_args(argv)
    entries = json.loads(PATH.read_text()) if PATH.exists() else {}
    for method in arguments.method:
        entries[method] = entry(method, gather(method, arguments.cache))
    if arguments.write:
        PATH.write_text(json.dumps(entries, indent=1) + "\n")


if __name__ == "__main__":
    main()
