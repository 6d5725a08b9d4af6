"""What the compiled kernels reach, next to what the machine can do.

python -m benchmarks.kernels
"""

import os

from benchmarks import ceilings
from benchmarks.harness import Row, Run, best_seconds
from benchmarks.results import table

NAME = "kernels"

UNITS = {"fma": "GFLOP/s"}
TEXTS = {
    "fma": "ceiling: multiply-adds in float32, one core",
    "copy_L1": "ceiling: copy within the first-level cache, one core",
    "copy_L2": "ceiling: copy within the second-level cache, one core",
    "copy_L3": "ceiling: copy within the third-level cache, one core",
    "copy_memory": "ceiling: copy in memory, one core",
    "copy_memory_all": "ceiling: copy in memory, all cores",
}


def measure(run: Run) -> list[Row]:
    from benchmarks.kernel_cases import cases  # a kernel that was moved must not take the other parts along

    limits = ceilings.measured(os.cpu_count() or 1)
    rows = [
        Row(
            part=NAME,
            target=TEXTS[name],
            unit=UNITS.get(name, "GB/s"),
            comparator=rate,
            note="" if name == "fma" else "read and written",
        )
        for name, rate in limits.items()
    ]
    found = []
    for case in cases():
        seconds = best_seconds(case.call)
        where = place(case.bytes)
        arithmetic, memory = case.flops / seconds / 1e9, case.bytes / seconds / 1e9
        roof = min(limits["fma"], case.flops / case.bytes * limits[f"copy_{where}"])
        found.append(
            {
                "name": case.name,
                "seconds": seconds,
                "flops": case.flops,
                "bytes": case.bytes,
                "gflops": arithmetic,
                "gbytes": memory,
                "where": where,
                "roof": roof,
            }
        )
        rows.append(
            Row(
                part=NAME,
                target=f"{case.name}, one core",
                unit="GFLOP/s",
                ours=arithmetic,
                comparator=roof,
                better="higher",
                note=f"{memory:.3g} GB/s; {case.flops / 1e6:.3g} Mflop and {case.bytes / 1e6:.3g} MB in "
                f"{seconds * 1e3:.3g} ms, at most {'arithmetic' if roof == limits['fma'] else where}-bound",
            )
        )
    run.details[NAME] = {"ceilings": limits, "kernels": found}
    return rows


def place(size: float) -> str:
    """Where arrays of so many bytes lie: the least cache that a ceiling was measured in for as many."""
    return next((where for where, elements in ceilings.SIZES.items() if size <= 2 * 8 * elements), "memory")


if __name__ == "__main__":
    print(table(measure(Run())))
