"""How long the first and the second start take, and the import."""

import os
import time
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.harness import Row, Run, run_fresh

NAME = "start"
IMPORTS = 5


def measure(run: Run) -> list[Row]:
    with TemporaryDirectory(prefix="napari-defocus-benchmark-") as folder:
        cache = {"NUMBA_CACHE_DIR": folder}
        first, second = (
            run_fresh("benchmarks.start_once", "--began", time.time(), environment=cache) for _ in range(2)
        )
    imports = [run_fresh("benchmarks.start_once", "--import")["import"] for _ in range(IMPORTS)]
    run.details[NAME] = {"first": first, "second": second, "imports": imports}
    return [
        Row(
            part=NAME,
            target="first start: result of the photographic sample, 8 x 360 x 270",
            unit="wall s",
            ours=first["result"],
            at_most=30,
            note=f"from the start of Python, with compilation (empty cache) on {os.cpu_count()} cores; "
            f"first iteration began at {first['first_iteration']:.1f} s, first depth at "
            f"{first['first_depth']:.1f} s",
        ),
        Row(
            part=NAME,
            target="second start: until the first iteration begins",
            unit="wall s",
            ours=second["first_iteration"],
            at_most=3,
            note=f"first depth at {second['first_depth']:.1f} s, result at {second['result']:.1f} s",
        ),
        Row(
            part=NAME,
            target="import napari_defocus",
            unit="wall s",
            ours=median(imports),
            at_most=0.5,
            note=f"median of {IMPORTS} fresh processes",
        ),
    ]
